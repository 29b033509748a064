//! One action on one agent, and its answers.

use crate::{action::Action, agent_info::AgentInfo, id::CommandId, json::Value, time::Time};
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
