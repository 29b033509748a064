//! State changes of actions, as `flow` allows them.

use super::{failure::Failure, moment::Moment, row};
use mig_core::scheduler::flow::{ActionEvent, ActionStatus};
use sqlx::{PgConnection, Row};
use std::time::SystemTime;

/// Writes what follows from an event on an action in this state. `None`, and nothing is written, if nothing follows.
/// The row of the action is locked.
pub(super) async fn apply(
    connection: &mut PgConnection,
    action: i64,
    status: ActionStatus,
    event: ActionEvent,
    now: SystemTime,
) -> Result<Option<ActionStatus>, Failure> {
    let Some(next) = status.after(event) else { return Ok(None) };
    let sql = "UPDATE actions SET status = $2, last_update_time = $3, finish_time = CASE WHEN $4 THEN $3 END WHERE id = $1";
    let query = sqlx::query(sql).bind(action).bind(next.as_str()).bind(Moment::at(now)).bind(next.is_final());
    query.execute(connection).await?;
    Ok(Some(next))
}

/// Locks actions, so that nobody else changes their states or ends their commands before this transaction is over.
/// Always before their commands, and in the order of ids: so nobody waits in a circle.
pub(super) async fn lock(connection: &mut PgConnection, actions: &[i64]) -> Result<(), Failure> {
    let sql = "SELECT id FROM actions WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
    sqlx::query(sql).bind(actions).execute(connection).await?;
    Ok(())
}

/// The actions of these commands.
pub(super) async fn actions_of(connection: &mut PgConnection, commands: &[i64]) -> Result<Vec<i64>, Failure> {
    let sql = "SELECT DISTINCT action_id FROM commands WHERE id = ANY($1)";
    Ok(sqlx::query_scalar(sql).bind(commands).fetch_all(connection).await?)
}

/// Moves locked actions on after some of their commands were handed over or ended.
pub(super) async fn settle(
    connection: &mut PgConnection,
    actions: &[i64],
    now: SystemTime,
) -> Result<(), Failure> {
    let sql = "SELECT id, status,
            EXISTS (SELECT 1 FROM commands c WHERE c.action_id = a.id AND c.status = 'sent') AS is_open,
            EXISTS (SELECT 1 FROM commands c WHERE c.action_id = a.id AND c.status = 'sent' AND c.handover = 'waiting') AS is_waiting
        FROM actions a WHERE id = ANY($1) AND status IN ('preparing', 'inflight') ORDER BY id";
    for found in sqlx::query(sql).bind(actions).fetch_all(&mut *connection).await? {
        let (id, status) = (found.try_get("id")?, row::word(&found, "status")?);
        if !found.try_get::<bool, _>("is_open")? {
            apply(connection, id, status, ActionEvent::Ended, now).await?;
        } else if !found.try_get::<bool, _>("is_waiting")? {
            apply(connection, id, status, ActionEvent::HandedOver, now).await?;
        }
    }
    Ok(())
}

/// The number of this transaction in the order of ends. Until it is over others that end commands wait here, so that the
/// numbers become visible in their order; it comes late, because of that.
pub(super) async fn next_stamp(connection: &mut PgConnection) -> Result<i64, Failure> {
    let sql = "UPDATE stamps SET last = last + 1 RETURNING last";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}
