//! The command line of the module: one search, labelled `s1`.

use super::{
    params::Params,
    wire::{Options, Parameters, Search},
};
use mig_core::{
    flags::{FlagError, Flags, Slot},
    json::{self, Value},
    module::{ArgsError, ParsedArgs},
};
use std::collections::BTreeMap;

/// The label of the search a command line makes.
const LABEL: &str = "s1";

/// Turns the arguments after `mig file` into parameters.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    if matches!(arguments.first().map(String::as_str), None | Some("" | "help")) {
        return Ok(ParsedArgs::Help);
    }
    let mut draft = Draft::default();
    draft.read(arguments).map_err(|error| ArgsError::new(error.to_string()))?;
    let search = draft.search();
    check_numbers(&search.options)?;
    let params =
        parameters([(LABEL.to_owned(), search)]).map_err(|error| ArgsError::new(error.to_string()))?;
    match Params::parse(&params) {
        Ok(_) => Ok(ParsedArgs::Params(params)),
        Err(error) => Err(ArgsError { error, params: Some(params) }),
    }
}

/// JSON has no such numbers. Negative ones are no limit, as in the original.
fn check_numbers(options: &Options) -> Result<(), ArgsError> {
    for (name, number) in [
        ("maxdepth", options.max_depth),
        ("maxerrors", options.max_errors),
        ("matchlimit", options.match_limit),
    ] {
        if !number.is_finite() {
            return Err(ArgsError::new(format!("flag -{name}: {number} is no limit")));
        }
    }
    Ok(())
}

/// The parameters of these searches as they travel.
pub(super) fn parameters(searches: impl IntoIterator<Item = (String, Search)>) -> Result<Value, json::Error> {
    let searches: BTreeMap<_, _> =
        searches.into_iter().map(|(label, search)| (label, Some(search))).collect();
    json::to_value(&Parameters { searches })
}

/// A search that is being filled in by flags.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    search: Search,
    paths: Vec<String>,
    mismatch: Vec<String>,
    /// Wins over `matchall`.
    match_any: bool,
}

impl Default for Draft {
    fn default() -> Self {
        let options = Options {
            max_depth: 1000.0,
            max_errors: 30.0,
            match_all: true,
            match_limit: 1000.0,
            ..Options::default()
        };
        Self::new(options)
    }
}

impl Draft {
    /// An empty search with these defaults.
    pub(super) fn new(options: Options) -> Self {
        Self {
            search: Search { options, ..Search::default() },
            paths: Vec::new(),
            mismatch: Vec::new(),
            match_any: false,
        }
    }

    /// Adds what flags say. What follows the last flag is dropped, as the original does.
    pub(super) fn read(&mut self, arguments: &[String]) -> Result<(), FlagError> {
        let Self { search, paths, mismatch, match_any } = self;
        let options = &mut search.options;
        // The trace it switched on in the original's client is not there.
        let mut verbose = false;
        Flags::new([
            ("path", Slot::List(paths)),
            ("name", Slot::List(&mut search.names)),
            ("content", Slot::List(&mut search.contents)),
            ("size", Slot::List(&mut search.sizes)),
            ("mode", Slot::List(&mut search.modes)),
            ("mtime", Slot::List(&mut search.mtimes)),
            ("md5", Slot::List(&mut search.md5)),
            ("sha1", Slot::List(&mut search.sha1)),
            ("sha2", Slot::List(&mut search.sha2)),
            ("sha3", Slot::List(&mut search.sha3)),
            ("sha256", Slot::List(&mut search.sha256)),
            ("sha384", Slot::List(&mut search.sha384)),
            ("sha512", Slot::List(&mut search.sha512)),
            ("sha3_224", Slot::List(&mut search.sha3_224)),
            ("sha3_256", Slot::List(&mut search.sha3_256)),
            ("sha3_384", Slot::List(&mut search.sha3_384)),
            ("sha3_512", Slot::List(&mut search.sha3_512)),
            ("mismatch", Slot::List(mismatch)),
            ("maxdepth", Slot::Float(&mut options.max_depth)),
            ("maxerrors", Slot::Float(&mut options.max_errors)),
            ("matchlimit", Slot::Float(&mut options.match_limit)),
            ("matchall", Slot::Switch(&mut options.match_all)),
            ("matchany", Slot::Switch(match_any)),
            ("macroal", Slot::Switch(&mut options.all_lines)),
            ("returnsha256", Slot::Switch(&mut options.return_sha256)),
            ("decompress", Slot::Switch(&mut options.decompress)),
            ("verbose", Slot::Switch(&mut verbose)),
        ])
        .parse(arguments)
        .map(drop)
    }

    /// Forgets an earlier `matchany`, so that the last word counts.
    pub(super) fn forget_match_any(&mut self) {
        self.match_any = false;
    }

    /// The search so far. Lists that were never given are `null` where the original writes that.
    pub(super) fn search(self) -> Search {
        let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        let mut search = self.search;
        search.paths = some(self.paths);
        search.options.mismatch = some(self.mismatch);
        search.options.match_all &= !self.match_any;
        search
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::FLAGS;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn every_documented_flag_is_read() {
        for flag in FLAGS {
            let argument =
                if flag.value.is_empty() { format!("-{}", flag.name) } else { format!("-{}=1", flag.name) };
            assert_eq!(Draft::default().read(&[argument]), Ok(()), "{}", flag.name);
        }
    }

    #[test]
    fn what_follows_the_flags_is_dropped() {
        let Ok(ParsedArgs::Params(params)) = parse(&words("-path /etc rest -name x")) else { panic!() };
        assert_eq!(
            params,
            parameters([("s1".into(), {
                let mut draft = Draft::default();
                draft.paths.push("/etc".into());
                draft.search()
            })])
            .unwrap()
        );
    }

    #[test]
    fn what_was_understood_comes_with_the_error() {
        let error = parse(&words("-path / -mtime 90d")).unwrap_err();
        assert!(error.error.reason.starts_with("Invalid mtime format for mtime '90d'."));
        assert!(error.params.is_some());
        assert_eq!(parse(&words("-path / -maxdepth x")).unwrap_err().params, None);
    }

    #[test]
    fn a_number_that_json_lacks_is_refused_with_its_flag() {
        for number in ["inf", "nan"] {
            let error = parse(&words(&format!("-path / -maxdepth {number}"))).unwrap_err();
            assert!(error.to_string().contains("-maxdepth"), "{error}");
        }
    }
}
