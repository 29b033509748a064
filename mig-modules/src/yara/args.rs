//! The command line of the module. Rules are read from a file here, by the client.

use super::{params::Params, rules::MAX_RULES_BYTES, wire::Parameters};
use mig_core::{
    flags::{Flags, Slot},
    json, limits,
    module::{ArgsError, ParsedArgs},
};
use std::path::Path;

/// Turns the arguments after `mig yara` into parameters.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    if matches!(arguments.first().map(String::as_str), None | Some("" | "help")) {
        return Ok(ParsedArgs::Help);
    }
    let (mut rules, mut files, mut processes) = (String::new(), String::new(), String::new());
    Flags::new([
        ("rules", Slot::Text(&mut rules)),
        ("files", Slot::Text(&mut files)),
        ("processes", Slot::Text(&mut processes)),
    ])
    .parse(arguments)
    .map_err(|error| ArgsError::new(error.to_string()))?;
    if rules.is_empty() {
        return Err(ArgsError::new("-rules option is required"));
    }
    if files.is_empty() && processes.is_empty() {
        return Err(ArgsError::new("-files option is required, or -processes"));
    }
    let yara = read_rules(Path::new(&rules)).map_err(ArgsError::new)?;
    let parameters = Parameters { yara, file_search: files, process_search: processes };
    let params = json::to_value(&parameters).map_err(|error| ArgsError::new(error.to_string()))?;
    match Params::check(&parameters) {
        Ok(_) => Ok(ParsedArgs::Params(params)),
        Err(error) => Err(ArgsError { error, params: Some(params) }),
    }
}

/// The text of a file of rules.
///
/// # Errors
/// If it can not be read, is too long, or is no text.
pub(super) fn read_rules(path: &Path) -> Result<String, String> {
    let bytes = limits::read_file(path, MAX_RULES_BYTES)
        .map_err(|error| format!("cannot read the rules in {}: {error}", path.display()))?;
    String::from_utf8(bytes).map_err(|error| format!("the rules in {} are no text: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yara::FLAGS;

    fn parse_line(line: &[&str]) -> Result<ParsedArgs, String> {
        let arguments: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        parse(&arguments).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn rules_are_read_here_and_searches_go_as_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rules.yar");
        std::fs::write(&path, "rule a { condition: true }").unwrap();
        let Ok(ParsedArgs::Params(params)) =
            parse_line(&["-rules", path.to_str().unwrap(), "-files", "-path /usr -name ."])
        else {
            panic!("no parameters");
        };
        assert_eq!(
            json::to_string(&params).unwrap(),
            r#"{"filesearch":"-path /usr -name .","yara":"rule a { condition: true }"}"#
        );
        std::fs::write(&path, "rule a {").unwrap();
        let error = parse_line(&["-rules", path.to_str().unwrap(), "-processes", "-name ."]).unwrap_err();
        assert!(error.starts_with("line 1, column"), "{error}");
        std::fs::write(&path, [0xff]).unwrap();
        let error = parse_line(&["-rules", path.to_str().unwrap(), "-processes", "-name ."]).unwrap_err();
        assert!(error.contains("are no text"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(parse_line(&["-files", "-path /"]).unwrap_err(), "-rules option is required");
        assert_eq!(parse_line(&["-rules", "x"]).unwrap_err(), "-files option is required, or -processes");
        let error = parse_line(&["-rules", "/nowhere/x.yar", "-files", "-path /"]).unwrap_err();
        assert!(error.starts_with("cannot read the rules in /nowhere/x.yar: "), "{error}");
        assert_eq!(parse_line(&[]), Ok(ParsedArgs::Help));
    }

    #[test]
    fn every_documented_flag_is_read() {
        for flag in FLAGS {
            let error = parse_line(&[&format!("-{}=x", flag.name)]).unwrap_err();
            assert!(error.contains("option is required"), "{error}");
        }
    }
}
