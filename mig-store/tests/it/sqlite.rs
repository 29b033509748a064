//! The SQLite store: the contract on a file and in memory, and what only a file can do wrong.

use mig_core::{
    store::{Store, StoreError},
    testing::{
        store_contract::{lease, new_action, start},
        store_history::{Event, play},
    },
};
use mig_store::sqlite::SqliteStore;
use proptest::prelude::*;
use std::{fs, path::Path, sync::Arc, time::Duration};

mod in_memory {
    use super::*;

    async fn open() -> Arc<dyn Store> {
        mig_store::open("sqlite::memory:").await.unwrap()
    }

    mig_core::store_contract_tests!(open);
}

mod on_file {
    use super::*;

    /// The directory goes when the test does: an open file does not need its name.
    async fn open() -> Arc<dyn Store> {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("mig.db").display());
        let store = mig_store::open(&url).await.unwrap();
        std::mem::forget(directory);
        store
    }

    mig_core::store_contract_tests!(open);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_doubled_or_undone(bytes in prop::collection::vec(any::<[u8; 3]>(), 1..40)) {
        let events: Vec<_> = bytes.into_iter().map(Event::from_bytes).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let store = SqliteStore::in_memory().await.unwrap();
            play(&store, &events).await;
        });
    }
}
