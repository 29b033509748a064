//! What both databases write of enrolments.

use mig_core::{BoxError, enrolment::AgentPublicKey};

/// How an invitation remembers who spent it.
pub(crate) fn spender(queue_location: &str, key: &AgentPublicKey) -> String {
    format!("{queue_location} {key}")
}

/// A key as a column holds it.
pub(crate) fn kept_key(bytes: &[u8]) -> Result<AgentPublicKey, BoxError> {
    Ok(AgentPublicKey::from_bytes(bytes)?)
}
