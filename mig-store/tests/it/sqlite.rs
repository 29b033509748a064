//! The SQLite store: the contract on a file and in memory, and what only a file can do wrong.

use mig_core::{
    store::{ActionStore as _, InvestigatorStore as _, NewInvestigator, Store, StoreError},
    testing::{
        store_contract::{lease, new_action, start},
        store_history::{Event, play},
    },
};
use mig_store::sqlite::SqliteStore;
use proptest::prelude::*;
use sqlx::ConnectOptions as _;
use std::{fs, path::Path, process::Command, sync::Arc, time::Duration};

mod in_memory {
    use super::*;

    async fn open() -> Arc<dyn Store> {
        mig_store::open("sqlite::memory:").await.unwrap()
    }

    mig_core::store_contract_tests!(open);
    mig_core::search_contract_tests!(open);
}

mod on_file {
    use super::*;

    /// The directory goes at once: open files do not need their names.
    async fn open() -> Arc<dyn Store> {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("mig.db").display());
        mig_store::open(&url).await.unwrap()
    }

    mig_core::store_contract_tests!(open);
    mig_core::search_contract_tests!(open);
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

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).await.unwrap()
}

#[tokio::test]
async fn what_was_stored_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mig.db");
    open(&path).await.insert_action(&new_action(1), None).await.unwrap();
    assert_eq!(open(&path).await.actions(None, 10).await.unwrap().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("mig.db")).await;
    store.insert_action(&new_action(1), None).await.unwrap();
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() > 1, "the log is a file of its own");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

/// Threads stand for processes: each has its own connection.
#[test]
fn many_can_open_a_new_database_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mig.db");
    std::thread::scope(|scope| {
        for id in 1..=8 {
            let path = &path;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    open(path).await.insert_action(&new_action(id), None).await.unwrap();
                });
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let actions = runtime.block_on(async { open(&path).await.actions(None, 10).await.unwrap() });
    assert_eq!(actions.len(), 8);
}

#[tokio::test]
async fn two_stores_on_one_file_share_claims_and_news() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mig.db");
    let (first, second) = (open(&path).await, open(&path).await);
    let seen = second.revision();
    first.insert_action(&new_action(1), Some(&lease("first", start()))).await.unwrap();
    let news = tokio::time::timeout(Duration::from_secs(5), second.changed(seen)).await;
    assert!(news.unwrap().unwrap() > seen);
    assert!(second.claim_actions(&lease("second", start()), start(), 1).await.unwrap().is_empty());
    assert_eq!(first.claim_actions(&lease("first", start()), start(), 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_dropped_future_leaves_no_trace_or_a_whole_one() {
    let store = SqliteStore::in_memory().await.unwrap();
    let signer = NewInvestigator {
        name: "ana".to_owned(),
        fingerprint: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        public_key: String::new(),
    };
    let signer = store.insert_investigator(&signer, start()).await.unwrap();
    let mut whole = 0;
    for id in 1..300 {
        let mut new = new_action(id);
        new.signers = vec![signer];
        let insertion = store.insert_action(&new, None);
        // The signature is written behind the action; most futures are dropped somewhere on their way.
        drop(tokio::time::timeout(Duration::from_micros(id * 5), insertion).await);
        match store.action(new.action.id).await {
            Ok(stored) => {
                assert_eq!(stored.action.investigators.len(), 1);
                whole += 1;
            }
            Err(error) => assert!(error.is_not_found(), "{error}"),
        }
    }
    assert!(whole > 0, "the last ones had time enough");
    assert_eq!(store.actions(None, 1000).await.unwrap().len(), whole);
}

async fn refusal(path: &Path) -> StoreError {
    let error = SqliteStore::open(path).await.unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "names the path: {error}");
    assert!(!error.is_transient());
    error
}

#[tokio::test]
async fn a_database_of_a_later_version_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mig.db");
    drop(open(&path).await);
    let sql = "PRAGMA user_version = 99";
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mig.db");
    fs::write(&path, "not a database, but long enough to look at".repeat(100)).unwrap();
    assert!(matches!(refusal(&path).await, StoreError::Damaged { .. }));
}

#[tokio::test]
async fn a_directory_that_is_missing_or_can_not_be_written_is_named() {
    let missing = refusal(Path::new("/nonexistent/mig.db")).await;
    assert!(matches!(missing, StoreError::Unwritable { .. }), "{missing}");
    if cfg!(target_os = "linux") {
        let read_only = refusal(Path::new("/proc/mig.db")).await;
        assert!(matches!(read_only, StoreError::Unwritable { .. }), "{read_only}");
    }
}

#[tokio::test]
async fn an_unknown_url_is_refused_with_the_known_ones() {
    let error = mig_store::open("mysql://host/mig").await.unwrap_err();
    let postgres = if cfg!(feature = "postgres") { ", postgres://<user>@<host>/<database>" } else { "" };
    assert_eq!(
        error.to_string(),
        format!("no store for 'mysql://host/mig': known are sqlite:<path>, sqlite::memory:{postgres}")
    );
}

/// A limit on file sizes stands for a full disk: a child of this test runs under it.
#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_named_and_nothing_is_half_written() {
    const PATH: &str = "MIG_TEST_FULL_DISK";
    if let Some(path) = std::env::var_os(PATH) {
        return fill(Path::new(&path)).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mig.db");
    let test = "sqlite::a_full_disk_is_named_and_nothing_is_half_written";
    let limited = "trap '' XFSZ; ulimit -f 600; exec \"$0\" --exact \"$1\" --nocapture";
    let mut child = Command::new("sh");
    child.args(["-c", limited]).arg(std::env::current_exe().unwrap()).arg(test).env(PATH, &path);
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!open(&path).await.actions(None, 1000).await.unwrap().is_empty());
}

async fn fill(path: &Path) {
    let store = open(path).await;
    let mut inserted = 0;
    let error = loop {
        let mut new = new_action(inserted + 1);
        new.action.name = "long".repeat(1000);
        match store.insert_action(&new, None).await {
            Ok(_) => inserted += 1,
            Err(error) => break error,
        }
        assert!(inserted < 10_000, "the limit holds");
    };
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert_eq!(store.actions(None, 10_000).await.unwrap().len() as u64, inserted, "the store still reads");
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_with_its_signatures() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mig.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut old = options.connect().await.unwrap();
    for sql in [
        include_str!("../../migrations/sqlite/0001_first.sql"),
        "INSERT INTO investigators VALUES (7, 'Ann', '0123456789ABCDEF0123456789ABCDEF01234567', 'key', 'active', 1, 2)",
        "INSERT INTO actions (id, digest, name, target, description, threat, valid_from, expire_after, operations,
            operation_count, signatures, syntax_version, status)
            VALUES (1, x'01', 'action', 'all', '{}', '{}', 1, 2, '[]', 0, '[\"s\"]', 2, 'pending')",
        "INSERT INTO signatures VALUES (1, 7, 's')",
        "PRAGMA user_version = 1",
    ] {
        sqlx::raw_sql(sql).execute(&mut old).await.unwrap();
    }
    let store = open(&path).await;
    let action = store.action(1.to_string().parse().unwrap()).await.unwrap().action;
    assert_eq!((action.investigators[0].id.get(), action.investigators[0].name.as_str()), (7, "Ann"));
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut old).await.unwrap();
    assert!(broken.is_empty());
    let orphan = sqlx::query("INSERT INTO signatures VALUES (1, 8, 's')").execute(&mut old).await;
    orphan.unwrap_err();
}
