//! Agents that prove by a key who they are.

use super::{
    SqliteStore,
    failure::Failure,
    time::micros,
    write::{Write, in_transaction, reading},
};
use crate::enrolment::{kept_key, spender};
use async_trait::async_trait;
use mig_core::{
    enrolment::{AgentPublicKey, InvitationDigest},
    store::{Enrolment, EnrolmentStore, StoreError},
};
use sqlx::SqliteConnection;
use std::time::SystemTime;

#[async_trait]
impl EnrolmentStore for SqliteStore {
    async fn add_invitation(
        &self,
        digest: &InvitationDigest,
        expires: SystemTime,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        in_transaction!(self, "adding an invitation", |write| add(&mut write, digest, expires, now))
    }

    async fn enrol(
        &self,
        digest: &InvitationDigest,
        queue_location: &str,
        key: &AgentPublicKey,
        now: SystemTime,
    ) -> Result<Enrolment, StoreError> {
        in_transaction!(self, "enrolling an agent", |write| enrol(
            &mut write,
            digest,
            queue_location,
            key,
            now
        ))
    }

    async fn enrolled_key(&self, queue_location: &str) -> Result<Option<AgentPublicKey>, StoreError> {
        reading!(self, "reading the key of an agent", |connection| key_of(connection, queue_location))
    }

    async fn dismiss_agent(&self, queue_location: &str) -> Result<bool, StoreError> {
        in_transaction!(self, "dismissing an agent", |write| dismiss(&mut write, queue_location))
    }
}

/// Forgets those that have expired, too.
async fn add(
    connection: &mut SqliteConnection,
    digest: &InvitationDigest,
    expires: SystemTime,
    now: SystemTime,
) -> Result<(), Failure> {
    let forget = sqlx::query("DELETE FROM invitations WHERE expires <= ?1").bind(micros(now));
    forget.execute(&mut *connection).await?;
    let sql = "INSERT INTO invitations (digest, expires) VALUES (?1, ?2)";
    sqlx::query(sql).bind(digest.as_slice()).bind(micros(expires)).execute(connection).await?;
    Ok(())
}

async fn enrol(
    connection: &mut SqliteConnection,
    digest: &InvitationDigest,
    queue_location: &str,
    key: &AgentPublicKey,
    now: SystemTime,
) -> Result<Enrolment, Failure> {
    let sql = "SELECT spent_by FROM invitations WHERE digest = ?1 AND expires > ?2";
    let query = sqlx::query_scalar(sql).bind(digest.as_slice()).bind(micros(now));
    let Some(spent_by) = query.fetch_optional(&mut *connection).await? else {
        return Ok(Enrolment::NotInvited);
    };
    let spent_by: Option<String> = spent_by;
    let known = key_of(connection, queue_location).await?;
    let spender = spender(queue_location, key);
    match (spent_by, known) {
        (Some(who), Some(known)) if who == spender && known == *key => return Ok(Enrolment::Done),
        (Some(_), _) => return Ok(Enrolment::NotInvited),
        (None, Some(known)) if known != *key => return Ok(Enrolment::Taken),
        (None, _) => {}
    }
    let sql = "INSERT INTO enrolled_agents (queue_location, public_key, enrolled_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (queue_location) DO NOTHING";
    let query = sqlx::query(sql).bind(queue_location).bind(key.as_bytes().as_slice()).bind(micros(now));
    query.execute(&mut *connection).await?;
    let sql = "UPDATE invitations SET spent_by = ?2 WHERE digest = ?1";
    sqlx::query(sql).bind(digest.as_slice()).bind(spender).execute(connection).await?;
    Ok(Enrolment::Done)
}

async fn key_of(
    connection: &mut SqliteConnection,
    queue_location: &str,
) -> Result<Option<AgentPublicKey>, Failure> {
    let sql = "SELECT public_key FROM enrolled_agents WHERE queue_location = ?1";
    let bytes: Option<Vec<u8>> =
        sqlx::query_scalar(sql).bind(queue_location).fetch_optional(connection).await?;
    bytes.map(|bytes| kept_key(&bytes).map_err(Failure::damaged("public_key"))).transpose()
}

async fn dismiss(connection: &mut SqliteConnection, queue_location: &str) -> Result<bool, Failure> {
    let sql = "DELETE FROM enrolled_agents WHERE queue_location = ?1";
    Ok(sqlx::query(sql).bind(queue_location).execute(connection).await?.rows_affected() > 0)
}
