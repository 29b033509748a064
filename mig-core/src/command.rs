//! One action on one agent, and its answers.

use crate::{
    action::Action,
    agent_info::AgentInfo,
    id::CommandId,
    json::{Value, at_most},
    limits::MAX_LISTED,
    time::Time,
};
use serde::{Deserialize, Serialize};

/// One action on one agent; also the answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Command {
    /// Names the command.
    pub id: CommandId,
    /// The signed question.
    pub action: Action,
    /// Who is asked.
    pub agent: AgentInfo,
    /// Where the command stands: `sent`, `success`, `cancelled`, `expired`, `failed`, `timeout`.
    pub status: String,
    /// `results[i]` answers `operations[i]`.
    #[serde(deserialize_with = "at_most::<MAX_LISTED, _, _>")]
    pub results: Option<Vec<ModuleResult>>,
    /// When it was made.
    #[serde(rename = "starttime")]
    pub start_time: Time,
    /// When it reached a terminal state.
    #[serde(rename = "finishtime")]
    pub finish_time: Time,
}

/// What one operation found: five fields, always written, in this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModuleResult {
    /// True if something that was searched for was found.
    #[serde(rename = "foundanything")]
    pub found_anything: bool,
    /// True if the module ran to its end; soft errors do not clear it.
    pub success: bool,
    /// What was found, in the module's shape.
    pub elements: Value,
    /// What was examined, in the module's shape.
    pub statistics: Value,
    /// Soft errors; the reason of a failure is the last. `None` is written as `null`.
    pub errors: Option<Vec<String>>,
}

/// The first fault of a command. The texts are the original's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Nobody is asked.
    #[error("command agent name is empty")]
    NoAgent,
    /// The agent has no address.
    #[error("command queue location is empty")]
    NoQueue,
    /// It stands nowhere.
    #[error("command status is empty")]
    NoStatus,
}

impl Command {
    /// Checks what every command has, wherever it stands. The action has checks of its own.
    ///
    /// # Errors
    /// The first fault, in the original's order.
    pub fn validate(&self) -> Result<(), CommandError> {
        if self.agent.name.is_empty() {
            return Err(CommandError::NoAgent);
        }
        if self.agent.queue_location.is_empty() {
            return Err(CommandError::NoQueue);
        }
        if self.status.is_empty() { Err(CommandError::NoStatus) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, CommandError};

    #[test]
    fn the_first_fault_wins() {
        let mut command = Command::default();
        assert_eq!(command.validate(), Err(CommandError::NoAgent));
        command.agent.name = "host".to_owned();
        assert_eq!(command.validate(), Err(CommandError::NoQueue));
        command.agent.queue_location = "linux.abc".to_owned();
        assert_eq!(command.validate(), Err(CommandError::NoStatus));
        command.status = "sent".to_owned();
        assert_eq!(command.validate(), Ok(()));
    }
}
