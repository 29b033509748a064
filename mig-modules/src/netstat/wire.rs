//! Parameters of the module as they travel: field names, order and omission rules of the original, and behind them what is new
//! and left out unless it is used. Nothing is checked here.

use serde::{Deserialize, Serialize};

/// What the module is asked: for each kind of check any number of values, each answered on its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Regular expressions on hardware addresses of interfaces, without regard to case.
    #[serde(rename = "localmac", skip_serializing_if = "Vec::is_empty")]
    pub local_mac: Vec<String>,
    /// Addresses or networks of interfaces.
    #[serde(rename = "localip", skip_serializing_if = "Vec::is_empty")]
    pub local_ip: Vec<String>,
    /// Regular expressions on hardware addresses of neighbours.
    #[serde(rename = "neighbormac", skip_serializing_if = "Vec::is_empty")]
    pub neighbour_mac: Vec<String>,
    /// Addresses or networks of neighbours.
    #[serde(rename = "neighborip", skip_serializing_if = "Vec::is_empty")]
    pub neighbour_ip: Vec<String>,
    /// Addresses or networks at the other end of sockets.
    #[serde(rename = "connectedip", skip_serializing_if = "Vec::is_empty")]
    pub connected_ip: Vec<String>,
    /// Ports from 0 to 65535 that a socket listens on.
    #[serde(rename = "listeningport", skip_serializing_if = "Vec::is_empty")]
    pub listening_port: Vec<String>,
    /// Look into all network namespaces; always written.
    pub namespaces: bool,
    /// Regular expressions on the programs of processes that listen. New.
    #[serde(rename = "listeningprocess", skip_serializing_if = "Vec::is_empty")]
    pub listening_process: Vec<String>,
    /// Regular expressions on the paths of unix sockets. New.
    #[serde(rename = "unixsocket", skip_serializing_if = "Vec::is_empty")]
    pub unix_socket: Vec<String>,
    /// Raw sockets count as connected and listening too. New.
    #[serde(skip_serializing_if = "is_false")]
    pub raw: bool,
    /// Say which process holds each socket. New.
    #[serde(skip_serializing_if = "is_false")]
    pub owner: bool,
}

/// A kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    LocalMac,
    NeighbourMac,
    NeighbourIp,
    LocalIp,
    ConnectedIp,
    ListeningPort,
    ListeningProcess,
    UnixSocket,
}

impl Check {
    /// All checks, in the order in which they are validated, run and printed.
    pub(super) const ALL: [Self; 8] = [
        Self::LocalMac,
        Self::NeighbourMac,
        Self::NeighbourIp,
        Self::LocalIp,
        Self::ConnectedIp,
        Self::ListeningPort,
        Self::ListeningProcess,
        Self::UnixSocket,
    ];

    /// Its field in parameters and elements, and its keyword in dialogues.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::LocalMac => "localmac",
            Self::NeighbourMac => "neighbormac",
            Self::NeighbourIp => "neighborip",
            Self::LocalIp => "localip",
            Self::ConnectedIp => "connectedip",
            Self::ListeningPort => "listeningport",
            Self::ListeningProcess => "listeningprocess",
            Self::UnixSocket => "unixsocket",
        }
    }

    /// Its flag on command lines, without the dash.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::LocalMac => "lm",
            Self::NeighbourMac => "nm",
            Self::NeighbourIp => "ni",
            Self::LocalIp => "li",
            Self::ConnectedIp => "ci",
            Self::ListeningPort => "lp",
            Self::ListeningProcess => "lproc",
            Self::UnixSocket => "us",
        }
    }

    /// Its values.
    pub(super) fn values(self, parameters: &Parameters) -> &Vec<String> {
        match self {
            Self::LocalMac => &parameters.local_mac,
            Self::NeighbourMac => &parameters.neighbour_mac,
            Self::NeighbourIp => &parameters.neighbour_ip,
            Self::LocalIp => &parameters.local_ip,
            Self::ConnectedIp => &parameters.connected_ip,
            Self::ListeningPort => &parameters.listening_port,
            Self::ListeningProcess => &parameters.listening_process,
            Self::UnixSocket => &parameters.unix_socket,
        }
    }

    /// Its values, to be changed.
    pub(super) fn values_mut(self, parameters: &mut Parameters) -> &mut Vec<String> {
        match self {
            Self::LocalMac => &mut parameters.local_mac,
            Self::NeighbourMac => &mut parameters.neighbour_mac,
            Self::NeighbourIp => &mut parameters.neighbour_ip,
            Self::LocalIp => &mut parameters.local_ip,
            Self::ConnectedIp => &mut parameters.connected_ip,
            Self::ListeningPort => &mut parameters.listening_port,
            Self::ListeningProcess => &mut parameters.listening_process,
            Self::UnixSocket => &mut parameters.unix_socket,
        }
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;

    #[test]
    fn what_is_new_is_left_out_unless_it_is_used() {
        assert_eq!(json::to_string(&Parameters::default()).unwrap(), r#"{"namespaces":false}"#);
        let parameters =
            Parameters { listening_port: vec!["22".to_owned()], owner: true, ..Parameters::default() };
        assert_eq!(
            json::to_string(&parameters).unwrap(),
            r#"{"listeningport":["22"],"namespaces":false,"owner":true}"#
        );
    }

    #[test]
    fn lists_may_be_null_and_names_in_any_case() {
        let parameters: Parameters = json::from_slice(br#"{"LocalIP":["::1"],"localmac":null}"#).unwrap();
        assert_eq!(parameters, Parameters { local_ip: vec!["::1".to_owned()], ..Parameters::default() });
    }
}
