//! The command line of the module: a policy in a file, and what to print of it.

use crate::scribe::{
    load::{self, LoadError},
    wire::{Document, Parameters},
};
use mig_core::{
    flags::{Flags, Slot},
    json,
    module::{ArgsError, ParamsError, ParsedArgs},
};
use std::path::Path;

/// Turns the arguments after `mig scribe` into parameters.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    if matches!(arguments.first().map(String::as_str), None | Some("" | "help")) {
        return Ok(ParsedArgs::Help);
    }
    let mut path = String::new();
    let mut parameters = Parameters::default();
    Flags::new([
        ("path", Slot::Text(&mut path)),
        ("onlytrue", Slot::Switch(&mut parameters.only_true)),
        ("human", Slot::Switch(&mut parameters.human_output)),
        ("json", Slot::Switch(&mut parameters.json_output)),
    ])
    .parse(arguments)
    .map_err(|error| ArgsError::new(error.to_string()))?;
    if path.is_empty() {
        return Err(ArgsError::new("-path option is required"));
    }
    parameters.document = load(&path).map_err(|error| ArgsError { error, params: None })?;
    let params = json::to_value(&parameters).map_err(|error| ArgsError::new(error.to_string()))?;
    Ok(ParsedArgs::Params(params))
}

/// Loads a policy; the place of an error names the file, and the part of the policy.
pub(super) fn load(path: &str) -> Result<Document, ParamsError> {
    load::read_file(Path::new(path)).map_err(|error| {
        let place = match &error {
            LoadError::Policy(fault) => format!("{path}: {}", fault.place()),
            _ => path.to_owned(),
        };
        ParamsError { reason: error.to_string(), place: Some(place) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scribe::FLAGS;
    use std::io::Write as _;

    #[test]
    fn every_documented_flag_is_read() {
        let mut policy = tempfile::NamedTempFile::new().unwrap();
        policy.write_all(b"objects: []").unwrap();
        let path = policy.path().to_str().unwrap();
        let mut arguments = vec![format!("-path={path}")];
        arguments
            .extend(FLAGS.iter().filter(|flag| flag.value.is_empty()).map(|flag| format!("-{}", flag.name)));
        let Ok(ParsedArgs::Params(params)) = parse(&arguments) else { panic!() };
        assert_eq!(
            json::to_string(&params).unwrap(),
            r#"{"humanoutput":true,"jsonoutput":true,"onlytrue":true,"scribedoc":{}}"#
        );
    }

    #[test]
    fn an_error_in_a_policy_has_its_place() {
        let mut policy = tempfile::NamedTempFile::new().unwrap();
        policy
            .write_all(br#"{"objects":[{"object":"x","hasline":{"path":"/","file":"(","expression":"y"}}]}"#)
            .unwrap();
        let path = policy.path().to_str().unwrap();
        let error = parse(&["-path".to_owned(), path.to_owned()]).unwrap_err();
        assert_eq!(
            format!("{:#}", error.error),
            format!("{path}: object 'x', hasline.file '(': x: error parsing regexp: missing closing ): `(`")
        );
    }
}
