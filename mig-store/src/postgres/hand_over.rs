//! Commands on their way to a relay: who may hand them over, and who has.

use super::{
    command::{command, select_commands},
    failure::Failure,
    lease,
    moment::Moment,
    row::id_list,
    settle::{actions_of, lock, settle},
};
use mig_core::{
    id::CommandId,
    store::{Handover, Lease, OwnerId, StoredCommand},
};
use sqlx::PgConnection;
use std::time::SystemTime;

pub(super) async fn are_due(connection: &mut PgConnection, now: SystemTime) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM commands
        WHERE status = 'sent' AND handover <> 'durable' AND due <= $1 AND expire_after >= $1)";
    Ok(sqlx::query_scalar(sql).bind(Moment::at(now)).fetch_one(connection).await?)
}

/// Rounds of a claim: more than one only if others claimed at the same moment.
const ROUNDS: u32 = 8;

/// Takes commands that this owner may hand over now: its own that wait, and those of dead owners that no durable relay holds.
pub(super) async fn claim(
    connection: &mut PgConnection,
    lease: &Lease,
    now: SystemTime,
    limit: u32,
) -> Result<Vec<StoredCommand>, Failure> {
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
    let sql = "UPDATE commands SET owner = $2, handover = 'waiting' WHERE id = ANY($1)";
    sqlx::query(sql).bind(&taken).bind(&lease.owner.0).execute(&mut *connection).await?;
    let sql = select_commands!("WHERE c.id = ANY($1) ORDER BY c.due, c.id");
    sqlx::query(sql).bind(&taken).fetch_all(connection).await?.iter().map(command).collect()
}

/// Locks commands that seem free, passing over those that others work on.
async fn lock_due(
    connection: &mut PgConnection,
    owner: &OwnerId,
    now: SystemTime,
    taken: &[i64],
    limit: i64,
) -> Result<Vec<i64>, Failure> {
    let sql = "SELECT id FROM commands c
        WHERE status = 'sent' AND handover <> 'durable' AND due <= $1 AND expire_after >= $1 AND id <> ALL($3)
            AND ((owner = $2 AND handover = 'waiting') OR owner IS NULL
                OR NOT EXISTS (SELECT 1 FROM owners o WHERE o.id = c.owner AND o.until >= $1))
        ORDER BY due, id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED";
    let query = sqlx::query_scalar(sql).bind(Moment::at(now)).bind(&owner.0).bind(taken).bind(limit.max(0));
    Ok(query.fetch_all(connection).await?)
}

/// Those of locked commands that are free indeed. A statement that locks may see an owner of this moment beside the leases
/// of its beginning, and take a new owner for a dead one; this one begins behind the locks.
async fn keep_free(
    connection: &mut PgConnection,
    owner: &OwnerId,
    now: SystemTime,
    locked: &[i64],
) -> Result<Vec<i64>, Failure> {
    let sql = "SELECT id FROM commands c WHERE id = ANY($3)
        AND ((owner = $2 AND handover = 'waiting')
            OR NOT EXISTS (SELECT 1 FROM owners o WHERE o.id = c.owner AND o.until >= $1))";
    let query = sqlx::query_scalar(sql).bind(Moment::at(now)).bind(&owner.0).bind(locked);
    Ok(query.fetch_all(connection).await?)
}

pub(super) async fn record(
    connection: &mut PgConnection,
    commands: &[CommandId],
    owner: &OwnerId,
    how: Handover,
    now: SystemTime,
) -> Result<(), Failure> {
    let ids = id_list("command id", commands.iter().map(|id| id.get()))?;
    let actions = actions_of(connection, &ids).await?;
    lock(connection, &actions).await?;
    let sql = "WITH ours AS (
            SELECT id FROM commands WHERE id = ANY($1) AND owner = $2 AND status = 'sent' ORDER BY id FOR NO KEY UPDATE)
        UPDATE commands c SET handover = $3 FROM ours WHERE c.id = ours.id";
    let word = match how {
        Handover::Volatile => "volatile",
        Handover::Durable => "durable",
    };
    sqlx::query(sql).bind(&ids).bind(&owner.0).bind(word).execute(&mut *connection).await?;
    settle(connection, &actions, now).await
}

pub(super) async fn postpone(
    connection: &mut PgConnection,
    commands: &[CommandId],
    owner: &OwnerId,
    until: SystemTime,
) -> Result<(), Failure> {
    let sql = "WITH ours AS (
            SELECT id FROM commands WHERE id = ANY($1) AND owner = $2 AND status = 'sent' ORDER BY id FOR NO KEY UPDATE)
        UPDATE commands c SET owner = NULL, due = $3 FROM ours WHERE c.id = ours.id";
    let ids = id_list("command id", commands.iter().map(|id| id.get()))?;
    sqlx::query(sql).bind(&ids).bind(&owner.0).bind(Moment::at(until)).execute(connection).await?;
    Ok(())
}
