//! Agents.

use super::{
    SqliteStore,
    failure::Failure,
    retention, row,
    time::{micros, micros_if_set, micros_of},
    write::{Write, in_transaction, reading},
};
use async_trait::async_trait;
use mig_core::{
    agent_info::AgentInfo,
    id::{ActionId, AgentId},
    json,
    scheduler::targeted_by_pages,
    store::{AgentStore, StoreError, TargetedAgent},
    target::Target,
    time::Time,
};
use sqlx::{Row, SqliteConnection};
use std::{collections::BTreeSet, time::SystemTime};

/// An environment counts as changed when its time is newer by more than this.
const REFRESH_MICROS: i64 = 15_000_000;

#[async_trait]
impl AgentStore for SqliteStore {
    async fn record_heartbeats(&self, agents: &[AgentInfo], now: SystemTime) -> Result<(), StoreError> {
        in_transaction!(self, "recording heartbeats", |write| record_all(&mut write, agents, now))
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
        let (idle, offline) = (micros(idle_before), micros(offline_before));
        if !reading!(self, "looking for silent agents", |connection| are_silent(connection, idle, offline))? {
            return Ok(());
        }
        in_transaction!(self, "marking silent agents", |write| mark_silent(&mut write, idle, offline))
    }

    async fn targeted_agents(
        &self,
        target: &Target,
        now: SystemTime,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<TargetedAgent>, StoreError> {
        targeted_by_pages(self, target, now, after, limit).await
    }

    async fn forget_agents(&self, before: SystemTime, limit: u32) -> Result<u64, StoreError> {
        if !reading!(self, "looking for old agents", |connection| retention::is_old_agent(
            connection, before
        ))? {
            return Ok(0);
        }
        in_transaction!(self, "deleting old agents", |write| retention::agents(&mut write, before, limit))
    }
}

const ALL: &str = "SELECT id AS agent_id, name AS agent_name, queue_location, mode, version, pid, loader_name,
        start_time AS agent_start_time, destruction_time, heartbeat_time, refresh_time, status AS agent_status,
        environment, tags
    FROM agents WHERE id > ?1 ORDER BY id LIMIT ?2";

/// The plus signs keep SQLite from the index over states: it is good at finding few agents, not at excluding them.
const REACHABLE: &str = "SELECT id AS agent_id, name AS agent_name, queue_location, mode, version, pid, loader_name,
        start_time AS agent_start_time, destruction_time, heartbeat_time, refresh_time, status AS agent_status,
        environment, tags
    FROM agents a WHERE id > ?1 AND +status IN ('online', 'idle') AND NOT EXISTS (
        SELECT 1 FROM agents b WHERE b.queue_location = a.queue_location AND +b.status IN ('online', 'idle')
            AND (b.heartbeat_time, b.id) > (a.heartbeat_time, a.id))
    ORDER BY id LIMIT ?2";

async fn page(
    connection: &mut SqliteConnection,
    sql: &'static str,
    after: Option<AgentId>,
    limit: u32,
) -> Result<Vec<AgentInfo>, Failure> {
    let after = row::id_column("agent id", after.map_or(0, |id| id.get()))?;
    let rows = sqlx::query(sql).bind(after).bind(limit).fetch_all(connection).await?;
    rows.iter().map(row::agent).collect()
}

async fn that_found(
    connection: &mut SqliteConnection,
    action: ActionId,
    found: bool,
) -> Result<BTreeSet<String>, Failure> {
    let sql = "SELECT DISTINCT a.queue_location FROM commands c
            JOIN agents a ON a.id = c.agent_id JOIN results r ON r.command_id = c.id
        WHERE c.action_id = ?1 AND r.found = ?2";
    let query = sqlx::query_scalar(sql).bind(row::id_column("action id", action.get())?).bind(found);
    Ok(query.fetch_all(connection).await?.into_iter().collect())
}

async fn are_silent(connection: &mut SqliteConnection, idle: i64, offline: i64) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM agents WHERE status = 'online' AND heartbeat_time < ?1)
        OR EXISTS (SELECT 1 FROM agents WHERE status = 'idle' AND heartbeat_time < ?2)";
    Ok(sqlx::query_scalar(sql).bind(idle).bind(offline).fetch_one(connection).await?)
}

async fn mark_silent(connection: &mut SqliteConnection, idle: i64, offline: i64) -> Result<(), Failure> {
    let sql = "UPDATE agents SET status = 'offline' WHERE status = 'idle' AND heartbeat_time < ?1";
    sqlx::query(sql).bind(offline).execute(&mut *connection).await?;
    let sql = "UPDATE agents SET status = 'idle' WHERE status = 'online' AND heartbeat_time < ?1";
    sqlx::query(sql).bind(idle).execute(connection).await?;
    Ok(())
}

async fn record_all(
    connection: &mut SqliteConnection,
    agents: &[AgentInfo],
    now: SystemTime,
) -> Result<(), Failure> {
    for agent in agents {
        record(connection, agent, now).await?;
    }
    Ok(())
}

async fn record(
    connection: &mut SqliteConnection,
    agent: &AgentInfo,
    now: SystemTime,
) -> Result<(), Failure> {
    let sql =
        "SELECT id, refresh_time FROM agents WHERE queue_location = ?1 AND pid = ?2 AND status <> 'offline'
        ORDER BY id DESC LIMIT 1";
    let query = sqlx::query(sql).bind(&agent.queue_location).bind(agent.pid);
    let Some(known) = query.fetch_optional(&mut *connection).await? else {
        return insert(connection, agent, now).await;
    };
    let (id, refreshed): (i64, i64) = (known.try_get("id")?, known.try_get("refresh_time")?);
    let is_changed = micros_of(agent.refresh_time) > refreshed.saturating_add(REFRESH_MICROS);
    let sql = if is_changed {
        "UPDATE agents SET status = 'offline' WHERE id = ?1"
    } else {
        "UPDATE agents SET status = 'online', heartbeat_time = ?2 WHERE id = ?1"
    };
    sqlx::query(sql).bind(id).bind(micros(now)).execute(&mut *connection).await?;
    if is_changed { insert(connection, agent, now).await } else { Ok(()) }
}

async fn insert(
    connection: &mut SqliteConnection,
    agent: &AgentInfo,
    now: SystemTime,
) -> Result<(), Failure> {
    let sql = "INSERT INTO agents (name, queue_location, mode, version, pid, loader_name, start_time, destruction_time,
            heartbeat_time, refresh_time, status, environment, tags)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'online', ?11, ?12)";
    sqlx::query(sql)
        .bind(&agent.name)
        .bind(&agent.queue_location)
        .bind(&agent.mode)
        .bind(&agent.version)
        .bind(agent.pid)
        .bind(&agent.loader_name)
        .bind(micros_if_set(agent.start_time).unwrap_or(micros(now)))
        .bind(micros_of(Time::NOT_FINISHED))
        .bind(micros(now))
        .bind(micros_of(agent.refresh_time))
        .bind(json::to_string(&agent.environment)?)
        .bind(json::to_string(&agent.tags)?)
        .execute(connection)
        .await?;
    Ok(())
}
