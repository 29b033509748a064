//! Commands on their way to a relay: who may hand them over, and who has.

use super::{
    command::{command, select_commands},
    failure::Failure,
    lease,
    row::number_list,
    settle::settle,
    time::micros,
};
use mig_core::{
    id::CommandId,
    store::{Handover, Lease, OwnerId, StoredCommand},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use std::{collections::BTreeSet, time::SystemTime};

/// Commands that this owner may hand over now: its own that wait, and those of dead owners that no durable relay holds.
pub(super) async fn due(
    connection: &mut SqliteConnection,
    owner: &OwnerId,
    now: SystemTime,
    limit: u32,
) -> Result<Vec<SqliteRow>, Failure> {
    let sql = select_commands!(
        "WHERE c.status = 'sent' AND c.handover <> 'durable' AND c.due <= ?1 AND c.expire_after >= ?1
            AND ((c.owner = ?2 AND c.handover = 'waiting')
                OR NOT EXISTS (SELECT 1 FROM owners o WHERE o.id = c.owner AND o.until >= ?1))
        ORDER BY c.due LIMIT ?3"
    );
    let query = sqlx::query(sql).bind(micros(now)).bind(&owner.0).bind(limit);
    Ok(query.fetch_all(connection).await?)
}

pub(super) async fn claim(
    connection: &mut SqliteConnection,
    lease: &Lease,
    now: SystemTime,
    limit: u32,
) -> Result<Vec<StoredCommand>, Failure> {
    lease::renew(connection, lease).await?;
    let rows = due(connection, &lease.owner, now, limit).await?;
    let commands = rows.iter().map(command).collect::<Result<Vec<_>, _>>()?;
    let sql =
        "UPDATE commands SET owner = ?2, handover = 'waiting' WHERE id IN (SELECT value FROM json_each(?1))";
    let ids = number_list(commands.iter().map(|command| command.id.get()))?;
    sqlx::query(sql).bind(ids).bind(&lease.owner.0).execute(connection).await?;
    Ok(commands)
}

pub(super) async fn record(
    connection: &mut SqliteConnection,
    commands: &[CommandId],
    owner: &OwnerId,
    how: Handover,
    now: SystemTime,
) -> Result<(), Failure> {
    let sql = "UPDATE commands SET handover = ?3
        WHERE id IN (SELECT value FROM json_each(?1)) AND owner = ?2 AND status = 'sent' RETURNING action_id";
    let word = match how {
        Handover::Volatile => "volatile",
        Handover::Durable => "durable",
    };
    let query = sqlx::query_scalar(sql).bind(number_list(commands.iter().map(|id| id.get()))?);
    let actions = query.bind(&owner.0).bind(word).fetch_all(&mut *connection).await?;
    settle(connection, &BTreeSet::from_iter(actions), now).await
}

pub(super) async fn postpone(
    connection: &mut SqliteConnection,
    commands: &[CommandId],
    owner: &OwnerId,
    until: SystemTime,
) -> Result<(), Failure> {
    let sql = "UPDATE commands SET owner = NULL, due = ?3
        WHERE id IN (SELECT value FROM json_each(?1)) AND owner = ?2 AND status = 'sent'";
    let query = sqlx::query(sql).bind(number_list(commands.iter().map(|id| id.get()))?);
    query.bind(&owner.0).bind(micros(until)).execute(connection).await?;
    Ok(())
}
