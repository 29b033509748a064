//! The PostgreSQL store: the contract, and what only a server can do wrong.

mod cluster;
mod original;
mod refusals;
mod roles;
mod shared;
mod target;
mod volume;

use self::cluster::cluster;
use mig_core::{
    store::Store,
    testing::store_history::{Event, play},
};
use mig_store::postgres::PostgresStore;
use proptest::{prelude::*, test_runner::TestRunner};
use sqlx::{Connection as _, PgConnection};
use std::sync::Arc;

mod contract {
    use super::*;

    async fn open() -> Option<Arc<dyn Store>> {
        let cluster = cluster()?;
        Some(mig_store::open(&cluster.url(&cluster.new_database().await)).await.unwrap())
    }

    mig_core::store_contract_tests!(open);
    mig_core::search_contract_tests!(open);
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn execute(url: &str, sql: &str) {
    let mut connection = connect(url).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

/// One database for all cases, because each would cost a second.
#[test]
fn nothing_is_lost_doubled_or_undone() {
    let Some(cluster) = cluster() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(async { cluster.url(&cluster.new_database().await) });
    let store = runtime.block_on(PostgresStore::open(&url)).unwrap();
    let events = prop::collection::vec(any::<[u8; 3]>(), 1..40);
    let mut runner = TestRunner::new(ProptestConfig { cases: 32, ..ProptestConfig::default() });
    let outcome = runner.run(&events, |bytes| {
        let events: Vec<_> = bytes.into_iter().map(Event::from_bytes).collect();
        runtime.block_on(async {
            let tables = "TRUNCATE owners, actions, agents, commands, results, signatures RESTART IDENTITY";
            execute(&url, tables).await;
            play(&store, &events).await;
        });
        Ok(())
    });
    outcome.unwrap();
}
