//! The command line of the module.

use super::{
    params::{DestinationError, Params},
    wire::Parameters,
};
use mig_core::{
    flags::{Flags, Slot},
    json,
    module::{ArgsError, ParamsError, ParsedArgs},
};

/// Turns the arguments after `mig ping` into parameters.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    if matches!(arguments.first().map(String::as_str), None | Some("" | "help")) {
        return Ok(ParsedArgs::Help);
    }
    let mut parameters = Parameters {
        destination: "www.google.com".to_owned(),
        port: -1.0,
        protocol: "icmp".to_owned(),
        count: 3.0,
        timeout: 5.0,
    };
    read(&mut parameters, arguments).map_err(ArgsError::new)?;
    let params = json::to_value(&parameters).map_err(|error| ArgsError::new(error.to_string()))?;
    let checked = Params::parse(&params).and_then(|params| has_address(&params));
    match checked {
        Ok(()) => Ok(ParsedArgs::Params(params)),
        Err(error) => Err(ArgsError { error, params: Some(params) }),
    }
}

/// Adds what flags say. What follows the last flag is dropped, as the original does.
pub(super) fn read(parameters: &mut Parameters, arguments: &[String]) -> Result<(), String> {
    let numbers = |parameters: &Parameters| [parameters.port, parameters.count, parameters.timeout];
    Flags::new([
        ("d", Slot::Text(&mut parameters.destination)),
        ("dp", Slot::Float(&mut parameters.port)),
        ("p", Slot::Text(&mut parameters.protocol)),
        ("c", Slot::Float(&mut parameters.count)),
        ("t", Slot::Float(&mut parameters.timeout)),
    ])
    .parse(arguments)
    .map_err(|error| error.to_string())?;
    // JSON has no other numbers.
    match ["dp", "c", "t"].iter().zip(numbers(parameters)).find(|(_, number)| !number.is_finite()) {
        Some((flag, number)) => Err(format!("flag -{flag}: {number} is out of range")),
        None => Ok(()),
    }
}

/// A name that is wrong here is found out before anybody signs it, as in the original; the endpoint looks it up again.
fn has_address(params: &Params) -> Result<(), ParamsError> {
    let Err(error) = params.resolve(&|| Ok(())) else { return Ok(()) };
    let place = match &error {
        DestinationError::Unknown { source, .. } => source.to_string(),
        _ => format!("destination '{}'", params.destination),
    };
    Err(ParamsError { reason: error.to_string(), place: Some(place) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ping::FLAGS;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn every_documented_flag_is_read() {
        for flag in FLAGS {
            let argument = format!("-{}=1", flag.name);
            assert_eq!(read(&mut Parameters::default(), &[argument]), Ok(()), "{}", flag.name);
        }
    }

    #[test]
    fn a_number_that_json_lacks_is_refused_with_its_flag() {
        let error = parse(&words("-d 127.0.0.1 -t inf")).unwrap_err();
        assert_eq!(error.to_string(), "flag -t: inf is out of range");
    }

    #[test]
    fn a_name_without_address_is_refused_with_the_reason() {
        let error = parse(&words("-d no-such-host.invalid")).unwrap_err();
        assert_eq!(error.to_string(), "destination IP is invalid: no-such-host.invalid");
        assert!(format!("{error:#}").starts_with("cannot look up 'no-such-host.invalid': "), "{error:#}");
        assert!(error.params.is_some());
    }
}
