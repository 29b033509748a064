//! Actions.

use super::{
    PostgresStore, command,
    failure::Failure,
    investigator::investigator,
    lease,
    moment::Moment,
    retention, row,
    settle::apply,
    write::{Write, in_snapshot, in_transaction, reading},
};
use async_trait::async_trait;
use mig_core::{
    id::ActionId,
    json,
    scheduler::flow::{ActionEvent, ActionStatus},
    store::{ActionStore, Insertion, Lease, NewAction, NewCommand, OwnerId, StoreError, StoredAction},
};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::{collections::BTreeMap, time::SystemTime};

#[async_trait]
impl ActionStore for PostgresStore {
    async fn insert_action(&self, new: &NewAction, lease: Option<&Lease>) -> Result<Insertion, StoreError> {
        in_transaction!(self, "keeping an action", |write| insert(&mut write, new, lease))
    }

    async fn action(&self, id: ActionId) -> Result<StoredAction, StoreError> {
        in_snapshot!(self, "reading an action", |connection| one(connection, id))
    }

    async fn actions(&self, before: Option<ActionId>, limit: u32) -> Result<Vec<StoredAction>, StoreError> {
        in_snapshot!(self, "reading actions", |connection| page(connection, before, limit))
    }

    async fn claim_actions(
        &self,
        lease: &Lease,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<StoredAction>, StoreError> {
        if !reading!(self, "looking for actions to launch", |connection| are_due(connection, now))? {
            return Ok(Vec::new());
        }
        in_transaction!(self, "claiming actions", |write| async {
            let claimed = claim(&mut write, lease, now, limit).await?;
            write.is_news = !claimed.is_empty();
            Ok::<_, Failure>(claimed)
        })
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
        if !reading!(self, "looking for late actions", |connection| are_late(connection, now))? {
            return Ok(0);
        }
        in_transaction!(self, "letting actions expire", |write| expire(&mut write, now))
    }

    async fn forget_actions(&self, before: SystemTime, limit: u32) -> Result<u64, StoreError> {
        let is_old_action = retention::is_old_action;
        if !reading!(self, "looking for old actions", |connection| is_old_action(connection, before))? {
            return Ok(0);
        }
        in_transaction!(self, "deleting old actions", |write| retention::actions(&mut write, before, limit))
    }
}

async fn insert(
    connection: &mut PgConnection,
    new: &NewAction,
    lease: Option<&Lease>,
) -> Result<Insertion, Failure> {
    if let Some(lease) = lease {
        lease::renew(connection, lease).await?;
    }
    let id = row::id_column("action id", new.action.id.get())?;
    if insert_row(connection, id, new, lease.map(|lease| &lease.owner)).await? {
        insert_signatures(connection, id, new).await?;
        return Ok(Insertion::New(new.action.id));
    }
    // Another action has the digest or the id; it is committed, or we would have waited.
    let known = sqlx::query("SELECT id FROM actions WHERE digest = $1").bind(new.digest.as_slice());
    match known.fetch_optional(connection).await? {
        Some(known) => Ok(Insertion::Known(ActionId::new(row::number(&known, "id")?))),
        None => Err(StoreError::ActionIdTaken(new.action.id).into()),
    }
}

/// False if another action has the digest or the id.
async fn insert_row(
    connection: &mut PgConnection,
    id: i64,
    new: &NewAction,
    owner: Option<&OwnerId>,
) -> Result<bool, Failure> {
    let sql = "INSERT INTO actions (id, digest, name, target, description, threat, valid_from, expire_after, operations,
            operation_count, signatures, syntax_version, status, owner)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING";
    let action = &new.action;
    let operation_count = action.operations.as_ref().map_or(0, Vec::len);
    let inserted = sqlx::query(sql)
        .bind(id)
        .bind(new.digest.as_slice())
        .bind(row::exact("action name", &action.name)?)
        .bind(row::exact("action target", &action.target)?)
        .bind(json::to_string(&action.description)?)
        .bind(json::to_string(&action.threat)?)
        .bind(Moment::of(action.valid_from))
        .bind(Moment::of(action.expire_after))
        .bind(json::to_string(&action.operations)?)
        .bind(i64::try_from(operation_count).unwrap_or(i64::MAX))
        .bind(json::to_string(&action.signatures)?)
        .bind(i64::from(action.syntax_version))
        .bind(ActionStatus::Pending.as_str())
        .bind(owner.map(|owner| &owner.0))
        .execute(connection)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn insert_signatures(connection: &mut PgConnection, id: i64, new: &NewAction) -> Result<(), Failure> {
    let signatures = new.action.signatures.iter().flatten();
    let signatures: Vec<&str> =
        signatures.map(|text| row::exact("signature", text)).collect::<Result<_, _>>()?;
    let signers = row::id_list("investigator id", new.signers.iter().map(|signer| signer.get()))?;
    let both = signers.len().min(signatures.len());
    let sql = "INSERT INTO signatures (action_id, investigator_id, signature)
        SELECT $1, signer, signature FROM unnest($2::bigint[], $3::text[]) AS new (signer, signature)";
    let query = sqlx::query(sql).bind(id).bind(&signers[..both]).bind(&signatures[..both]);
    query.execute(connection).await?;
    Ok(())
}

async fn one(connection: &mut PgConnection, id: ActionId) -> Result<StoredAction, Failure> {
    let query =
        sqlx::query("SELECT * FROM actions WHERE id = $1").bind(row::id_column("action id", id.get())?);
    let found = query.fetch_all(&mut *connection).await?;
    complete(connection, &found).await?.pop().ok_or_else(|| StoreError::ActionNotFound(id).into())
}

async fn page(
    connection: &mut PgConnection,
    before: Option<ActionId>,
    limit: u32,
) -> Result<Vec<StoredAction>, Failure> {
    let last = match before {
        None => Some(i64::MAX),
        Some(id) => {
            let query = sqlx::query_scalar("SELECT sequence FROM actions WHERE id = $1");
            query.bind(row::id_column("action id", id.get())?).fetch_optional(&mut *connection).await?
        }
    };
    let Some(last) = last else { return Ok(Vec::new()) };
    let sql = "SELECT * FROM actions WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2";
    let rows = sqlx::query(sql).bind(last).bind(i64::from(limit)).fetch_all(&mut *connection).await?;
    complete(connection, &rows).await
}

/// Reads actions, with what other tables hold of them.
pub(super) async fn complete(
    connection: &mut PgConnection,
    rows: &[PgRow],
) -> Result<Vec<StoredAction>, Failure> {
    let mut actions = rows.iter().map(row::action).collect::<Result<Vec<_>, _>>()?;
    if actions.is_empty() {
        return Ok(actions);
    }
    let ids = row::id_list("action id", actions.iter().map(|stored| stored.action.id.get()))?;
    let mut counters = command::counters(connection, &ids).await?;
    let sql = "SELECT s.action_id, i.id, i.name, i.fingerprint, i.status, i.created_at, i.last_modified, i.permissions
        FROM signatures s JOIN investigators i ON i.id = s.investigator_id WHERE s.action_id = ANY($1) ORDER BY i.id";
    let mut signers: BTreeMap<i64, Vec<_>> = BTreeMap::new();
    for found in sqlx::query(sql).bind(&ids).fetch_all(connection).await? {
        signers.entry(found.try_get("action_id")?).or_default().push(investigator(&found)?);
    }
    for (stored, id) in actions.iter_mut().zip(&ids) {
        stored.action.counters = counters.remove(id).unwrap_or_default();
        stored.action.investigators = signers.remove(id).unwrap_or_default();
    }
    Ok(actions)
}

async fn are_due(connection: &mut PgConnection, now: SystemTime) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM actions
        WHERE status IN ('pending', 'scheduled') AND valid_from <= $1 AND expire_after >= $1)";
    Ok(sqlx::query_scalar(sql).bind(Moment::at(now)).fetch_one(connection).await?)
}

