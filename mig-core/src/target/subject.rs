//! What is known of one agent: by itself, or by the platform.

use super::{Column, Truth};
use crate::{
    agent_info::AgentInfo,
    id::ActionId,
    json::{self, Value},
    time::Time,
};

/// One agent, as a target sees it.
pub trait Subject {
    /// The value of a column, of the column's [kind](Column::kind), or NULL, or unknown.
    fn datum(&self, column: Column) -> Datum;

    /// Whether the agent has a command of this action with a result that says `foundanything` = `found`.
    fn found_in(&self, action: ActionId, found: bool) -> Truth;
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// There is a value, which is not known here.
    Unknown,
    /// There is no value.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A point in time.
    Time(Time),
    /// A JSON value.
    Json(Value),
}

/// The agent itself, who decides whether it is meant. What the platform decides, it can not know: its id, status and
/// loader, when it was heard of or refreshed, and what it answered to other actions.
impl Subject for AgentInfo {
    fn datum(&self, column: Column) -> Datum {
        match column {
            Column::Id
            | Column::DestructionTime
            | Column::HeartbeatTime
            | Column::RefreshTime
            | Column::Status
            | Column::LoaderName => Datum::Unknown,
            known => stored(self, known),
        }
    }

    fn found_in(&self, _: ActionId, _: bool) -> Truth {
        Truth::UNKNOWN
    }
}

/// An agent as a store has it: everything is known.
#[derive(Clone, Copy, Debug)]
pub struct StoredAgent<'a, F> {
    agent: &'a AgentInfo,
    found_in: F,
}

impl<'a, F: Fn(ActionId, bool) -> bool> StoredAgent<'a, F> {
    /// The row of an agent, and who knows its answers to earlier actions
    /// (see [`Target::earlier_answers`](super::Target::earlier_answers)).
    #[must_use]
    pub fn new(agent: &'a AgentInfo, found_in: F) -> Self {
        Self { agent, found_in }
    }
}

impl<F: Fn(ActionId, bool) -> bool> Subject for StoredAgent<'_, F> {
    fn datum(&self, column: Column) -> Datum {
        stored(self.agent, column)
    }

    fn found_in(&self, action: ActionId, found: bool) -> Truth {
        (self.found_in)(action, found).into()
    }
}

fn stored(agent: &AgentInfo, column: Column) -> Datum {
    let text = |text: &String| Datum::Text(text.clone());
    match column {
        Column::Id => i64::try_from(agent.id.get()).map_or(Datum::Null, Datum::Integer),
        Column::Name => text(&agent.name),
        Column::QueueLocation => text(&agent.queue_location),
        Column::Mode => text(&agent.mode),
        Column::Version => text(&agent.version),
        Column::Pid => Datum::Integer(agent.pid),
        Column::StartTime => Datum::Time(agent.start_time),
        Column::DestructionTime => Datum::Time(agent.destruction_time),
        Column::HeartbeatTime => Datum::Time(agent.heartbeat_time),
        Column::RefreshTime => Datum::Time(agent.refresh_time),
        Column::Status => text(&agent.status),
        Column::Environment => json::to_value(&agent.environment).map_or(Datum::Null, Datum::Json),
        Column::Tags => json::to_value(&agent.tags).map_or(Datum::Null, Datum::Json),
        // The only text that is NULL in the original's table when there is none.
        Column::LoaderName if agent.loader_name.is_empty() => Datum::Null,
        Column::LoaderName => text(&agent.loader_name),
    }
}
