//! Names and shapes that both halves share.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Below the server's URL.
pub(super) const ENROLMENT: &str = "agent/v1/enrolment";
pub(super) const COMMANDS: &str = "agent/v1/commands";
pub(super) const RESULTS: &str = "agent/v1/results";
pub(super) const HEARTBEATS: &str = "agent/v1/heartbeats";

/// The number of a delivery, by which it is held and acknowledged.
pub(super) const DELIVERY: &str = "mig-delivery";
/// Present if the message was delivered before.
pub(super) const REDELIVERED: &str = "mig-redelivered";
/// After how many seconds nobody has to keep a message that was handed over.
pub(super) const EXPIRES_IN: &str = "mig-expires-in";

/// How long a server lets an agent wait for a command, at most: proxies cut what is silent for a minute.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(50);

/// What an agent says when it enrols.
#[derive(Serialize, Deserialize)]
pub(super) struct EnrolmentRequest {
    /// The text of the invitation.
    pub(super) invitation: String,
    /// The address of the agent.
    #[serde(rename = "queueloc")]
    pub(super) queue_location: String,
    /// Its public key, in base64.
    pub(super) key: String,
}

/// Largest enrolment that is read, in bytes.
#[cfg(feature = "http-gateway")]
pub(super) const MAX_ENROLMENT_BYTES: usize = 4096;
/// Longest queue location, in bytes.
pub(super) const MAX_QUEUE_LOCATION_BYTES: usize = 1200;
/// Most commands that one agent may hold.
#[cfg(feature = "http-gateway")]
pub(super) const MAX_HELD: usize = 16;

/// Whether this can be the address of an agent: `<os>.<name>`, of letters, digits, dots, dashes and underscores.
pub(super) fn is_queue_location(text: &str) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    text.len() <= MAX_QUEUE_LOCATION_BYTES
        && text.split_once('.').is_some_and(|(os, name)| !os.is_empty() && !name.is_empty())
        && text.as_bytes().iter().all(is_allowed)
}

/// Numbers with commas between them.
#[cfg(feature = "http")]
pub(super) fn write_held(held: impl IntoIterator<Item = u64>) -> String {
    held.into_iter().map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}

/// `None` if this is no list of numbers, or too long a one.
#[cfg(feature = "http-gateway")]
pub(super) fn read_held(text: &str) -> Option<Vec<u64>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let numbers: Option<Vec<u64>> =
        text.split(',').take(MAX_HELD + 1).map(|number| number.parse().ok()).collect();
    numbers.filter(|numbers| numbers.len() <= MAX_HELD)
}

#[cfg(all(test, feature = "http", feature = "http-gateway"))]
mod tests {
    use super::*;

    #[test]
    fn lists_of_held_deliveries_are_read_back() {
        for held in [vec![], vec![7], vec![1, u64::MAX]] {
            assert_eq!(read_held(&write_held(held.clone())), Some(held));
        }
        for text in ["x", "1,", "-1", &"1,".repeat(100)] {
            assert_eq!(read_held(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_of_agents_hold_nothing_that_means_something_else_elsewhere() {
        assert!(is_queue_location("linux.3k2j") && is_queue_location("linux.web-1.example.net.3k2j"));
        for text in ["", "linux", "linux.", ".x", "linux.a;b", "linux.a b", "linux.#", "linux.a*", "linux.ü"]
        {
            assert!(!is_queue_location(text), "{text}");
        }
        assert!(!is_queue_location(&format!("linux.{}", "a".repeat(MAX_QUEUE_LOCATION_BYTES))));
    }
}
