//! Investigators.

use super::{
    SqliteStore,
    failure::Failure,
    row,
    time::{micros, time},
    write::{Write, in_transaction, reading},
};
use async_trait::async_trait;
use mig_core::{
    id::InvestigatorId,
    investigator::Investigator,
    json::Bytes,
    permissions::Permissions,
    store::{ActiveKey, InvestigatorStatus, InvestigatorStore, NewInvestigator, StoreError},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::time::SystemTime;

#[async_trait]
impl InvestigatorStore for SqliteStore {
    async fn insert_investigator(
        &self,
        new: &NewInvestigator,
        now: SystemTime,
    ) -> Result<InvestigatorId, StoreError> {
        in_transaction!(self, "adding an investigator", |write| insert(&mut write, new, now))
    }

    async fn investigator(&self, id: InvestigatorId) -> Result<Investigator, StoreError> {
        reading!(self, "reading an investigator", |connection| one(connection, id))
    }

    async fn set_investigator_status(
        &self,
        id: InvestigatorId,
        status: InvestigatorStatus,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        in_transaction!(self, "changing an investigator", |write| set_status(&mut write, id, status, now))
    }

    async fn active_keys(&self) -> Result<Vec<ActiveKey>, StoreError> {
        reading!(self, "reading the keys of investigators", |connection| active_keys(connection))
    }
}

pub(super) fn investigator(row: &SqliteRow) -> Result<Investigator, Failure> {
    Ok(Investigator {
        id: InvestigatorId::new(row::number(row, "id")?),
        permissions: Permissions::from_mask(row::number(row, "permissions")?),
        name: row.try_get("name")?,
        fingerprint: row.try_get::<Option<_>, _>("fingerprint")?.unwrap_or_default(),
        status: row.try_get("status")?,
        created_at: time(row.try_get("created_at")?),
        last_modified: time(row.try_get("last_modified")?),
        ..Investigator::default()
    })
}

async fn insert(
    connection: &mut SqliteConnection,
    new: &NewInvestigator,
    now: SystemTime,
) -> Result<InvestigatorId, Failure> {
    let sql = "INSERT INTO investigators (name, fingerprint, public_key, status, created_at, last_modified)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (fingerprint) DO NOTHING";
    let fingerprint = new.fingerprint.to_upper();
    let query = sqlx::query(sql).bind(&new.name).bind(&fingerprint).bind(&new.public_key);
    query.bind(InvestigatorStatus::Active.as_str()).bind(micros(now)).execute(&mut *connection).await?;
    let sql = "SELECT id FROM investigators WHERE fingerprint = ?1";
    let found = sqlx::query(sql).bind(&fingerprint).fetch_one(connection).await?;
    Ok(InvestigatorId::new(row::number(&found, "id")?))
}

async fn one(connection: &mut SqliteConnection, id: InvestigatorId) -> Result<Investigator, Failure> {
    let sql = "SELECT id, name, fingerprint, status, created_at, last_modified, permissions, public_key,
            api_key IS NOT NULL AS has_api_key
        FROM investigators WHERE id = ?1";
    let query = sqlx::query(sql).bind(row::id_column("investigator id", id.get())?);
    let found = query.fetch_optional(connection).await?.ok_or(StoreError::InvestigatorNotFound(id))?;
    let has_api_key: bool = found.try_get("has_api_key")?;
    Ok(Investigator {
        public_key: Bytes(found.try_get::<String, _>("public_key")?.into_bytes()),
        api_key: if has_api_key { "set".to_owned() } else { String::new() },
        ..investigator(&found)?
    })
}

async fn set_status(
    connection: &mut SqliteConnection,
    id: InvestigatorId,
    status: InvestigatorStatus,
    now: SystemTime,
) -> Result<(), Failure> {
    let sql = "UPDATE investigators SET status = ?2, last_modified = ?3 WHERE id = ?1";
    let query = sqlx::query(sql).bind(row::id_column("investigator id", id.get())?);
    let done = query.bind(status.as_str()).bind(micros(now)).execute(connection).await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::InvestigatorNotFound(id).into());
    }
    Ok(())
}

async fn active_keys(connection: &mut SqliteConnection) -> Result<Vec<ActiveKey>, Failure> {
    let sql = "SELECT id, fingerprint, public_key FROM investigators WHERE status = ?1 AND fingerprint IS NOT NULL ORDER BY id";
    let rows = sqlx::query(sql).bind(InvestigatorStatus::Active.as_str()).fetch_all(connection).await?;
    rows.iter().map(active_key).collect()
}

fn active_key(row: &SqliteRow) -> Result<ActiveKey, Failure> {
    Ok(ActiveKey {
        investigator: InvestigatorId::new(row::number(row, "id")?),
        fingerprint: row::word(row, "fingerprint")?,
        public_key: row.try_get("public_key")?,
    })
}
