//! What the module answers, and its lines for people.

use mig_core::{command::ModuleResult, json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was told. What was not asked for is left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Elements {
    #[serde(rename = "hostname", skip_serializing_if = "Option::is_none")]
    pub(super) host_name: Option<String>,
    /// With the length of the prefix, as in `192.0.2.2/24`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) addresses: Vec<String>,
    /// The addresses of each name.
    #[serde(rename = "lookeduphost", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) looked_up: BTreeMap<String, Vec<String>>,
}

impl Elements {
    /// The name of the host and its addresses; names that were looked up do not count.
    pub(super) fn found(&self) -> usize {
        usize::from(self.host_name.is_some()) + self.addresses.len()
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    #[serde(rename = "stufffound")]
    pub(super) found: usize,
}

pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let elements: Elements = json::from_value(&result.elements).unwrap_or_default();
    let mut lines: Vec<String> =
        elements.host_name.into_iter().map(|name| format!("hostname is {name}")).collect();
    lines.extend(elements.addresses.iter().map(|address| format!("address is {address}")));
    for (name, addresses) in &elements.looked_up {
        lines.extend(addresses.iter().map(|address| format!("lookedup host {name} has IP {address}")));
    }
    if !found_only {
        let statistics: Statistics = json::from_value(&result.statistics).unwrap_or_default();
        lines.extend(result.errors.iter().flatten().map(|error| format!("error: {error}")));
        lines.push(format!("stat: {} stuff found", statistics.found));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from the original.
    const RESULT: &str = r#"{"foundanything":true,"success":true,"elements":{"hostname":"vm","addresses":["192.0.2.2/24","fe80::fc:ff:fe00:1/64"],"lookeduphost":{"localhost":["127.0.0.1"]}},"statistics":{"stufffound":3},"errors":null}"#;

    #[test]
    fn results_are_printed_as_the_original_does() {
        let result: ModuleResult = json::from_str(RESULT).unwrap();
        let found = [
            "hostname is vm",
            "address is 192.0.2.2/24",
            "address is fe80::fc:ff:fe00:1/64",
            "lookedup host localhost has IP 127.0.0.1",
        ];
        assert_eq!(print(&result, true), found);
        assert_eq!(print(&result, false), [&found[..], &["stat: 3 stuff found"]].concat());
    }

    #[test]
    fn results_of_other_shapes_are_printed_too() {
        let result = ModuleResult {
            elements: "text".into(),
            errors: Some(vec!["e".into()]),
            ..ModuleResult::default()
        };
        assert_eq!(print(&result, false), ["error: e", "stat: 0 stuff found"]);
    }
}
