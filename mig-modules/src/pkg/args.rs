//! The command line of the module.

use super::{
    osv,
    params::Params,
    wire::{PackageMatch, Parameters},
};
use mig_core::{
    flags::{Flags, Slot},
    json::{self, Value},
    module::{ArgsError, ParsedArgs},
};
use std::path::Path;

/// Turns the arguments after `mig pkg` into parameters.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    if matches!(arguments.first().map(String::as_str), None | Some("" | "help")) {
        return Ok(ParsedArgs::Help);
    }
    let mut draft = Draft::default();
    draft.read(arguments).map_err(ArgsError::new)?;
    let params = draft.params().map_err(ArgsError::new)?;
    match Params::parse(&params) {
        Ok(_) => Ok(ParsedArgs::Params(params)),
        Err(error) => Err(ArgsError { error, params: Some(params) }),
    }
}

/// A question that is being filled in by flags.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    names: Vec<String>,
    version: String,
    constraint: String,
    languages: bool,
    advisories: Vec<Value>,
}

impl Draft {
    /// Adds what flags say. What follows the last flag is dropped, as the original does. Files of advisories are read here: the
    /// agents do not have them.
    pub(super) fn read(&mut self, arguments: &[String]) -> Result<(), String> {
        let mut files = Vec::new();
        let flags = Flags::new([
            ("name", Slot::List(&mut self.names)),
            ("version", Slot::Text(&mut self.version)),
            ("versioncmp", Slot::Text(&mut self.constraint)),
            ("languages", Slot::Switch(&mut self.languages)),
            ("osv", Slot::List(&mut files)),
        ]);
        flags.parse(arguments).map_err(|error| error.to_string())?;
        for file in files {
            let records = osv::read_file(Path::new(&file)).map_err(|error| format!("flag -osv: {error}"))?;
            self.advisories.extend(records);
        }
        Ok(())
    }

    /// The question so far. A list of names that were never given is `null`, as the original writes it.
    pub(super) fn params(self) -> Result<Value, String> {
        let parameters = Parameters {
            package_match: PackageMatch { matches: Some(self.names).filter(|names| !names.is_empty()) },
            version_match: self.version,
            version_constraint: self.constraint,
            languages: self.languages,
            advisories: self.advisories,
        };
        json::to_value(&parameters).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_constraint_is_written_only_if_it_was_given() {
        let Ok(ParsedArgs::Params(params)) = parse(&words("-name openssl -versioncmp <3.0.2-0ubuntu1.10"))
        else {
            panic!()
        };
        assert_eq!(params.get("vercmp").and_then(Value::as_str), Some("<3.0.2-0ubuntu1.10"));
        let Ok(ParsedArgs::Params(params)) = parse(&words("-name openssl")) else { panic!() };
        assert_eq!(params.get("vercmp"), None);
    }

    #[test]
    fn what_advisories_need_travels_and_the_rest_does_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let record = r#"{"id":"A-1","summary":"long","affected":[{"package":{"ecosystem":"Debian:12","name":"bash"},
            "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#;
        std::fs::write(file.path(), record).unwrap();
        let path = file.path().to_str().unwrap();
        let Ok(ParsedArgs::Params(params)) = parse(&words(&format!("-osv {path}"))) else { panic!() };
        let advisory = params.get("osv").and_then(Value::as_list).unwrap()[0].clone();
        assert_eq!((advisory.get("id"), advisory.get("summary")), (Some(&"A-1".into()), None));
        let error = parse(&words("-osv /nowhere/file")).unwrap_err();
        assert!(error.to_string().starts_with("flag -osv: /nowhere/file: "), "{error}");
        for text in ["[5]", "[]", "no JSON"] {
            std::fs::write(file.path(), text).unwrap();
            let error = parse(&words(&format!("-name x -osv {path}"))).unwrap_err();
            assert!(error.to_string().starts_with(&format!("flag -osv: {path}: ")), "{error}");
        }
    }
}
