//! What the module answers: elements and statistics as the original has them, for machines.

use crate::{
    results::{MASK, decode},
    sys::network::Socket,
};
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was found, by check and by value; `None` for a value that nothing was found for.
pub(super) type Elements = BTreeMap<String, Option<BTreeMap<String, Option<Vec<Entry>>>>>;

/// One thing found. What a check does not tell is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    #[serde(rename = "localmacaddr", skip_serializing_if = "String::is_empty")]
    pub(super) local_mac: String,
    #[serde(rename = "remotemacaddr", skip_serializing_if = "String::is_empty")]
    pub(super) remote_mac: String,
    #[serde(rename = "localaddr", skip_serializing_if = "String::is_empty")]
    pub(super) local_address: String,
    #[serde(rename = "localport", skip_serializing_if = "is_zero")]
    pub(super) local_port: f64,
    #[serde(rename = "remoteaddr", skip_serializing_if = "String::is_empty")]
    pub(super) remote_address: String,
    #[serde(rename = "remoteport", skip_serializing_if = "is_zero")]
    pub(super) remote_port: f64,
    /// `default`, or as `net:[4026531992]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) namespace: String,
    /// `tcp`, `udp`, `raw` or `unix`; only if more was asked for than the original can tell, as all that follows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) protocol: String,
    /// As `established` or `listening`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) state: String,
    /// Of a unix socket.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) path: String,
    /// Of the first process that holds the socket.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) pid: f64,
    /// The program of that process.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) executable: String,
    /// The container of that process.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) container: String,
    /// Other processes that hold the socket.
    #[serde(rename = "otherpids", skip_serializing_if = "Vec::is_empty")]
    pub(super) other_pids: Vec<f64>,
}

impl Entry {
    /// The own end of a socket, and with details what it speaks and does.
    pub(super) fn of_socket(socket: &Socket, namespace: &str, is_detailed: bool) -> Self {
        let detail = |text: &str| if is_detailed { text.to_owned() } else { String::new() };
        Self {
            local_address: socket.local.ip().to_string(),
            local_port: f64::from(socket.local.port()),
            namespace: namespace.to_owned(),
            protocol: detail(socket.protocol.name()),
            state: detail(socket.state.name()),
            ..Self::default()
        }
    }
}

/// What was examined.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    /// Rows of tables that were looked at; of sockets that the kernel filters, those it let through.
    pub(super) examined: f64,
    /// How long the run took, like `1.2ms`.
    #[serde(rename = "exectime")]
    pub(super) duration: String,
    #[serde(rename = "totalhits")]
    pub(super) total_hits: f64,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// Hides addresses, programs, containers and paths: who this machine talks with, and what it is. Ports, namespaces and numbers of processes
/// stay.
pub(super) fn mask(result: &ModuleResult) -> ModuleResult {
    let mut elements: Elements = decode(&result.elements);
    for entry in elements.values_mut().flatten().flat_map(BTreeMap::values_mut).flatten().flatten() {
        let Entry {
            local_mac, remote_mac, local_address, remote_address, path, executable, container, ..
        } = entry;
        for text in [local_mac, remote_mac, local_address, remote_address, path, executable, container] {
            if !text.is_empty() {
                *text = MASK.to_owned();
            }
        }
    }
    let elements = match result.elements {
        Value::Null => Value::Null,
        _ => json::to_value(&elements).unwrap_or_default(),
    };
    ModuleResult { elements, ..result.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_hides_addresses_in_all_lists_and_keeps_ports() {
        let text = r#"{"connectedip":{"10.0.0.0/8":[{"localaddr":"10.0.0.1","localport":22,"remoteaddr":"10.0.0.2","namespace":"default","executable":"/bin/x","container":"c0"}]},"neighbormac":{"^02":[{"remotemacaddr":"02:42","remoteaddr":"10.0.0.3"}],"x":null}}"#;
        let result =
            ModuleResult { elements: json::from_slice(text.as_bytes()).unwrap(), ..ModuleResult::default() };
        let masked = json::to_string(&mask(&result).elements).unwrap();
        let expected = r#"{"connectedip":{"10.0.0.0/8":[{"container":"masked","executable":"masked","localaddr":"masked","localport":22,"namespace":"default","remoteaddr":"masked"}]},"neighbormac":{"^02":[{"remoteaddr":"masked","remotemacaddr":"masked"}],"x":null}}"#;
        assert_eq!(masked, expected);
        assert_eq!(mask(&ModuleResult::default()), ModuleResult::default());
    }
}
