//! Actions.

use super::{
    SqliteStore, command,
    failure::Failure,
    investigator::investigator,
    lease, retention, row,
    settle::apply,
    time::{micros, micros_of},
    write::{Write, in_transaction, reading},
};
use async_trait::async_trait;
use mig_core::{
    id::ActionId,
    json,
    scheduler::flow::{ActionEvent, ActionStatus},
    store::{ActionStore, Insertion, Lease, NewAction, NewCommand, OwnerId, StoreError, StoredAction},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::time::SystemTime;

#[async_trait]
impl ActionStore for SqliteStore {
    async fn insert_action(&self, new: &NewAction, lease: Option<&Lease>) -> Result<Insertion, StoreError> {
        in_transaction!(self, "keeping an action", |write| insert(&mut write, new, lease))
    }

    async fn action(&self, id: ActionId) -> Result<StoredAction, StoreError> {
        reading!(self, "reading an action", |connection| one(connection, id))
    }

    async fn actions(&self, before: Option<ActionId>, limit: u32) -> Result<Vec<StoredAction>, StoreError> {
        reading!(self, "reading actions", |connection| page(connection, before, limit))
    }

    async fn claim_actions(
        &self,
        lease: &Lease,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<StoredAction>, StoreError> {
        let due = reading!(self, "looking for actions to launch", |connection| due(
            connection,
            &lease.owner,
            now,
            limit
        ))?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        in_transaction!(self, "claiming actions", |write| claim(&mut write, lease, now, limit))
    }

    async fn launch_action(
        &self,
        id: ActionId,
        owner: &OwnerId,
        commands: &[NewCommand],
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, "launching an action", |write| launch(&mut write, id, owner, commands, now))
    }

    async fn refuse_action(
        &self,
        id: ActionId,
        owner: &OwnerId,
        reason: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, "refusing an action", |write| refuse(&mut write, id, owner, reason, now))
    }

    async fn cancel_action(&self, id: ActionId, now: SystemTime) -> Result<ActionStatus, StoreError> {
        in_transaction!(self, "cancelling an action", |write| cancel(&mut write, id, now))
    }

    async fn expire_actions(&self, now: SystemTime) -> Result<u64, StoreError> {
        let late = reading!(self, "looking for late actions", |connection| late(connection, now))?;
        if late.is_empty() {
            return Ok(0);
        }
        in_transaction!(self, "letting actions expire", |write| expire(&mut write, now))
    }

    async fn forget_actions(&self, before: SystemTime, limit: u32) -> Result<u64, StoreError> {
        if reading!(self, "looking for old actions", |connection| retention::old_action(connection, before))?
            .is_none()
        {
            return Ok(0);
        }
        in_transaction!(self, "deleting old actions", |write| retention::actions(&mut write, before, limit))
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    new: &NewAction,
    lease: Option<&Lease>,
) -> Result<Insertion, Failure> {
    let known = sqlx::query("SELECT id FROM actions WHERE digest = ?1").bind(new.digest.as_slice());
    if let Some(known) = known.fetch_optional(&mut *connection).await? {
        return Ok(Insertion::Known(ActionId::new(row::number(&known, "id")?)));
    }
    let id = row::id_column("action id", new.action.id.get())?;
    let taken = sqlx::query("SELECT 1 FROM actions WHERE id = ?1").bind(id);
    if taken.fetch_optional(&mut *connection).await?.is_some() {
        return Err(StoreError::ActionIdTaken(new.action.id).into());
    }
    insert_row(connection, id, new, lease.map(|lease| &lease.owner)).await?;
    insert_signatures(connection, id, new).await?;
    if let Some(lease) = lease {
        lease::renew(connection, lease).await?;
    }
    Ok(Insertion::New(new.action.id))
}

async fn insert_row(
    connection: &mut SqliteConnection,
    id: i64,
    new: &NewAction,
    owner: Option<&OwnerId>,
) -> Result<(), Failure> {
    let sql = "INSERT INTO actions (id, digest, name, target, description, threat, valid_from, expire_after, operations,
            operation_count, signatures, syntax_version, status, owner)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let action = &new.action;
    let operation_count = action.operations.as_ref().map_or(0, Vec::len);
    sqlx::query(sql)
        .bind(id)
        .bind(new.digest.as_slice())
        .bind(&action.name)
        .bind(&action.target)
        .bind(json::to_string(&action.description)?)
        .bind(json::to_string(&action.threat)?)
        .bind(micros_of(action.valid_from))
        .bind(micros_of(action.expire_after))
        .bind(json::to_string(&action.operations)?)
        .bind(i64::try_from(operation_count).unwrap_or(i64::MAX))
        .bind(json::to_string(&action.signatures)?)
        .bind(action.syntax_version)
        .bind(ActionStatus::Pending.as_str())
        .bind(owner.map(|owner| &owner.0))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_signatures(
    connection: &mut SqliteConnection,
    id: i64,
    new: &NewAction,
) -> Result<(), Failure> {
    let sql = "INSERT INTO signatures (action_id, investigator_id, signature) VALUES (?1, ?2, ?3)";
    for (signer, signature) in new.signers.iter().zip(new.action.signatures.iter().flatten()) {
        let signer = row::id_column("investigator id", signer.get())?;
        sqlx::query(sql).bind(id).bind(signer).bind(signature).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn one(connection: &mut SqliteConnection, id: ActionId) -> Result<StoredAction, Failure> {
    let query =
        sqlx::query("SELECT * FROM actions WHERE id = ?1").bind(row::id_column("action id", id.get())?);
    let found = query.fetch_optional(&mut *connection).await?.ok_or(StoreError::ActionNotFound(id))?;
    complete(connection, &found).await
}

async fn page(
    connection: &mut SqliteConnection,
    before: Option<ActionId>,
    limit: u32,
) -> Result<Vec<StoredAction>, Failure> {
    let sql = "SELECT * FROM actions
        WHERE ?1 IS NULL OR sequence < (SELECT sequence FROM actions WHERE id = ?1) ORDER BY sequence DESC LIMIT ?2";
    let before = before.map(|id| row::id_column("action id", id.get())).transpose()?;
    let rows = sqlx::query(sql).bind(before).bind(limit).fetch_all(&mut *connection).await?;
    let mut actions = Vec::with_capacity(rows.len());
    for found in &rows {
        actions.push(complete(connection, found).await?);
    }
    Ok(actions)
}

/// Adds what other tables hold.
pub(super) async fn complete(
    connection: &mut SqliteConnection,
    found: &SqliteRow,
) -> Result<StoredAction, Failure> {
    let mut stored = row::action(found)?;
    let id: i64 = found.try_get("id")?;
    stored.action.counters = command::counters(connection, id).await?;
    let sql = "SELECT i.id, i.name, i.fingerprint, i.status, i.created_at, i.last_modified, i.permissions
        FROM signatures s JOIN investigators i ON i.id = s.investigator_id WHERE s.action_id = ?1 ORDER BY i.id";
    let signers = sqlx::query(sql).bind(id).fetch_all(connection).await?;
    stored.action.investigators = signers.iter().map(investigator).collect::<Result<_, _>>()?;
    Ok(stored)
}

/// Actions that this owner may launch now: nobody's, its own, and those of dead owners.
async fn due(
    connection: &mut SqliteConnection,
    owner: &OwnerId,
    now: SystemTime,
    limit: u32,
) -> Result<Vec<SqliteRow>, Failure> {
    let sql = "SELECT * FROM actions a
        WHERE status IN ('pending', 'scheduled') AND valid_from <= ?1 AND expire_after >= ?1
            AND (owner = ?2 OR NOT EXISTS (SELECT 1 FROM owners o WHERE o.id = a.owner AND o.until >= ?1))
        ORDER BY sequence LIMIT ?3";
    let query = sqlx::query(sql).bind(micros(now)).bind(&owner.0).bind(limit);
    Ok(query.fetch_all(connection).await?)
}

async fn claim(
    connection: &mut SqliteConnection,
    lease: &Lease,
    now: SystemTime,
    limit: u32,
) -> Result<Vec<StoredAction>, Failure> {
    lease::renew(connection, lease).await?;
    let rows = due(connection, &lease.owner, now, limit).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for found in &rows {
        let (id, status) = (found.try_get("id")?, row::word(found, "status")?);
        apply(connection, id, status, ActionEvent::Claimed, now).await?;
        let sql = "UPDATE actions SET owner = ?2, start_time = coalesce(start_time, ?3) WHERE id = ?1";
        let query = sqlx::query(sql).bind(id).bind(&lease.owner.0).bind(micros(now));
        query.execute(&mut *connection).await?;
        claimed.push(one(connection, ActionId::new(row::number(found, "id")?)).await?);
    }
    Ok(claimed)
}

/// The row of an action that is scheduled by this owner; `None` if it is not, any more.
async fn held(
    connection: &mut SqliteConnection,
    id: ActionId,
    owner: &OwnerId,
) -> Result<Option<(i64, ActionStatus)>, Failure> {
    let id = row::id_column("action id", id.get())?;
    let query =
        sqlx::query("SELECT status FROM actions WHERE id = ?1 AND owner = ?2").bind(id).bind(&owner.0);
    let Some(found) = query.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some((id, row::word(&found, "status")?)))
}

async fn launch(
    connection: &mut SqliteConnection,
    id: ActionId,
    owner: &OwnerId,
    commands: &[NewCommand],
    now: SystemTime,
) -> Result<bool, Failure> {
    let Some((id, status)) = held(connection, id, owner).await? else { return Ok(false) };
    if apply(connection, id, status, ActionEvent::Targeted, now).await?.is_none() {
        return Ok(false);
    }
    command::insert_all(connection, id, owner, commands, now).await?;
    Ok(true)
}

async fn refuse(
    connection: &mut SqliteConnection,
    id: ActionId,
    owner: &OwnerId,
    reason: &str,
    now: SystemTime,
) -> Result<bool, Failure> {
    let Some((id, status)) = held(connection, id, owner).await? else { return Ok(false) };
    if apply(connection, id, status, ActionEvent::Refused, now).await?.is_none() {
        return Ok(false);
    }
    let query = sqlx::query("UPDATE actions SET reason = ?2 WHERE id = ?1").bind(id).bind(reason);
    query.execute(connection).await?;
    Ok(true)
}

async fn cancel(
    connection: &mut SqliteConnection,
    id: ActionId,
    now: SystemTime,
) -> Result<ActionStatus, Failure> {
    let row_id = row::id_column("action id", id.get())?;
    let query = sqlx::query("SELECT status FROM actions WHERE id = ?1").bind(row_id);
    let found = query.fetch_optional(&mut *connection).await?.ok_or(StoreError::ActionNotFound(id))?;
    let status = row::word(&found, "status")?;
    let Some(next) = apply(connection, row_id, status, ActionEvent::Cancelled, now).await? else {
        return Ok(status);
    };
    command::cancel_all(connection, row_id, now).await?;
    Ok(next)
}

/// Actions whose window closed before they were launched.
async fn late(connection: &mut SqliteConnection, now: SystemTime) -> Result<Vec<SqliteRow>, Failure> {
    let sql = "SELECT id, status FROM actions WHERE status IN ('pending', 'scheduled') AND expire_after < ?1";
    Ok(sqlx::query(sql).bind(micros(now)).fetch_all(connection).await?)
}

async fn expire(connection: &mut SqliteConnection, now: SystemTime) -> Result<u64, Failure> {
    let mut expired = 0;
    for found in late(connection, now).await? {
        let (id, status) = (found.try_get("id")?, row::word(&found, "status")?);
        let next = apply(connection, id, status, ActionEvent::WindowClosed, now).await?;
        expired += u64::from(next.is_some());
    }
    Ok(expired)
}
