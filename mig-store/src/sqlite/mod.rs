//! The store in one SQLite file, or in memory. Several processes may share the file.
//!
//! * **Durability**: write-ahead log, `synchronous = NORMAL`: a killed process loses nothing. A power failure can undo the last
//!   transactions as a whole, never a part of one; agents answer a repeated command from their journal, so that is repaired
//!   by itself. A transaction costs no fsync.
//! * **Concurrency**: writers take the write lock when they begin (`BEGIN IMMEDIATE`) and wait for each other up to
//!   [`BUSY_TIMEOUT`]; readers never wait. One connection per store: SQLite writes one at a time anyway.
//! * **Access**: the file is made with mode 0600, and SQLite gives the same mode to its companions. On a file system that is mounted
//!   for reading only, what is there can be read.

mod access;
mod action;
mod agent;
mod answer;
mod command;
mod connect;
mod enrolment;
mod failure;
mod hand_over;
mod investigator;
mod lease;
mod retention;
mod row;
mod search;
mod settle;
mod write;

use self::{
    connect::Link,
    failure::Failure,
    write::{Write, in_transaction},
};
use crate::time;
use async_trait::async_trait;
use mig_core::store::{Lease, OwnerId, Store, StoreError};
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::sync::{Mutex, MutexGuard, watch};

/// How long a transaction waits for those of other processes.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a waiting reader looks for changes by other processes.
const POLL: Duration = Duration::from_millis(100);

/// A store in one SQLite database.
#[derive(Debug)]
pub struct SqliteStore {
    /// `None`: in memory.
    path: Option<PathBuf>,
    link: Mutex<Link>,
    /// True after a failure that may have left the connection in the middle of a transaction.
    is_suspect: AtomicBool,
    revision: watch::Sender<u64>,
}

impl SqliteStore {
    /// Opens the database in this file; makes it (mode 0600) and brings its schema up to date where needed.
    ///
    /// # Errors
    /// [`StoreError`] names the path and what is wrong with it.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::connect(Some(path.as_ref().to_owned())).await
    }

    /// A database that lives as long as this value.
    ///
    /// # Errors
    /// [`StoreError`] if memory can not be had.
    pub async fn in_memory() -> Result<Self, StoreError> {
        Self::connect(None).await
    }

    async fn connect(path: Option<PathBuf>) -> Result<Self, StoreError> {
        let link = connect::link(path.as_deref()).await;
        let link = link.map_err(|failure| failure.explain(path.as_deref(), "opening"))?;
        let (is_suspect, revision) = (AtomicBool::new(false), watch::Sender::new(1));
        Ok(Self { path, link: Mutex::new(link), is_suspect, revision })
    }

    /// Our turn on the connection; a new one after a failure that may have confused it.
    async fn link(&self) -> Result<MutexGuard<'_, Link>, Failure> {
        let mut link = self.link.lock().await;
        if self.path.is_some() && self.is_suspect.load(Ordering::Relaxed) {
            *link = connect::link(self.path.as_deref()).await?;
            self.is_suspect.store(false, Ordering::Relaxed);
        }
        Ok(link)
    }

    fn explained<T>(&self, operation: &'static str, result: Result<T, Failure>) -> Result<T, StoreError> {
        result.map_err(|failure| {
            self.is_suspect.fetch_or(failure.spoils_connection(), Ordering::Relaxed);
            failure.explain(self.path.as_deref(), operation)
        })
    }

    /// Tells waiters if another process has changed the file.
    async fn look_for_others(&self) -> Result<(), Failure> {
        let mut link = self.link().await?;
        if link.notice_others().await? {
            self.revision.send_modify(|revision| *revision += 1);
        }
        Ok(())
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn renew_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        in_transaction!(self, "renewing a lease", |write| lease::renew(&mut write, lease))
    }

    async fn release_leases(&self, owner: &OwnerId) -> Result<(), StoreError> {
        in_transaction!(self, "releasing leases", |write| lease::release(&mut write, owner))
    }

    fn revision(&self) -> u64 {
        *self.revision.borrow()
    }

    async fn changed(&self, seen: u64) -> Result<u64, StoreError> {
        let mut revisions = self.revision.subscribe();
        loop {
            let revision = *revisions.borrow_and_update();
            if revision > seen {
                return Ok(revision);
            }
            tokio::select! {
                // The sender lives in `self`: this can not fail.
                _ = revisions.changed() => {}
                () = tokio::time::sleep(POLL), if self.path.is_some() => {
                    self.explained("looking for changes", self.look_for_others().await)?;
                }
            }
        }
    }
}