/// Rounds of a claim: more than one only if others claimed at the same moment.
const ROUNDS: u32 = 8;

/// Takes actions that are nobody's, this owner's, or a dead owner's.
async fn claim(
    connection: &mut PgConnection,
    lease: &Lease,
    now: SystemTime,
    limit: u32,
) -> Result<Vec<StoredAction>, Failure> {
    lease::renew(connection, lease).await?;
    let mut taken: Vec<i64> = Vec::new();
    for _ in 0..ROUNDS {
        let wanted = i64::from(limit) - i64::try_from(taken.len()).unwrap_or(i64::MAX);
        let locked = lock_due(connection, &lease.owner, now, &taken, wanted).await?;
        if locked.is_empty() || wanted <= 0 {
            break;
        }
        taken.extend(keep_free(connection, &lease.owner, now, &locked).await?);
    }
    let Some(next) = ActionStatus::Pending.after(ActionEvent::Claimed) else { return Ok(Vec::new()) };
    let sql = "UPDATE actions SET status = $2, owner = $3, start_time = coalesce(start_time, $4), last_update_time = $4
        WHERE id = ANY($1)";
    let query = sqlx::query(sql).bind(&taken).bind(next.as_str()).bind(&lease.owner.0);
    query.bind(Moment::at(now)).execute(&mut *connection).await?;
    let sql = "SELECT * FROM actions WHERE id = ANY($1) ORDER BY sequence";
    let rows = sqlx::query(sql).bind(&taken).fetch_all(&mut *connection).await?;
    complete(connection, &rows).await
}

