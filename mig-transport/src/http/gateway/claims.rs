//! What agents say of themselves: an enrolled agent speaks for itself only.

use super::refusal::Refusal;
use mig_core::{agent_info::AgentInfo, command::Command, json};

/// Checks a heartbeat.
pub(super) fn check_heartbeat(body: &[u8], sender: &str) -> Result<(), Refusal> {
    let info: AgentInfo =
        json::from_slice(body).map_err(|_| Refusal::Malformed("this is not the JSON of an agent"))?;
    check(&info, sender)
}

/// Checks an answer.
pub(super) fn check_result(body: &[u8], sender: &str) -> Result<(), Refusal> {
    let command: Command =
        json::from_slice(body).map_err(|_| Refusal::Malformed("this is not the JSON of a command"))?;
    check(&command.agent, sender)
}

fn check(info: &AgentInfo, sender: &str) -> Result<(), Refusal> {
    if info.queue_location == sender { Ok(()) } else { Err(Refusal::AnotherAgent) }
}
