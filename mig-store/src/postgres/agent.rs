//! Agents.

use super::{
    PostgresStore,
    failure::Failure,
    heartbeat,
    moment::Moment,
    retention, row,
    target::{Compiled, compile},
    write::{Write, in_transaction, reading},
};
use async_trait::async_trait;
use mig_core::{
    agent_info::AgentInfo,
    id::{ActionId, AgentId},
    store::{AgentStore, StoreError, TargetedAgent},
    target::Target,
    time::Time,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, PgConnection, Row as _,
    postgres::{PgArguments, PgRow},
};
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

    async fn targeted_agents(
        &self,
        target: &Target,
        now: SystemTime,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<TargetedAgent>, StoreError> {
        let page = Page { target, now, after, limit };
        reading!(self, "finding the agents of a target", |connection| async {
            let rows = page.rows(connection, TARGETED_WHERE).await;
            let rows = rows.map_err(|failure| match failure.is_timeout() {
                true => StoreError::TargetTooSlow { place: self.place.clone() }.into(),
                false => failure,
            })?;
            rows.iter().map(targeted).collect::<Result<_, Failure>>()
        })
    }

    async fn forget_agents(&self, before: SystemTime, limit: u32) -> Result<u64, StoreError> {
        let is_old_agent = retention::is_old_agent;
        if !reading!(self, "looking for old agents", |connection| is_old_agent(connection, before))? {
            return Ok(0);
        }
        in_transaction!(self, "deleting old agents", |write| async {
            write.is_news = false;
            retention::agents(&mut write, before, limit).await
        })
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

/// `SELECT`s without their end, which a target and a page follow.
const ALL_WHERE: &str = select_agents!("WHERE a.id > $1 AND ");

const REACHABLE_WHERE: &str = select_agents!(
    "WHERE a.id > $1 AND a.status IN ('online', 'idle') AND NOT EXISTS (
        SELECT 1 FROM agents b WHERE b.queue_location = a.queue_location AND b.status IN ('online', 'idle')
            AND (b.heartbeat_time, b.id) > (a.heartbeat_time, a.id)) AND "
);

const TARGETED_WHERE: &str = "SELECT a.id, a.queue_location FROM agents a
    WHERE a.id > $1 AND a.status IN ('online', 'idle') AND NOT EXISTS (
        SELECT 1 FROM agents b WHERE b.queue_location = a.queue_location AND b.status IN ('online', 'idle')
            AND (b.heartbeat_time, b.id) > (a.heartbeat_time, a.id)) AND ";

fn targeted(row: &PgRow) -> Result<TargetedAgent, Failure> {
    Ok(TargetedAgent {
        id: AgentId::new(row::number(row, "id")?),
        queue_location: row.try_get("queue_location")?,
    })
}

impl PostgresStore {
    /// Up to `limit` agents with ids above `after`, by id, in whatever state, that a target holds for at `now`.
    ///
    /// # Errors
    /// [`StoreError::NulCharacter`] for a target with a NUL; [`StoreError`] if the server fails.
    pub async fn agents_where(
        &self,
        target: &Target,
        now: SystemTime,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<AgentInfo>, StoreError> {
        let page = Page { target, now, after, limit };
        reading!(self, "searching agents", |connection| page.read(connection, ALL_WHERE))
    }

    /// Like [`agents_where`](Self::agents_where), of those that [`reachable_agents`](AgentStore::reachable_agents) gives.
    ///
    /// # Errors
    /// As [`agents_where`](Self::agents_where).
    pub async fn reachable_agents_where(
        &self,
        target: &Target,
        now: SystemTime,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<AgentInfo>, StoreError> {
        let page = Page { target, now, after, limit };
        reading!(self, "searching reachable agents", |connection| page.read(connection, REACHABLE_WHERE))
    }
}

impl PostgresStore {
    /// How many agents [`reachable_agents_where`](Self::reachable_agents_where) gives in all.
    ///
    /// # Errors
    /// As [`agents_where`](Self::agents_where).
    pub async fn count_reachable_where(&self, target: &Target, now: SystemTime) -> Result<u64, StoreError> {
        reading!(self, "counting the agents of a target", |connection| count(connection, target, now))
    }
}

async fn count(connection: &mut PgConnection, target: &Target, now: SystemTime) -> Result<u64, Failure> {
    let Compiled { sql, arguments } = compile(target.condition(), Time::from(now), PgArguments::default())?;
    let sql = AssertSqlSafe(format!("{COUNT_REACHABLE_WHERE}{sql}"));
    let query = sqlx::query_scalar_with::<_, i64, _>(sql, arguments).persistent(false);
    Ok(u64::try_from(query.fetch_one(connection).await?).unwrap_or(0))
}

const COUNT_REACHABLE_WHERE: &str =
    "SELECT count(*) FROM agents a WHERE a.status IN ('online', 'idle') AND NOT EXISTS (
        SELECT 1 FROM agents b WHERE b.queue_location = a.queue_location AND b.status IN ('online', 'idle')
            AND (b.heartbeat_time, b.id) > (a.heartbeat_time, a.id)) AND ";

/// A page of the agents that a target holds for.
struct Page<'a> {
    target: &'a Target,
    now: SystemTime,
    after: Option<AgentId>,
    limit: u32,
}

impl Page<'_> {
    async fn read(&self, connection: &mut PgConnection, select: &str) -> Result<Vec<AgentInfo>, Failure> {
        self.rows(connection, select).await?.iter().map(row::agent).collect()
    }

    async fn rows(&self, connection: &mut PgConnection, select: &str) -> Result<Vec<PgRow>, Failure> {
        let mut arguments = PgArguments::default();
        let mut add = |number: i64| arguments.add(number).map_err(sqlx::Error::Encode);
        add(row::id_column("agent id", self.after.map_or(0, |id| id.get()))?)?;
        add(i64::from(self.limit))?;
        let Compiled { sql, arguments } = compile(self.target.condition(), Time::from(self.now), arguments)?;
        // Our own text around text of `compile`, which takes nothing from literals. A target is seldom asked twice: its
        // statement is not kept.
        let sql = AssertSqlSafe(format!("{select}{sql} ORDER BY a.id LIMIT $2"));
        Ok(sqlx::query_with(sql, arguments).persistent(false).fetch_all(connection).await?)
    }
}

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
