//! The command line of the module.

use super::{
    params::Params,
    wire::{Check, Parameters},
};
use mig_core::{
    flags::{FlagError, Flags, Slot},
    json,
    module::{ArgsError, ParsedArgs},
};

/// Turns the arguments after `mig netstat` into parameters.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    if matches!(arguments.first().map(String::as_str), None | Some("" | "help")) {
        return Ok(ParsedArgs::Help);
    }
    let mut parameters = Parameters::default();
    read(&mut parameters, arguments).map_err(|error| ArgsError::new(error.to_string()))?;
    let params = json::to_value(&parameters).map_err(|error| ArgsError::new(error.to_string()))?;
    match Params::parse(&params) {
        Ok(_) => Ok(ParsedArgs::Params(params)),
        Err(error) => Err(ArgsError { error, params: Some(params) }),
    }
}

/// Adds what flags say. What follows the last flag is dropped, as the original does.
pub(super) fn read(parameters: &mut Parameters, arguments: &[String]) -> Result<(), FlagError> {
    let Parameters {
        local_mac,
        local_ip,
        neighbour_mac,
        neighbour_ip,
        connected_ip,
        listening_port,
        namespaces,
        listening_process,
        unix_socket,
        raw,
        owner,
    } = parameters;
    Flags::new([
        (Check::LocalMac.flag(), Slot::List(local_mac)),
        (Check::LocalIp.flag(), Slot::List(local_ip)),
        (Check::NeighbourMac.flag(), Slot::List(neighbour_mac)),
        (Check::NeighbourIp.flag(), Slot::List(neighbour_ip)),
        (Check::ConnectedIp.flag(), Slot::List(connected_ip)),
        (Check::ListeningPort.flag(), Slot::List(listening_port)),
        (Check::ListeningProcess.flag(), Slot::List(listening_process)),
        (Check::UnixSocket.flag(), Slot::List(unix_socket)),
        ("namespaces", Slot::Switch(namespaces)),
        ("raw", Slot::Switch(raw)),
        ("owner", Slot::Switch(owner)),
    ])
    .parse(arguments)
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netstat::FLAGS;

    #[test]
    fn every_documented_flag_is_read() {
        for flag in FLAGS {
            let argument =
                if flag.value.is_empty() { format!("-{}", flag.name) } else { format!("-{}=1", flag.name) };
            assert_eq!(read(&mut Parameters::default(), &[argument]), Ok(()), "{}", flag.name);
        }
        for check in Check::ALL {
            assert!(FLAGS.iter().any(|flag| flag.name == check.flag()), "{}", check.flag());
        }
    }
}
