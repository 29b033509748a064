//! Deleting what was kept for long enough.

use super::{failure::Failure, time::micros};
use sqlx::SqliteConnection;
use std::time::SystemTime;

/// An action that ended, and whose window closed, before then: the one that ended first.
pub(super) async fn old_action(
    connection: &mut SqliteConnection,
    before: SystemTime,
) -> Result<Option<i64>, Failure> {
    let sql = "SELECT id FROM actions WHERE status IN ('completed', 'invalid', 'cancelled', 'expired')
            AND finish_time < ?1 AND expire_after < ?1 ORDER BY finish_time LIMIT 1";
    Ok(sqlx::query_scalar(sql).bind(micros(before)).fetch_optional(connection).await?)
}

/// Deletes up to `limit` commands and actions; returns how many.
pub(super) async fn actions(
    connection: &mut SqliteConnection,
    before: SystemTime,
    limit: u32,
) -> Result<u64, Failure> {
    let limit = u64::from(limit);
    let mut deleted = 0;
    while deleted < limit {
        let Some(action) = old_action(connection, before).await? else { break };
        deleted += commands(connection, action, limit - deleted).await?;
        if deleted < limit {
            sqlx::query("DELETE FROM signatures WHERE action_id = ?1")
                .bind(action)
                .execute(&mut *connection)
                .await?;
            sqlx::query("DELETE FROM actions WHERE id = ?1").bind(action).execute(&mut *connection).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

async fn commands(connection: &mut SqliteConnection, action: i64, limit: u64) -> Result<u64, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let results = "DELETE FROM results
        WHERE command_id IN (SELECT id FROM commands WHERE action_id = ?1 ORDER BY id LIMIT ?2)";
    sqlx::query(results).bind(action).bind(limit).execute(&mut *connection).await?;
    let commands = "DELETE FROM commands WHERE id IN (SELECT id FROM commands WHERE action_id = ?1 ORDER BY id LIMIT ?2)";
    Ok(sqlx::query(commands).bind(action).bind(limit).execute(connection).await?.rows_affected())
}

pub(super) async fn is_old_agent(
    connection: &mut SqliteConnection,
    before: SystemTime,
) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM agents a WHERE status IN ('offline', 'destroyed') AND heartbeat_time < ?1
        AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.agent_id = a.id))";
    Ok(sqlx::query_scalar(sql).bind(micros(before)).fetch_one(connection).await?)
}

/// Deletes up to `limit` agents without commands; returns how many.
pub(super) async fn agents(
    connection: &mut SqliteConnection,
    before: SystemTime,
    limit: u32,
) -> Result<u64, Failure> {
    let sql = "DELETE FROM agents WHERE id IN (
        SELECT id FROM agents a WHERE status IN ('offline', 'destroyed') AND heartbeat_time < ?1
            AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.agent_id = a.id) ORDER BY heartbeat_time LIMIT ?2)";
    Ok(sqlx::query(sql).bind(micros(before)).bind(limit).execute(connection).await?.rows_affected())
}
