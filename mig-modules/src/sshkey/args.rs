//! The command line of the module.

use super::{params::Params, wire::Parameters};
use mig_core::{
    flags::{FlagError, Flags, Slot},
    json,
    module::{ArgsError, ParsedArgs},
};

/// Turns the arguments after `mig sshkey` into parameters. None at all is a question: for the keys in the homes of users.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    if arguments.first().is_some_and(|first| first == "help") {
        return Ok(ParsedArgs::Help);
    }
    let parameters = read(arguments).map_err(|error| ArgsError::new(error.to_string()))?;
    let params = json::to_value(&parameters).map_err(|error| ArgsError::new(error.to_string()))?;
    match Params::check(parameters) {
        Ok(_) => Ok(ParsedArgs::Params(params)),
        Err(error) => Err(ArgsError { error, params: Some(params) }),
    }
}

fn read(arguments: &[String]) -> Result<Parameters, FlagError> {
    let (mut paths, mut max_depth) = (Vec::new(), 0);
    Flags::new([("path", Slot::List(&mut paths)), ("maxdepth", Slot::Integer(&mut max_depth))])
        .parse(arguments)?;
    Ok(Parameters { paths: Some(paths).filter(|paths| !paths.is_empty()), max_depth })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sshkey::FLAGS;

    #[test]
    fn every_documented_flag_is_read() {
        for flag in FLAGS {
            assert!(read(&[format!("-{}=1", flag.name)]).is_ok(), "{}", flag.name);
        }
    }

    #[test]
    fn a_flag_that_does_not_fit_is_named() {
        let error = parse(&["-maxdepth".to_owned(), "x".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), r#"invalid value "x" for flag -maxdepth: parse error"#);
        assert!(parse(&["-depth=1".to_owned()]).is_err());
    }
}
