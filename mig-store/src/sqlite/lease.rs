//! Owners and what they hold.

use super::{failure::Failure, time::micros};
use mig_core::store::{Lease, OwnerId};
use sqlx::SqliteConnection;

pub(super) async fn renew(connection: &mut SqliteConnection, lease: &Lease) -> Result<(), Failure> {
    let sql = "INSERT INTO owners (id, until) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET until = ?2";
    sqlx::query(sql).bind(&lease.owner.0).bind(micros(lease.until)).execute(connection).await?;
    Ok(())
}

/// Claims of owners without a row are free: there is nothing else to do.
pub(super) async fn release(connection: &mut SqliteConnection, owner: &OwnerId) -> Result<(), Failure> {
    sqlx::query("DELETE FROM owners WHERE id = ?1").bind(&owner.0).execute(connection).await?;
    Ok(())
}
