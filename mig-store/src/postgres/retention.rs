//! Deleting what was kept for long enough.

use super::{failure::Failure, heartbeat, moment::Moment};
use sqlx::PgConnection;
use std::time::SystemTime;

pub(super) async fn is_old_action(
    connection: &mut PgConnection,
    before: SystemTime,
) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM actions WHERE status IN ('completed', 'invalid', 'cancelled', 'expired')
        AND finish_time < $1 AND expire_after < $1)";
    Ok(sqlx::query_scalar(sql).bind(Moment::at(before)).fetch_one(connection).await?)
}

/// Deletes up to `limit` commands and actions; returns how many. Actions are locked before their commands, as everywhere;
/// those that others work on are for the next time.
pub(super) async fn actions(
    connection: &mut PgConnection,
    before: SystemTime,
    limit: u32,
) -> Result<u64, Failure> {
    let limit = u64::from(limit);
    let mut deleted = 0;
    while deleted < limit {
        let sql = "SELECT id FROM actions WHERE status IN ('completed', 'invalid', 'cancelled', 'expired')
            AND finish_time < $1 AND expire_after < $1 ORDER BY finish_time LIMIT 1 FOR UPDATE SKIP LOCKED";
        let old: Option<i64> =
            sqlx::query_scalar(sql).bind(Moment::at(before)).fetch_optional(&mut *connection).await?;
        let Some(action) = old else { break };
        deleted += commands(connection, action, limit - deleted).await?;
        if deleted < limit {
            for sql in ["DELETE FROM signatures WHERE action_id = $1", "DELETE FROM actions WHERE id = $1"] {
                sqlx::query(sql).bind(action).execute(&mut *connection).await?;
            }
            deleted += 1;
        }
    }
    Ok(deleted)
}

async fn commands(connection: &mut PgConnection, action: i64, limit: u64) -> Result<u64, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "SELECT id FROM commands WHERE action_id = $1 ORDER BY id LIMIT $2";
    let ids: Vec<i64> = sqlx::query_scalar(sql).bind(action).bind(limit).fetch_all(&mut *connection).await?;
    for sql in ["DELETE FROM results WHERE command_id = ANY($1)", "DELETE FROM commands WHERE id = ANY($1)"] {
        sqlx::query(sql).bind(&ids).execute(&mut *connection).await?;
    }
    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
}

pub(super) async fn is_old_agent(connection: &mut PgConnection, before: SystemTime) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM agents a WHERE status IN ('offline', 'destroyed') AND heartbeat_time < $1
        AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.agent_id = a.id))";
    Ok(sqlx::query_scalar(sql).bind(Moment::at(before)).fetch_one(connection).await?)
}

/// Deletes up to `limit` agents without commands; returns how many.
pub(super) async fn agents(
    connection: &mut PgConnection,
    before: SystemTime,
    limit: u32,
) -> Result<u64, Failure> {
    // A destroyed process may come back at this moment.
    heartbeat::lock(connection).await?;
    let sql = "DELETE FROM agents WHERE id IN (
        SELECT id FROM agents a WHERE status IN ('offline', 'destroyed') AND heartbeat_time < $1
            AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.agent_id = a.id) ORDER BY heartbeat_time LIMIT $2)";
    let query = sqlx::query(sql).bind(Moment::at(before)).bind(i64::from(limit));
    Ok(query.execute(connection).await?.rows_affected())
}