/// Locks actions that seem free, passing over those that others work on.
async fn lock_due(
    connection: &mut PgConnection,
    owner: &OwnerId,
    now: SystemTime,
    taken: &[i64],
    limit: i64,
) -> Result<Vec<i64>, Failure> {
    let sql = "SELECT id FROM actions a
        WHERE status IN ('pending', 'scheduled') AND valid_from <= $1 AND expire_after >= $1 AND id <> ALL($3)
            AND (owner IS NULL OR owner = $2
                OR NOT EXISTS (SELECT 1 FROM owners o WHERE o.id = a.owner AND o.until >= $1))
        ORDER BY sequence LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED";
    let query = sqlx::query_scalar(sql).bind(Moment::at(now)).bind(&owner.0).bind(taken).bind(limit.max(0));
    Ok(query.fetch_all(connection).await?)
}

/// Those of locked actions that are free indeed. A statement that locks may see an owner of this moment beside the leases of
/// its beginning, and take a new owner for a dead one; this one begins behind the locks.
async fn keep_free(
    connection: &mut PgConnection,
    owner: &OwnerId,
    now: SystemTime,
    locked: &[i64],
) -> Result<Vec<i64>, Failure> {
    let sql = "SELECT id FROM actions a WHERE id = ANY($3)
        AND (owner = $2 OR NOT EXISTS (SELECT 1 FROM owners o WHERE o.id = a.owner AND o.until >= $1))";
    let query = sqlx::query_scalar(sql).bind(Moment::at(now)).bind(&owner.0).bind(locked);
    Ok(query.fetch_all(connection).await?)
}

/// The row of an action that belongs to this owner, locked; `None` if it does not, any more.
async fn held(
    connection: &mut PgConnection,
    id: ActionId,
    owner: &OwnerId,
) -> Result<Option<(i64, ActionStatus)>, Failure> {
    let id = row::id_column("action id", id.get())?;
    let sql = "SELECT status FROM actions WHERE id = $1 AND owner = $2 FOR NO KEY UPDATE";
    let query = sqlx::query(sql).bind(id).bind(&owner.0);
    let Some(found) = query.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some((id, row::word(&found, "status")?)))
}

async fn launch(
    connection: &mut PgConnection,
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
    connection: &mut PgConnection,
    id: ActionId,
    owner: &OwnerId,
    reason: &str,
    now: SystemTime,
) -> Result<bool, Failure> {
    let Some((id, status)) = held(connection, id, owner).await? else { return Ok(false) };
    if apply(connection, id, status, ActionEvent::Refused, now).await?.is_none() {
        return Ok(false);
    }
    let query = sqlx::query("UPDATE actions SET reason = $2 WHERE id = $1").bind(id);
    query.bind(row::readable(reason)).execute(connection).await?;
    Ok(true)
}

async fn cancel(
    connection: &mut PgConnection,
    id: ActionId,
    now: SystemTime,
) -> Result<ActionStatus, Failure> {
    let row_id = row::id_column("action id", id.get())?;
    let query = sqlx::query("SELECT status FROM actions WHERE id = $1 FOR NO KEY UPDATE").bind(row_id);
    let found = query.fetch_optional(&mut *connection).await?.ok_or(StoreError::ActionNotFound(id))?;
    let status = row::word(&found, "status")?;
    let Some(next) = apply(connection, row_id, status, ActionEvent::Cancelled, now).await? else {
        return Ok(status);
    };
    command::cancel_all(connection, row_id, now).await?;
    Ok(next)
}

async fn are_late(connection: &mut PgConnection, now: SystemTime) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM actions WHERE status IN ('pending', 'scheduled') AND expire_after < $1)";
    Ok(sqlx::query_scalar(sql).bind(Moment::at(now)).fetch_one(connection).await?)
}

/// Ends actions whose window closed before they were launched; those that others work on are for the next time.
async fn expire(connection: &mut PgConnection, now: SystemTime) -> Result<u64, Failure> {
    let sql = "SELECT id, status FROM actions WHERE status IN ('pending', 'scheduled') AND expire_after < $1
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED";
    let mut expired = 0;
    for found in sqlx::query(sql).bind(Moment::at(now)).fetch_all(&mut *connection).await? {
        let (id, status) = (found.try_get("id")?, row::word(&found, "status")?);
        let next = apply(connection, id, status, ActionEvent::WindowClosed, now).await?;
        expired += u64::from(next.is_some());
    }
    Ok(expired)
}
