//! Transactions, and how others learn of them.

use super::{PostgresStore, failure::Failure};
use sqlx::{PgConnection, Postgres, Transaction};
use std::ops::{Deref, DerefMut};
use tokio::sync::watch;

/// The channel of `NOTIFY` on which changes are announced. The payload names the store that made the change.
pub(super) const CHANNEL: &str = "mig_changes";

/// A transaction that writes. Dropped without [`commit`](Write::commit), it leaves no trace.
pub(super) struct Write<'a> {
    transaction: Transaction<'static, Postgres>,
    store: &'a PostgresStore,
    /// False for changes that nobody waits for.
    pub(super) is_news: bool,
}

impl<'a> Write<'a> {
    pub(super) async fn begin(store: &'a PostgresStore) -> Result<Self, Failure> {
        Ok(Self { transaction: store.pool.begin().await?, store, is_news: true })
    }

    /// Makes everything durable and wakes who waits for changes, here and in other processes.
    pub(super) async fn commit(self) -> Result<(), Failure> {
        let Self { mut transaction, store, is_news } = self;
        if !is_news {
            return Ok(transaction.commit().await?);
        }
        let announcement = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(&store.name);
        announcement.execute(&mut *transaction).await?;
        let _news = News { revision: &store.revision };
        Ok(transaction.commit().await?)
    }
}

impl Deref for Write<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

/// Tells waiters when it is dropped: a commit takes effect also if nobody waits for its end.
struct News<'a> {
    revision: &'a watch::Sender<u64>,
}

impl Drop for News<'_> {
    fn drop(&mut self) {
        self.revision.send_modify(|revision| *revision += 1);
    }
}

/// Does `$work` in a transaction: all of it or nothing.
macro_rules! in_transaction {
    ($store:ident, $operation:literal, |$write:ident| $work:expr) => {{
        let work = async {
            let mut $write = Write::begin($store).await?;
            let value = $work.await?;
            $write.commit().await?;
            Ok(value)
        };
        let result = work.await;
        $store.explained($operation, result)
    }};
}

/// Does `$work`, which only reads, in one statement.
macro_rules! reading {
    ($store:ident, $operation:literal, |$connection:ident| $work:expr) => {{
        let work = async {
            let mut connection = $store.pool.acquire().await?;
            let $connection = &mut *connection;
            $work.await
        };
        let result = work.await;
        $store.explained($operation, result)
    }};
}

/// Does `$work`, which only reads, in several statements that see the same state.
macro_rules! in_snapshot {
    ($store:ident, $operation:literal, |$connection:ident| $work:expr) => {{
        let work = async {
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            let mut snapshot = $store.pool.begin_with(begin).await?;
            let $connection = &mut *snapshot;
            let value = $work.await?;
            snapshot.commit().await?;
            Ok(value)
        };
        let result = work.await;
        $store.explained($operation, result)
    }};
}

pub(super) use {in_snapshot, in_transaction, reading};
