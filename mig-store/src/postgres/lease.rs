//! Owners and what they hold.

use super::{failure::Failure, moment::Moment};
use mig_core::store::{Lease, OwnerId};
use sqlx::PgConnection;

pub(super) async fn renew(connection: &mut PgConnection, lease: &Lease) -> Result<(), Failure> {
    let sql = "INSERT INTO owners (id, until) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET until = excluded.until";
    sqlx::query(sql).bind(&lease.owner.0).bind(Moment::at(lease.until)).execute(connection).await?;
    Ok(())
}

/// Claims of owners without a row are free: there is nothing else to do.
pub(super) async fn release(connection: &mut PgConnection, owner: &OwnerId) -> Result<(), Failure> {
    sqlx::query("DELETE FROM owners WHERE id = $1").bind(&owner.0).execute(connection).await?;
    Ok(())
}
