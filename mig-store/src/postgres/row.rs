//! Between rows and documents.

use super::{failure::Failure, moment::Moment};
use mig_core::{
    action::Action,
    agent_info::AgentInfo,
    id::{ActionId, AgentId},
    json,
    store::{StoreError, StoredAction},
};
use serde::de::DeserializeOwned;
use sqlx::{Row, postgres::PgRow};
use std::{borrow::Cow, str::FromStr};

/// An id as a column holds it.
pub(super) fn id_column(what: &'static str, value: u64) -> Result<i64, Failure> {
    i64::try_from(value).map_err(|_| StoreError::NumberTooLarge { what, value }.into())
}

/// Several ids as one parameter.
pub(super) fn id_list(
    what: &'static str,
    values: impl IntoIterator<Item = u64>,
) -> Result<Vec<i64>, Failure> {
    values.into_iter().map(|value| id_column(what, value)).collect()
}

/// Text that must be kept as it is; Postgres has no NUL.
pub(super) fn exact<'a>(what: &'static str, text: &'a str) -> Result<&'a str, Failure> {
    if text.contains('\0') { Err(StoreError::NulCharacter { what }.into()) } else { Ok(text) }
}

/// Text for people, and what agents say of themselves: a NUL becomes U+FFFD.
pub(super) fn readable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// An unsigned number; we never write a negative one.
pub(super) fn number(row: &PgRow, column: &'static str) -> Result<u64, Failure> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|error| Failure::damaged(column)(error.into()))
}

/// A JSON document.
pub(super) fn document<T: DeserializeOwned>(row: &PgRow, column: &'static str) -> Result<T, Failure> {
    // The driver knows no reading of the type json as text, but its bytes are the text.
    let bytes: &[u8] = row.try_get_unchecked(column)?;
    json::from_slice(bytes).map_err(|error| Failure::damaged(column)(error.into()))
}

/// A word of a fixed set.
pub(super) fn word<T>(row: &PgRow, column: &'static str) -> Result<T, Failure>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error: T::Err| Failure::damaged(column)(error.into()))
}

/// A time.
pub(super) fn time(row: &PgRow, column: &'static str) -> Result<mig_core::time::Time, Failure> {
    Ok(row.try_get::<Moment, _>(column)?.time())
}

/// A time that is zero where the column is NULL.
pub(super) fn time_if_set(row: &PgRow, column: &'static str) -> Result<mig_core::time::Time, Failure> {
    Ok(Moment::time_if_set(row.try_get(column)?))
}

/// An action without counters and investigators, which other tables hold.
pub(super) fn action(row: &PgRow) -> Result<StoredAction, Failure> {
    let status: mig_core::scheduler::flow::ActionStatus = word(row, "status")?;
    let action = Action {
        id: ActionId::new(number(row, "id")?),
        name: row.try_get("name")?,
        target: row.try_get("target")?,
        description: document(row, "description")?,
        threat: document(row, "threat")?,
        valid_from: time(row, "valid_from")?,
        expire_after: time(row, "expire_after")?,
        operations: document(row, "operations")?,
        signatures: document(row, "signatures")?,
        status: status.as_str().to_owned(),
        start_time: time_if_set(row, "start_time")?,
        finish_time: time_if_set(row, "finish_time")?,
        last_update_time: time_if_set(row, "last_update_time")?,
        syntax_version: u16::try_from(number(row, "syntax_version")?).unwrap_or(u16::MAX),
        ..Action::default()
    };
    Ok(StoredAction { action, status, reason: row.try_get("reason")? })
}

/// An agent. Its columns are named `agent_…` where a query joins tables with equal names.
pub(super) fn agent(row: &PgRow) -> Result<AgentInfo, Failure> {
    Ok(AgentInfo {
        id: AgentId::new(number(row, "agent_id")?),
        name: row.try_get("agent_name")?,
        queue_location: row.try_get("queue_location")?,
        mode: row.try_get("mode")?,
        version: row.try_get("version")?,
        pid: row.try_get("pid")?,
        loader_name: row.try_get("loader_name")?,
        start_time: time(row, "agent_start_time")?,
        destruction_time: time(row, "destruction_time")?,
        heartbeat_time: time(row, "heartbeat_time")?,
        refresh_time: time(row, "refresh_time")?,
        status: row.try_get("agent_status")?,
        authorized: false,
        environment: document(row, "environment")?,
        tags: document(row, "tags")?,
    })
}
