//! Who may call, and with what rights.

use super::{
    SqliteStore,
    failure::Failure,
    row,
    time::micros,
    write::{Write, in_transaction, reading},
};
use async_trait::async_trait;
use mig_core::{
    id::InvestigatorId,
    permissions::Permissions,
    sign::Fingerprint,
    store::{AccessStore, Account, ApiKeyHash, InvestigatorStatus, KeyHolder, NewAccount, StoreError},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::time::SystemTime;

#[async_trait]
impl AccessStore for SqliteStore {
    async fn account_of_key(&self, fingerprint: &Fingerprint) -> Result<Option<Account>, StoreError> {
        reading!(self, "reading who has a key", |connection| of_key(connection, fingerprint))
    }

    async fn account(&self, id: InvestigatorId) -> Result<Account, StoreError> {
        reading!(self, "reading the rights of an investigator", |connection| one(connection, id))
    }

    async fn key_holders(&self, prefix: &str) -> Result<Vec<KeyHolder>, StoreError> {
        reading!(self, "reading who has an API key", |connection| holders(connection, prefix))
    }

    async fn public_key(&self, fingerprint: &Fingerprint) -> Result<Option<String>, StoreError> {
        reading!(self, "reading a public key", |connection| public_key(connection, fingerprint))
    }

    async fn create_account(
        &self,
        new: &NewAccount,
        now: SystemTime,
    ) -> Result<Option<InvestigatorId>, StoreError> {
        in_transaction!(self, "adding an investigator", |write| create(&mut write, new, now))
    }

    async fn set_permissions(
        &self,
        id: InvestigatorId,
        permissions: Permissions,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, "changing rights", |write| set_permissions(&mut write, id, permissions, now))
    }

    async fn set_api_key(
        &self,
        id: InvestigatorId,
        key: Option<&ApiKeyHash>,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        in_transaction!(self, "changing an API key", |write| set_api_key(&mut write, id, key, now))
    }
}

fn account(row: &SqliteRow) -> Result<Account, Failure> {
    Ok(Account {
        id: InvestigatorId::new(row::number(row, "id")?),
        name: row.try_get("name")?,
        status: row::word(row, "status")?,
        permissions: Permissions::from_mask(row::number(row, "permissions")?),
    })
}

async fn of_key(
    connection: &mut SqliteConnection,
    fingerprint: &Fingerprint,
) -> Result<Option<Account>, Failure> {
    let sql = "SELECT id, name, status, permissions FROM investigators WHERE fingerprint = ?1";
    let found = sqlx::query(sql).bind(fingerprint.to_upper()).fetch_optional(connection).await?;
    found.as_ref().map(account).transpose()
}

async fn one(connection: &mut SqliteConnection, id: InvestigatorId) -> Result<Account, Failure> {
    let sql = "SELECT id, name, status, permissions FROM investigators WHERE id = ?1";
    let query = sqlx::query(sql).bind(row::id_column("investigator id", id.get())?);
    account(&query.fetch_optional(connection).await?.ok_or(StoreError::InvestigatorNotFound(id))?)
}

async fn holders(connection: &mut SqliteConnection, prefix: &str) -> Result<Vec<KeyHolder>, Failure> {
    let sql = "SELECT id, name, status, permissions, api_key, api_salt FROM investigators
        WHERE api_key IS NOT NULL AND (api_prefix = ?1 OR api_prefix IS NULL) AND status = ?2 ORDER BY id";
    let query = sqlx::query(sql).bind(prefix).bind(InvestigatorStatus::Active.as_str());
    query.fetch_all(connection).await?.iter().map(holder).collect()
}

fn holder(row: &SqliteRow) -> Result<KeyHolder, Failure> {
    let salt: Option<Vec<u8>> = row.try_get("api_salt")?;
    Ok(KeyHolder { account: account(row)?, hash: row.try_get("api_key")?, salt: salt.unwrap_or_default() })
}

async fn public_key(
    connection: &mut SqliteConnection,
    fingerprint: &Fingerprint,
) -> Result<Option<String>, Failure> {
    let sql = "SELECT public_key FROM investigators WHERE fingerprint = ?1";
    Ok(sqlx::query_scalar(sql).bind(fingerprint.to_upper()).fetch_optional(connection).await?)
}

async fn create(
    connection: &mut SqliteConnection,
    new: &NewAccount,
    now: SystemTime,
) -> Result<Option<InvestigatorId>, Failure> {
    let sql = "INSERT INTO investigators (name, fingerprint, public_key, status, created_at, last_modified, permissions)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT (fingerprint) DO NOTHING RETURNING id";
    let (fingerprint, key) = match &new.key {
        Some((fingerprint, key)) => (Some(fingerprint.to_upper()), key.as_str()),
        None => (None, ""),
    };
    let query = sqlx::query(sql).bind(&new.name).bind(fingerprint).bind(key);
    let query = query.bind(InvestigatorStatus::Active.as_str()).bind(micros(now)).bind(mask(new.permissions));
    let found = query.fetch_optional(connection).await?;
    found.map(|row| Ok(InvestigatorId::new(row::number(&row, "id")?))).transpose()
}

/// The mask has 19 bits.
fn mask(permissions: Permissions) -> i64 {
    i64::try_from(permissions.mask()).unwrap_or(0)
}

/// Those who may change others.
const ADMINISTRATOR: Permissions = Permissions { investigator_update: true, ..NOBODY };
const NOBODY: Permissions = Permissions::from_mask(0);

async fn set_permissions(
    connection: &mut SqliteConnection,
    id: InvestigatorId,
    permissions: Permissions,
    now: SystemTime,
) -> Result<bool, Failure> {
    let before = one(&mut *connection, id).await?;
    if before.permissions.investigator_update && !permissions.investigator_update {
        let sql = "SELECT EXISTS (SELECT 1 FROM investigators
            WHERE id <> ?1 AND status = ?2 AND permissions & ?3 = ?3)";
        let query = sqlx::query_scalar(sql).bind(row::id_column("investigator id", id.get())?);
        let query = query.bind(InvestigatorStatus::Active.as_str()).bind(mask(ADMINISTRATOR));
        if !query.fetch_one(&mut *connection).await? {
            return Ok(false);
        }
    }
    let sql = "UPDATE investigators SET permissions = ?2, last_modified = ?3 WHERE id = ?1";
    let query = sqlx::query(sql).bind(row::id_column("investigator id", id.get())?);
    query.bind(mask(permissions)).bind(micros(now)).execute(connection).await?;
    Ok(true)
}

async fn set_api_key(
    connection: &mut SqliteConnection,
    id: InvestigatorId,
    key: Option<&ApiKeyHash>,
    now: SystemTime,
) -> Result<(), Failure> {
    let sql = "UPDATE investigators SET api_prefix = ?2, api_key = ?3, api_salt = ?4, last_modified = ?5 WHERE id = ?1";
    let query = sqlx::query(sql).bind(row::id_column("investigator id", id.get())?);
    let query = query
        .bind(key.map(|key| key.prefix.as_str()))
        .bind(key.map(|key| key.hash.as_slice()))
        .bind(key.map(|key| key.salt.as_slice()));
    if query.bind(micros(now)).execute(connection).await?.rows_affected() == 0 {
        return Err(StoreError::InvestigatorNotFound(id).into());
    }
    Ok(())
}
