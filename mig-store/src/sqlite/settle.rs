//! State changes of actions, as `flow` allows them.

use super::{failure::Failure, row, time::micros};
use mig_core::scheduler::flow::{ActionEvent, ActionStatus};
use sqlx::{Row, SqliteConnection};
use std::{collections::BTreeSet, time::SystemTime};

/// Writes what follows from an event on an action in this state. `None`, and nothing is written, if nothing follows.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    action: i64,
    status: ActionStatus,
    event: ActionEvent,
    now: SystemTime,
) -> Result<Option<ActionStatus>, Failure> {
    let Some(next) = status.after(event) else { return Ok(None) };
    let sql = "UPDATE actions SET status = ?2, last_update_time = ?3, finish_time = CASE WHEN ?4 THEN ?3 END WHERE id = ?1";
    let query = sqlx::query(sql).bind(action).bind(next.as_str()).bind(micros(now)).bind(next.is_final());
    query.execute(connection).await?;
    Ok(Some(next))
}

/// Moves actions on after some of their commands were handed over or ended.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    actions: &BTreeSet<i64>,
    now: SystemTime,
) -> Result<(), Failure> {
    for action in actions {
        let sql = "SELECT status,
                EXISTS (SELECT 1 FROM commands WHERE action_id = ?1 AND status = 'sent') AS is_open,
                EXISTS (SELECT 1 FROM commands WHERE action_id = ?1 AND status = 'sent' AND handover = 'waiting') AS is_waiting
            FROM actions WHERE id = ?1";
        let found = sqlx::query(sql).bind(action).fetch_one(&mut *connection).await?;
        let status = row::word(&found, "status")?;
        if !found.try_get::<bool, _>("is_open")? {
            apply(connection, *action, status, ActionEvent::Ended, now).await?;
        } else if !found.try_get::<bool, _>("is_waiting")? {
            apply(connection, *action, status, ActionEvent::HandedOver, now).await?;
        }
    }
    Ok(())
}

/// The number of this transaction in the order of ends.
pub(super) async fn next_stamp(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    let sql = "UPDATE stamps SET last = last + 1 RETURNING last";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}
