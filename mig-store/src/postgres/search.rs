//! Searches.

use super::{
    PostgresStore,
    action::complete,
    command::{select_commands, with_results},
    failure::Failure,
    investigator::investigator,
    moment::Moment,
    row,
    write::{in_snapshot, reading},
};
use crate::search::{self, Counts, Piece};
use async_trait::async_trait;
use mig_core::{
    agent_info::AgentInfo,
    api::Search,
    id::{ActionId, AgentId},
    investigator::Investigator,
    statistics::AgentsStatistics,
    store::{SearchPage, SearchStore, StoreError, StoredAction, StoredCommand, TargetPreview},
    target::Target,
    time::Time,
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};
use std::time::SystemTime;

#[async_trait]
impl SearchStore for PostgresStore {
    async fn find_actions(
        &self,
        search: &Search,
        page: &SearchPage,
    ) -> Result<Vec<StoredAction>, StoreError> {
        in_snapshot!(self, "searching actions", |connection| async {
            let rows = rows(connection, "SELECT x.* FROM actions x ", &search::actions(search, page)).await?;
            complete(connection, &rows).await
        })
    }

    async fn find_commands(
        &self,
        search: &Search,
        page: &SearchPage,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        in_snapshot!(self, "searching commands", |connection| async {
            let rows = rows(connection, select_commands!(""), &search::commands(search, page)).await?;
            with_results(connection, &rows).await
        })
    }

    async fn find_agents(&self, search: &Search, page: &SearchPage) -> Result<Vec<AgentInfo>, StoreError> {
        reading!(self, "searching agents", |connection| async {
            let rows = rows(connection, SELECT_AGENTS, &search::agents(search, page)).await?;
            rows.iter().map(row::agent).collect::<Result<Vec<_>, Failure>>()
        })
    }

    async fn find_investigators(
        &self,
        search: &Search,
        page: &SearchPage,
    ) -> Result<Vec<Investigator>, StoreError> {
        reading!(self, "searching investigators", |connection| async {
            let rows = rows(connection, SELECT_INVESTIGATORS, &search::investigators(search, page)).await?;
            rows.iter().map(investigator).collect::<Result<Vec<_>, Failure>>()
        })
    }

    async fn actions_by_id(&self, ids: &[ActionId]) -> Result<Vec<StoredAction>, StoreError> {
        in_snapshot!(self, "reading actions", |connection| async {
            let sql = "SELECT * FROM actions WHERE id = ANY($1)";
            let ids = row::id_list("action id", ids.iter().map(|id| id.get()))?;
            let rows = sqlx::query(sql).bind(ids).fetch_all(&mut *connection).await?;
            complete(connection, &rows).await
        })
    }

    async fn agents_of_target(
        &self,
        target: &Target,
        now: SystemTime,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<AgentInfo>, StoreError> {
        self.agents_where(target, now, after, limit).await
    }

    async fn preview_target(
        &self,
        target: &Target,
        now: SystemTime,
        first: u32,
    ) -> Result<TargetPreview, StoreError> {
        let count = self.count_reachable_where(target, now).await?;
        Ok(TargetPreview { count, agents: self.reachable_agents_where(target, now, None, first).await? })
    }

    async fn agents_statistics(&self, now: SystemTime) -> Result<AgentsStatistics, StoreError> {
        let now = Time::from(now);
        let counts = in_snapshot!(self, "counting agents", |connection| counts(connection, now))?;
        Ok(counts.into_statistics(now))
    }
}

const SELECT_AGENTS: &str =
    "SELECT a.id AS agent_id, a.name AS agent_name, a.queue_location, a.mode, a.version, a.pid,
        a.loader_name, a.start_time AS agent_start_time, a.destruction_time, a.heartbeat_time, a.refresh_time,
        a.status AS agent_status, a.environment, a.tags
    FROM agents a ";

const SELECT_INVESTIGATORS: &str =
    "SELECT i.id, i.name, i.fingerprint, i.status, i.created_at, i.last_modified, i.permissions
    FROM investigators i ";

async fn rows(
    connection: &mut PgConnection,
    select: &'static str,
    pieces: &[Piece],
) -> Result<Vec<PgRow>, Failure> {
    let mut builder = QueryBuilder::<Postgres>::new(select);
    for piece in pieces {
        match piece {
            Piece::Sql(text) => builder.push(text),
            Piece::Number(number) => builder.push_bind(*number),
            Piece::Time(micros) => builder.push_bind(Moment::from_micros(*micros)),
            Piece::Flag(flag) => builder.push_bind(*flag),
            Piece::Text(text) => builder.push_bind(text.clone()),
            // An array is made once, and few elements lead to an index: `IN` would join.
            Piece::Among => builder.push(" = ANY (ARRAY("),
            Piece::AmongEnd => builder.push("))"),
            Piece::Like(column, pattern) => like(&mut builder, column, pattern),
            Piece::FamilyLike(pattern) => like(&mut builder, "(x.threat::json ->> 'family')", pattern),
        };
    }
    Ok(builder.build().fetch_all(connection).await?)
}

/// The case of A to Z only, whatever the database's language.
fn like<'b>(
    builder: &'b mut QueryBuilder<Postgres>,
    column: &'static str,
    pattern: &str,
) -> &'b mut QueryBuilder<Postgres> {
    builder.push(column).push(" COLLATE \"C\" ILIKE ").push_bind(pattern.to_owned())
}

async fn counts(connection: &mut PgConnection, now: Time) -> Result<Counts, Failure> {
    let endpoints = rows(connection, "", &search::endpoints(now)).await?;
    let endpoints = endpoints.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(Counts {
        online: by_version(connection, search::ONLINE_BY_VERSION).await?,
        idle: by_version(connection, search::IDLE_BY_VERSION).await?,
        online_endpoints: endpoints.try_get("online")?,
        idle_endpoints: endpoints.try_get("idle")?,
        several: endpoints.try_get("several")?,
        flapping: endpoints.try_get("flapping")?,
        disappeared: endpoints.try_get("disappeared")?,
        new: endpoints.try_get("new")?,
    })
}

async fn by_version(connection: &mut PgConnection, sql: &'static str) -> Result<Vec<(String, i64)>, Failure> {
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("version")?, row.try_get("agents")?))).collect()
}
