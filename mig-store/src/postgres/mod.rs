//! The store in a PostgreSQL database, which several schedulers and servers share.
//!
//! * **Concurrency**: work is claimed with `FOR NO KEY UPDATE SKIP LOCKED` and leases. Whoever ends commands locks their actions
//!   first, then the commands, both in the order of ids, and then takes the number of the end: nobody waits in a circle.
//! * **Bounds**: a pool of connections, a time limit for each statement ([`PostgresOptions`]), pages by key.
//! * **News**: each transaction that others may wait for tells so with `NOTIFY`; one connection listens.
//! * **NUL**: Postgres has no such character. In what is signed it is an error ([`StoreError::NulCharacter`]), in what
//!   agents say of themselves it becomes U+FFFD, in results it stays: they are JSON, where it is written `\u0000`.
//! * **A database of the original** (2015 or 2019) is taken over when it is first opened, in one transaction: its tables move
//!   into the schema `original` as they are, and ours are filled from them. What could not be taken as it was is listed in
//!   `original.remarks`.

mod access;
mod action;
mod agent;
mod answer;
mod command;
mod connect;
mod enrolment;
mod failure;
mod hand_over;
mod heartbeat;
mod investigator;
mod lease;
mod moment;
mod news;
mod original;
mod retention;
mod row;
mod search;
mod settle;
mod target;
mod write;

use self::{
    failure::Failure,
    write::{Write, in_transaction},
};
use async_trait::async_trait;
use mig_core::store::{Lease, OwnerId, Store, StoreError};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

/// How a [`PostgresStore`] uses its server.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Most connections at once; one of them listens for news.
    pub connections: u32,
    /// How long a statement may take.
    pub statement_timeout: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { connections: 10, statement_timeout: Duration::from_secs(30) }
    }
}

/// A store in one PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
    /// For messages; without password.
    place: String,
    /// Tells our own news from those of others.
    name: String,
    revision: Arc<watch::Sender<u64>>,
    listener: JoinHandle<()>,
}

impl PostgresStore {
    /// Opens the database of a URL such as `postgres://user:password@host:5432/database?sslmode=verify-full`, and brings its
    /// schema up to date where needed. Special characters of the password are percent-encoded.
    ///
    /// # Errors
    /// [`StoreError`] names the address and what is wrong: credentials, database, permission, a schema of a later version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, &PostgresOptions::default()).await
    }

    /// Like [`open`](Self::open), with limits of one's own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(url: &str, options: &PostgresOptions) -> Result<Self, StoreError> {
        // The URL has a password: it is not repeated.
        let parsed = connect::connect_options(url, options);
        let parsed = parsed.map_err(|failure| failure.explain("the URL of the database", "reading it"))?;
        let place = connect::place(&parsed);
        let pool = connect::pool(parsed, options.connections.max(2)).await;
        let pool = pool.map_err(|failure| failure.explain(&place, "opening"))?;
        let name = news::unique_name();
        let revision = Arc::new(watch::Sender::new(1));
        let listener = news::listen(&pool, &name, &revision).await;
        let listener = listener.map_err(|failure| failure.explain(&place, "listening for news"))?;
        Ok(Self { pool, place, name, revision, listener })
    }

    fn explained<T>(&self, operation: &'static str, result: Result<T, Failure>) -> Result<T, StoreError> {
        result.map_err(|failure| failure.explain(&self.place, operation))
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn renew_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        in_transaction!(self, "renewing a lease", |write| async {
            write.is_news = false;
            lease::renew(&mut write, lease).await
        })
    }

    async fn release_leases(&self, owner: &OwnerId) -> Result<(), StoreError> {
        in_transaction!(self, "releasing leases", |write| lease::release(&mut write, owner))
    }

    fn revision(&self) -> u64 {
        *self.revision.borrow()
    }

    async fn changed(&self, seen: u64) -> Result<u64, StoreError> {
        let mut revisions = self.revision.subscribe();
        // The sender lives in `self`: this can not fail.
        let revision = revisions.wait_for(|revision| *revision > seen).await;
        Ok(revision.map_or(seen, |revision| *revision))
    }
}
