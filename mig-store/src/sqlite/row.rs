//! Between rows and documents.

use super::{
    failure::Failure,
    time::{time, time_if_set},
};
use mig_core::{
    action::Action,
    agent_info::AgentInfo,
    id::{ActionId, AgentId},
    json,
    store::{StoreError, StoredAction},
};
use serde::de::DeserializeOwned;
use sqlx::{Row, sqlite::SqliteRow};
use std::str::FromStr;

/// An id as a column holds it.
pub(super) fn id_column(what: &'static str, value: u64) -> Result<i64, Failure> {
    i64::try_from(value).map_err(|_| StoreError::NumberTooLarge { what, value }.into())
}

/// A list of numbers as one parameter, for `json_each`.
pub(super) fn number_list(numbers: impl IntoIterator<Item = u64>) -> Result<String, Failure> {
    Ok(json::to_string(&numbers.into_iter().collect::<Vec<_>>())?)
}

/// An unsigned number; we never write a negative one.
pub(super) fn number(row: &SqliteRow, column: &'static str) -> Result<u64, Failure> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|error| Failure::damaged(column)(error.into()))
}

/// A JSON document.
pub(super) fn document<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<T, Failure> {
    let text: &str = row.try_get(column)?;
    json::from_slice(text.as_bytes()).map_err(|error| Failure::damaged(column)(error.into()))
}

/// A word of a fixed set.
pub(super) fn word<T>(row: &SqliteRow, column: &'static str) -> Result<T, Failure>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error: T::Err| Failure::damaged(column)(error.into()))
}

/// An action without counters and investigators, which other tables hold.
pub(super) fn action(row: &SqliteRow) -> Result<StoredAction, Failure> {
    let status: mig_core::scheduler::flow::ActionStatus = word(row, "status")?;
    let action = Action {
        id: ActionId::new(number(row, "id")?),
        name: row.try_get("name")?,
        target: row.try_get("target")?,
        description: document(row, "description")?,
        threat: document(row, "threat")?,
        valid_from: time(row.try_get("valid_from")?),
        expire_after: time(row.try_get("expire_after")?),
        operations: document(row, "operations")?,
        signatures: document(row, "signatures")?,
        status: status.as_str().to_owned(),
        start_time: time_if_set(row.try_get("start_time")?),
        finish_time: time_if_set(row.try_get("finish_time")?),
        last_update_time: time_if_set(row.try_get("last_update_time")?),
        syntax_version: row.try_get("syntax_version")?,
        ..Action::default()
    };
    Ok(StoredAction { action, status, reason: row.try_get("reason")? })
}

/// An agent. Its columns are named `agent_…` where a query joins tables with equal names.
pub(super) fn agent(row: &SqliteRow) -> Result<AgentInfo, Failure> {
    Ok(AgentInfo {
        id: AgentId::new(number(row, "agent_id")?),
        name: row.try_get("agent_name")?,
        queue_location: row.try_get("queue_location")?,
        mode: row.try_get("mode")?,
        version: row.try_get("version")?,
        pid: row.try_get("pid")?,
        loader_name: row.try_get("loader_name")?,
        start_time: time(row.try_get("agent_start_time")?),
        destruction_time: time(row.try_get("destruction_time")?),
        heartbeat_time: time(row.try_get("heartbeat_time")?),
        refresh_time: time(row.try_get("refresh_time")?),
        status: row.try_get("agent_status")?,
        authorized: false,
        environment: document(row, "environment")?,
        tags: document(row, "tags")?,
    })
}
