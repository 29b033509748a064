//! Searches.

use super::{
    SqliteStore,
    action::complete,
    command::{select_commands, with_results},
    failure::Failure,
    investigator::investigator,
    row::{self, number_list},
    write::reading,
};
use crate::search::{self, Counts, Piece};
use async_trait::async_trait;
use mig_core::{
    agent_info::AgentInfo,
    api::Search,
    id::ActionId,
    investigator::Investigator,
    statistics::AgentsStatistics,
    store::{SearchPage, SearchStore, StoreError, StoredAction, StoredCommand},
    time::Time,
};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};
use std::time::SystemTime;

#[async_trait]
impl SearchStore for SqliteStore {
    async fn find_actions(
        &self,
        search: &Search,
        page: &SearchPage,
    ) -> Result<Vec<StoredAction>, StoreError> {
        reading!(self, "searching actions", |connection| async {
            let rows = rows(connection, "SELECT x.* FROM actions x ", &search::actions(search, page)).await?;
            complete_all(connection, &rows).await
        })
    }

    async fn find_commands(
        &self,
        search: &Search,
        page: &SearchPage,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        reading!(self, "searching commands", |connection| async {
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
        reading!(self, "reading actions", |connection| async {
            let sql = "SELECT * FROM actions WHERE id IN (SELECT value FROM json_each(?1))";
            let ids = number_list(ids.iter().map(|id| id.get()))?;
            let rows = sqlx::query(sql).bind(ids).fetch_all(&mut *connection).await?;
            complete_all(connection, &rows).await
        })
    }

    async fn agents_statistics(&self, now: SystemTime) -> Result<AgentsStatistics, StoreError> {
        let now = Time::from(now);
        let counts = reading!(self, "counting agents", |connection| counts(connection, now))?;
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
    connection: &mut SqliteConnection,
    select: &'static str,
    pieces: &[Piece],
) -> Result<Vec<SqliteRow>, Failure> {
    let mut builder = QueryBuilder::<Sqlite>::new(select);
    for piece in pieces {
        match piece {
            Piece::Sql(text) => builder.push(text),
            Piece::Number(number) | Piece::Time(number) => builder.push_bind(*number),
            Piece::Flag(flag) => builder.push_bind(*flag),
            Piece::Text(text) => builder.push_bind(text.clone()),
            Piece::Among => builder.push(" IN ("),
            Piece::AmongEnd => builder.push(")"),
            Piece::Like(column, pattern) => like(&mut builder, column, pattern),
            Piece::FamilyLike(pattern) => like(&mut builder, "(x.threat ->> 'family')", pattern),
        };
    }
    Ok(builder.build().fetch_all(connection).await?)
}

/// `LIKE` of SQLite is `ILIKE` under collation `C`, but for the escape.
fn like<'b>(
    builder: &'b mut QueryBuilder<Sqlite>,
    column: &'static str,
    pattern: &str,
) -> &'b mut QueryBuilder<Sqlite> {
    builder.push(column).push(" LIKE ").push_bind(pattern.to_owned()).push(" ESCAPE '\\'")
}

async fn complete_all(
    connection: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Vec<StoredAction>, Failure> {
    let mut actions = Vec::with_capacity(rows.len());
    for found in rows {
        actions.push(complete(connection, found).await?);
    }
    Ok(actions)
}

async fn counts(connection: &mut SqliteConnection, now: Time) -> Result<Counts, Failure> {
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

async fn by_version(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<Vec<(String, i64)>, Failure> {
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("version")?, row.try_get("agents")?))).collect()
}
