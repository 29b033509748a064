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

/// Turns the arguments after `mig memory` into parameters.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    if matches!(arguments.first().map(String::as_str), None | Some("" | "help")) {
        return Ok(ParsedArgs::Help);
    }
    let mut draft = Draft::new(Options { match_all: true, ..Options::default() });
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

/// JSON has no such numbers.
pub(super) fn check_numbers(options: &Options) -> Result<(), ArgsError> {
    for (name, number) in [("offset", options.offset), ("maxlength", options.max_length)] {
        if !number.is_finite() {
            return Err(ArgsError::new(format!("flag -{name}: {number} is no number of bytes")));
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
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    search: Search,
    /// Wins over `matchall`.
    match_any: bool,
}

impl Draft {
    /// An empty search with these defaults.
    pub(super) fn new(options: Options) -> Self {
        Self { search: Search { options, ..Search::default() }, match_any: false }
    }

    /// Adds what flags say. What follows the last flag is dropped, as the original does.
    pub(super) fn read(&mut self, arguments: &[String]) -> Result<(), FlagError> {
        let Self { search, match_any } = self;
        let options = &mut search.options;
        // The original documents two flags by other names than it reads.
        let (mut max_depth, mut match_limit) = (f64::NAN, f64::NAN);
        let read = Flags::new([
            ("name", Slot::List(&mut search.names)),
            ("lib", Slot::List(&mut search.libraries)),
            ("content", Slot::List(&mut search.contents)),
            ("bytes", Slot::List(&mut search.bytes)),
            ("offset", Slot::Float(&mut options.offset)),
            ("maxdepth", Slot::Float(&mut max_depth)),
            ("maxlength", Slot::Float(&mut options.max_length)),
            ("matchlimit", Slot::Float(&mut match_limit)),
            ("timelimit", Slot::Text(&mut options.time_limit)),
            ("matchall", Slot::Switch(&mut options.match_all)),
            ("matchany", Slot::Switch(match_any)),
            ("logfailures", Slot::Switch(&mut options.log_failures)),
            ("includeself", Slot::Switch(&mut options.include_self)),
        ])
        .parse(arguments);
        for (old, field) in [(max_depth, &mut options.offset), (match_limit, &mut options.max_length)] {
            if !old.is_nan() {
                *field = old;
            }
        }
        read.map(drop)
    }

    /// Forgets a number that was given.
    pub(super) fn forget_number(&mut self, keyword: &str) {
        match keyword {
            "offset" | "maxdepth" => self.search.options.offset = 0.0,
            "maxlength" | "matchlimit" => self.search.options.max_length = 0.0,
            _ => {}
        }
    }

    /// Forgets an earlier `matchany`, so that the last word counts.
    pub(super) fn forget_match_any(&mut self) {
        self.match_any = false;
    }

    /// The search so far.
    pub(super) fn search(self) -> Search {
        let mut search = self.search;
        search.options.match_all &= !self.match_any;
        search
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FLAGS;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn options(line: &str) -> Options {
        let mut draft = Draft::default();
        draft.read(&words(line)).unwrap();
        draft.search().options
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
    fn limits_have_the_names_of_the_help_and_those_of_the_original() {
        let expected = Options { offset: 4096.0, max_length: 10.0, ..Options::default() };
        assert_eq!(options("-offset 4096 -maxlength 10"), expected);
        assert_eq!(options("-maxdepth 4096 -matchlimit 10"), expected);
    }

    #[test]
    fn what_was_understood_comes_with_the_error() {
        let error = parse(&words("-name a -timelimit x")).unwrap_err();
        assert!(error.error.reason.starts_with("Invalid time limit 'x'."), "{error}");
        assert!(error.params.is_some());
        assert_eq!(parse(&words("-offset x")).unwrap_err().params, None);
    }

    #[test]
    fn a_number_that_json_lacks_is_refused_with_its_flag() {
        let error = parse(&words("-name a -maxlength inf")).unwrap_err();
        assert!(error.to_string().contains("-maxlength"), "{error}");
        assert!(parse(&words("-name a -offset nan")).unwrap_err().to_string().contains("-offset"));
    }
}
