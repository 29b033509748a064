//! Counts of agents, and results of scheduled jobs.

use crate::{action::Action, command::Command, time::Time};
use serde::{Deserialize, Serialize};

/// How many agents there are, in which state. An *endpoint* is a machine, whatever the number of agents on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentsStatistics {
    /// When it was counted.
    pub timestamp: Time,
    /// Agents online.
    #[serde(rename = "onlineagents")]
    pub online_agents: f64,
    /// The same by version.
    #[serde(rename = "onlineagentsbyversion")]
    pub online_agents_by_version: Option<Vec<VersionCount>>,
    /// Machines with an agent online.
    #[serde(rename = "onlineendpoints")]
    pub online_endpoints: f64,
    /// Agents idle on machines without one online.
    #[serde(rename = "idleagents")]
    pub idle_agents: f64,
    /// The same by version.
    #[serde(rename = "idleagentsbyversion")]
    pub idle_agents_by_version: Option<Vec<VersionCount>>,
    /// Machines with an agent idle and none online.
    #[serde(rename = "idleendpoints")]
    pub idle_endpoints: f64,
    /// Machines seen for the first time in a day.
    #[serde(rename = "newendpoints")]
    pub new_endpoints: f64,
    /// Machines with more than one agent online.
    #[serde(rename = "multiagentsendpoints")]
    pub multi_agents_endpoints: f64,
    /// Machines seen in a week but not now.
    #[serde(rename = "disappearedendpoints")]
    pub disappeared_endpoints: f64,
    /// Machines whose agent restarts.
    #[serde(rename = "flappingendpoints")]
    pub flapping_endpoints: f64,
}

/// How many agents have a version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VersionCount {
    /// The version.
    pub version: String,
    /// How many.
    pub count: f64,
}

/// What a scheduled job of the runner got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunnerResult {
    /// What was asked.
    pub action: Action,
    /// The answers.
    pub commands: Option<Vec<Command>>,
    /// Name of the job.
    pub name: String,
    /// Output plugin.
    pub plugin: String,
}
