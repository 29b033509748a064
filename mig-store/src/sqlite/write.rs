//! Transactions that write.

use super::failure::Failure;
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use std::ops::{Deref, DerefMut};
use tokio::sync::watch;

/// A transaction that holds the write lock. Dropped without [`commit`](Write::commit), it leaves no trace.
pub(super) struct Write<'a> {
    transaction: Transaction<'a, Sqlite>,
    news: News<'a>,
}

impl<'a> Write<'a> {
    pub(super) async fn begin(
        connection: &'a mut SqliteConnection,
        revision: &'a watch::Sender<u64>,
    ) -> Result<Self, Failure> {
        let transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Self { transaction, news: News { revision, is_due: false } })
    }

    /// Makes everything durable and wakes who waits for changes.
    pub(super) async fn commit(self) -> Result<(), Failure> {
        let Self { transaction, mut news } = self;
        news.is_due = true;
        Ok(transaction.commit().await?)
    }
}

impl Deref for Write<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

/// Tells waiters when it is dropped: a commit takes effect also if nobody waits for its end. Who is woken too early asks the
/// same connection, behind the commit.
struct News<'a> {
    revision: &'a watch::Sender<u64>,
    is_due: bool,
}

impl Drop for News<'_> {
    fn drop(&mut self) {
        if self.is_due {
            self.revision.send_modify(|revision| *revision += 1);
        }
    }
}

/// Does `$work` in a transaction: all of it or nothing.
macro_rules! in_transaction {
    ($store:ident, $operation:literal, |$write:ident| $work:expr) => {{
        let work = async {
            let mut link = $store.link().await?;
            let mut $write = Write::begin(&mut link.connection, &$store.revision).await?;
            let value = $work.await?;
            $write.commit().await?;
            Ok(value)
        };
        let result = work.await;
        $store.explained($operation, result)
    }};
}

/// Does `$work`, which only reads.
macro_rules! reading {
    ($store:ident, $operation:literal, |$connection:ident| $work:expr) => {{
        let work = async {
            let mut link = $store.link().await?;
            let $connection = &mut link.connection;
            $work.await
        };
        let result = work.await;
        $store.explained($operation, result)
    }};
}

pub(super) use {in_transaction, reading};
