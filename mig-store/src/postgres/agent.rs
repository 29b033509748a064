//! Agents.

use super::{
    PostgresStore,
    failure::Failure,
    heartbeat,
    moment::Moment,
    row,
    write::{Write, in_transaction, reading},
};
use async_trait::async_trait;
use mig_core::{
    agent_info::AgentInfo,
    id::{ActionId, AgentId},
    store::{AgentStore, StoreError},
};
use sqlx::PgConnection;
use std::{collections::BTreeSet, time::SystemTime};

#[async_trait]
impl AgentStore for PostgresStore {
    async fn record_heartbeats(&self, agents: &[AgentInfo], now: SystemTime) -> Result<(), StoreError> {
        in_transaction!(self, "recording heartbeats", |write| async {
            write.is_news = heartbeat::record_all(&mut write, agents, now).await?;
            Ok::<_, Failure>(())
        })
    }

    async fn agents(&self, after: Option<AgentId>, limit: u32) -> Result<Vec<AgentInfo>, StoreError> {
        reading!(self, "reading agents", |connection| page(connection, ALL, after, limit))
    }

    async fn reachable_agents(
        &self,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<AgentInfo>, StoreError> {
        reading!(self, "reading reachable agents", |connection| page(connection, REACHABLE, after, limit))
    }

    async fn agents_that_found(&self, action: ActionId, found: bool) -> Result<BTreeSet<String>, StoreError> {
        reading!(self, "reading who found something", |connection| that_found(connection, action, found))
    }

    async fn age_agents(
        &self,
        idle_before: SystemTime,
        offline_before: SystemTime,
    ) -> Result<(), StoreError> {
        let (idle, offline) = (Moment::at(idle_before), Moment::at(offline_before));
        if !reading!(self, "looking for silent agents", |connection| are_silent(connection, idle, offline))? {
            return Ok(());
        }
        in_transaction!(self, "marking silent agents", |write| mark_silent(&mut write, idle, offline))
    }
}

/// `SELECT` of everything [`row::agent`] reads, with the end of the statement.
macro_rules! select_agents {
    ($end:literal) => {
        concat!(
            "SELECT a.id AS agent_id, a.name AS agent_name, a.queue_location, a.mode, a.version, a.pid, a.loader_name,
                a.start_time AS agent_start_time, a.destruction_time, a.heartbeat_time, a.refresh_time,
                a.status AS agent_status, a.environment, a.tags
            FROM agents a ",
            $end
        )
    };
}

const ALL: &str = select_agents!("WHERE a.id > $1 ORDER BY a.id LIMIT $2");

const REACHABLE: &str = select_agents!(
    "WHERE a.id > $1 AND a.status IN ('online', 'idle') AND NOT EXISTS (
        SELECT 1 FROM agents b WHERE b.queue_location = a.queue_location AND b.status IN ('online', 'idle')
            AND (b.heartbeat_time, b.id) > (a.heartbeat_time, a.id))
    ORDER BY a.id LIMIT $2"
);

async fn page(
    connection: &mut PgConnection,
    sql: &'static str,
    after: Option<AgentId>,
    limit: u32,
) -> Result<Vec<AgentInfo>, Failure> {
    let after = row::id_column("agent id", after.map_or(0, |id| id.get()))?;
    let rows = sqlx::query(sql).bind(after).bind(i64::from(limit)).fetch_all(connection).await?;
    rows.iter().map(row::agent).collect()
}

async fn that_found(
    connection: &mut PgConnection,
    action: ActionId,
    found: bool,
) -> Result<BTreeSet<String>, Failure> {
    let sql = "SELECT DISTINCT a.queue_location FROM commands c
            JOIN agents a ON a.id = c.agent_id JOIN results r ON r.command_id = c.id
        WHERE c.action_id = $1 AND r.found = $2";
    // No action has an id above those of a column: a target may say anything.
    let Ok(action) = i64::try_from(action.get()) else { return Ok(BTreeSet::new()) };
    let query = sqlx::query_scalar::<_, String>(sql).bind(action).bind(found);
    Ok(query.fetch_all(connection).await?.into_iter().collect())
}

async fn are_silent(connection: &mut PgConnection, idle: Moment, offline: Moment) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM agents WHERE status = 'online' AND heartbeat_time < $1)
        OR EXISTS (SELECT 1 FROM agents WHERE status = 'idle' AND heartbeat_time < $2)";
    Ok(sqlx::query_scalar(sql).bind(idle).bind(offline).fetch_one(connection).await?)
}

async fn mark_silent(connection: &mut PgConnection, idle: Moment, offline: Moment) -> Result<(), Failure> {
    heartbeat::lock(connection).await?;
    let sql = "UPDATE agents SET status = 'offline' WHERE status = 'idle' AND heartbeat_time < $1";
    sqlx::query(sql).bind(offline).execute(&mut *connection).await?;
    let sql = "UPDATE agents SET status = 'idle' WHERE status = 'online' AND heartbeat_time < $1";
    sqlx::query(sql).bind(idle).execute(connection).await?;
    Ok(())
}
