//! What does not fit does not stop the others; who dies on the way changes nothing.

use super::{SCHEMA, TABLES, empty, filled, fingerprints, remarks};
use crate::postgres::{cluster::cluster, connect, execute};
use mig_core::{
    id::{ActionId, CommandId, InvestigatorId},
    scheduler::flow::{ActionStatus, AnswerStatus, CommandStatus, Reception},
    store::{
        ActionStore as _, AgentStore as _, CommandStore as _, InvestigatorStore as _, StoreError,
        StoredCommand,
    },
    testing::store_contract::answer,
    time::Time,
};
use mig_store::postgres::PostgresStore;
use std::time::Duration;

const ODD_ROWS: &str = r#"
INSERT INTO investigators (id, name, pgpfingerprint, publickey, status, createdat, lastmodified, permissions) VALUES
    (1, 'ana', '0123456789abcdef0123456789abcdef01234567', 'key', 'active', now(), now(), 7),
    (2, 'twin', '0123456789ABCDEF0123456789ABCDEF01234567', '\xff00', 'active', now(), now(), 0),
    (3, 'robot', NULL, NULL, 'retired', now(), now(), 1),
    (4, 'old', 'A1B2', NULL, 'active', now(), now(), -7);
INSERT INTO agents (id, name, queueloc, mode, version, pid, starttime, heartbeattime, refreshtime, status, environment, tags) VALUES
    (10, 'one', 'linux.one', '', '1', 1, now(), now(), now(), 'online', '["no", "object"]', '{"a": 1, "b": "x\u0000"}'),
    (11, 'two', 'linux.two', '', '1', 1, now(), now(), 'infinity', 'upgraded', NULL, '"text"'),
    (12.5, 'half', 'linux.half', '', '1', 1, now(), now(), now(), NULL, NULL, NULL);
INSERT INTO actions (id, name, target, description, threat, operations, validfrom, expireafter, starttime, finishtime,
        lastupdatetime, status, syntaxversion, pgpsignatures) VALUES
    (100, 'a', 't', NULL, '[1]', '[{"module":"ping"}]', '2018-01-01', '2018-01-02', '0011-01-11 11:11:11', '9998-01-11 11:11:11', NULL,
        'inflight', NULL, '["s"]'),
    (101, 'a', 't', NULL, NULL, '[{"module":"ping"}]', '2018-01-01', '2018-01-02', NULL, NULL, NULL, 'completed', 2, 'no JSON'),
    (102, 'b', 't', NULL, NULL, '"text"', '2018-01-01', 'infinity', NULL, NULL, NULL, 'half done', 2, '[]'),
    (103, 'c', 't', NULL, NULL, '{"module":1,"module":2}', '-infinity', '2018-01-02', NULL, NULL, NULL, NULL, 2, '[]'),
    (104, 'd', 't', NULL, NULL, NULL, '2018-01-01', '2018-01-02', NULL, NULL, NULL, 'preparing', 2, '[]'),
    (-5, 'e', 't', NULL, NULL, NULL, '2018-01-01', '2018-01-02', NULL, NULL, NULL, 'invalid', 2, '[]');
INSERT INTO commands (id, actionid, agentid, status, results, starttime, finishtime) VALUES
    (1000, 100, 10, 'success', '[{"foundanything":true,"success":true}, 7]', '2018-01-01', '2018-01-01'),
    (1001, 100, 11, 'expired', '[{"foundanything":false}]', '2018-01-01', '2018-01-02'),
    (1002, 100, 10, 'success', '{"no":"list"}', '2018-01-01', '2018-01-01'),
    (1003, 102, 10, 'running', NULL, '2018-01-01', NULL),
    (1004, 102, 11, 'sent', '[{"foundanything":true}]', '2018-01-01', '9998-01-11 11:11:11'),
    (1005, 102, 12.5, 'sent', NULL, '2018-01-01', NULL);
INSERT INTO signatures VALUES (100, 1, 's'), (101, 3, 't'), (-5, 1, 'u');
"#;

async fn command(store: &PostgresStore, id: u64) -> StoredCommand {
    store.command(CommandId::new(id)).await.unwrap()
}

#[tokio::test]
async fn odd_rows_are_taken_as_far_as_they_go_and_named() {
    let Some(cluster) = cluster() else { return };
    let url = empty(cluster).await;
    execute(&url, ODD_ROWS).await;
    let store = PostgresStore::open(&url).await.unwrap();

    let keys = store.active_keys().await.unwrap();
    assert_eq!(keys.iter().map(|key| key.investigator.get()).collect::<Vec<_>>(), [1]);
    assert_eq!(store.investigator(InvestigatorId::new(3)).await.unwrap().status, "disabled");

    let agents = store.agents(None, 10).await.unwrap();
    assert_eq!(agents.iter().map(|agent| agent.status.as_str()).collect::<Vec<_>>(), ["online", "offline"]);
    let tags = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x\u{fffd}".to_owned())];
    assert_eq!(agents[0].tags, tags.into());
    assert!(agents[1].refresh_time.is_writable_in_utc());

    let statuses = [
        (100, ActionStatus::Completed),
        (101, ActionStatus::Completed),
        (102, ActionStatus::InFlight),
        (103, ActionStatus::Invalid),
        (104, ActionStatus::Scheduled),
    ];
    for (id, status) in statuses {
        assert_eq!(store.action(ActionId::new(id)).await.unwrap().status, status, "{id}");
    }
    let unknown = store.action(ActionId::new(103)).await.unwrap();
    assert_eq!(unknown.reason, "when it was taken over from the original, '' is not a status of an action");
    assert_eq!(store.action(ActionId::new(100)).await.unwrap().action.investigators[0].name, "ana");

    let good = command(&store, 1000).await;
    assert!(good.results[0].found_anything && good.results.len() == 2);
    let error = good.results[1].errors.clone().unwrap().remove(0);
    assert!(
        error.starts_with("results could not be read") && error.ends_with("kept in original.commands"),
        "{error}"
    );
    assert_eq!(command(&store, 1002).await.results.len(), 1);
    assert_eq!(command(&store, 1003).await.status, CommandStatus::Failed);
    assert_eq!(command(&store, 1004).await.results, []);

    let remarks = remarks(&url).await;
    let about = |table: &str, row: &str| {
        let of_row = remarks.iter().filter(|(of, id, _)| of == table && id == row);
        of_row.map(|(_, _, remark)| remark.as_str()).collect::<Vec<_>>().join("; ")
    };
    let expected = [
        ("actions", "-5", "not taken over: the id can not be kept"),
        ("actions", "100", "syntax version"),
        ("actions", "100", "threat could not be read"),
        ("actions", "101", "the same signed bytes"),
        ("actions", "101", "pgpsignatures could not be read"),
        ("actions", "102", "'half done' is not a status"),
        ("actions", "103", "operations could not be read"),
        ("agents", "10", "environment could not be read"),
        ("agents", "11", "taken over as offline: the status was \"upgraded\""),
        ("agents", "12.5", "not taken over"),
        ("commands", "1000", "results could not be read"),
        ("commands", "1003", "taken over as failed: 'running' is not a status"),
        ("commands", "1004", "without results"),
        ("commands", "1005", "its action or agent was not"),
        ("investigators", "2", "is that of another investigator"),
        ("investigators", "2", "publickey is not text"),
        ("investigators", "3", "taken over as disabled"),
        ("investigators", "4", "'A1B2' is not a fingerprint"),
        ("investigators", "4", "without permissions: -7 is no set of them"),
        ("signatures", "-5 1", "its action or investigator was not"),
    ];
    for (table, row, remark) in expected {
        assert!(about(table, row).contains(remark), "{table} {row}: {}", about(table, row));
    }
}

#[tokio::test]
async fn what_was_in_flight_can_still_be_answered_or_expires() {
    let Some(cluster) = cluster() else { return };
    let url = empty(cluster).await;
    execute(&url, ODD_ROWS).await;
    let store = PostgresStore::open(&url).await.unwrap();
    let now = Time::now().into();
    let late = store.record_answers(&[answer(1001, AnswerStatus::Success, true)], now).await.unwrap();
    assert_eq!(late, [Reception::Late], "what the original ended itself is no answer");
    assert_eq!(command(&store, 1001).await.results.len(), 2);
    let again = store.record_answers(&[answer(1000, AnswerStatus::Success, true)], now).await.unwrap();
    assert_eq!(again, [Reception::Repeated]);
    let taken = store.record_answers(&[answer(1004, AnswerStatus::Success, true)], now).await.unwrap();
    assert_eq!(taken, [Reception::Accepted]);
    assert_eq!(store.action(ActionId::new(102)).await.unwrap().status, ActionStatus::Completed);
    assert_eq!(store.expire_actions(now).await.unwrap(), 1);
    assert_eq!(store.action(ActionId::new(104)).await.unwrap().status, ActionStatus::Expired);
}

#[tokio::test]
async fn a_killed_migration_leaves_the_original_as_it_was() {
    let Some(cluster) = cluster() else { return };
    let url = filled(cluster).await;
    let more = "INSERT INTO commands SELECT 1000 + n, (SELECT min(id) FROM actions), (SELECT min(id) FROM agents), 'success',
        '[{\"foundanything\":true}]', now(), now() FROM generate_series(1, 20000) n";
    execute(&url, more).await;
    let before = fingerprints(&url, "public", &TABLES).await;
    let mut killed = 0;
    for attempt in 0..40_u64 {
        let opening = tokio::spawn({
            let url = url.clone();
            async move { PostgresStore::open(&url).await }
        });
        tokio::time::sleep(Duration::from_millis(20 + 10 * attempt)).await;
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'mig' AND datname = current_database()";
        execute(&url, kill).await;
        match opening.await.unwrap() {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}"),
        }
        let version =
            "SELECT count(*) FROM pg_tables WHERE tablename = 'mig_schema' OR schemaname = 'original'";
        let ours: i64 = sqlx::query_scalar(version).fetch_one(&mut connect(&url).await).await.unwrap();
        if ours > 0 {
            break;
        }
        killed += 1;
        assert_eq!(fingerprints(&url, "public", &TABLES).await, before);
    }
    assert!(killed > 0, "it was killed on its way");
    drop(PostgresStore::open(&url).await.unwrap());
    assert_eq!(fingerprints(&url, "original", &TABLES).await, before);
}

#[tokio::test]
async fn several_that_come_at_once_take_it_over_once() {
    let Some(cluster) = cluster() else { return };
    let url = filled(cluster).await;
    let before = fingerprints(&url, "public", &TABLES).await;
    let opening = (0..4).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { PostgresStore::open(&url).await.unwrap() })
    });
    for store in opening.collect::<Vec<_>>() {
        assert_eq!(store.await.unwrap().actions(None, 100).await.unwrap().len(), 14);
    }
    assert_eq!(fingerprints(&url, "original", &TABLES).await, before);
}

#[tokio::test]
async fn a_database_of_2015_is_taken_over_too() {
    let Some(cluster) = cluster() else { return };
    let url = filled(cluster).await;
    let older = "ALTER TABLE agents DROP COLUMN refreshtime, DROP COLUMN loadername;
        ALTER TABLE investigators DROP COLUMN permissions, DROP COLUMN apikey, DROP COLUMN apisalt;
        DROP TABLE manifestsig, manifests, loaders";
    execute(&url, older).await;
    let store = PostgresStore::open(&url).await.unwrap();
    let agents = store.agents(None, 10).await.unwrap();
    assert!(agents.len() == 4 && agents.iter().all(|agent| agent.refresh_time == agent.start_time));
    assert_eq!(store.active_keys().await.unwrap().len(), 2);
    assert_eq!(remarks(&url).await, []);
}

async fn refusal(change: &str) -> Option<(StoreError, String)> {
    let cluster = cluster()?;
    let url = empty(cluster).await;
    execute(&url, change).await;
    let error = PostgresStore::open(&url).await.unwrap_err();
    let line = error.to_string();
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'mig_schema'";
    let ours: i64 = sqlx::query_scalar(tables).fetch_one(&mut connect(&url).await).await.unwrap();
    assert_eq!(ours, 0, "nothing was changed");
    Some((error, line))
}

#[tokio::test]
async fn a_database_from_before_2015_is_refused_with_what_is_missing() {
    let Some((error, line)) = refusal("ALTER TABLE agents DROP COLUMN tags").await else { return };
    assert!(matches!(error, StoreError::OlderSchema { .. }), "{error:?}");
    assert!(
        line.contains("column tags of table agents is missing: bring it to the schema of 2015"),
        "{line}"
    );
}

#[tokio::test]
async fn a_database_of_somebody_else_is_refused() {
    let Some(cluster) = cluster() else { return };
    let url = cluster.url(&cluster.new_database().await);
    execute(&url, "CREATE TABLE actions (id int)").await;
    let error = PostgresStore::open(&url).await.unwrap_err();
    assert!(matches!(error, StoreError::ForeignSchema { .. }), "{error:?}");
    let line = error.to_string();
    assert!(
        line.contains("table actions is not the original's: give the platform a database of its own"),
        "{line}"
    );
}

#[tokio::test]
async fn names_that_are_taken_are_told() {
    for change in ["CREATE TABLE results (id int)", "CREATE SCHEMA original"] {
        let Some((error, line)) = refusal(change).await else { return };
        assert!(matches!(error, StoreError::ForeignSchema { .. }), "{error:?}");
        assert!(line.contains("already exists"), "{line}");
    }
}

#[tokio::test]
async fn who_may_not_change_the_tables_is_told() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.new_database().await;
    let url = cluster.url(&database);
    let password = super::super::cluster::PASSWORD;
    execute(&url, SCHEMA).await;
    execute(&url, &format!("CREATE ROLE reader_{database} LOGIN PASSWORD '{password}'")).await;
    let error =
        PostgresStore::open(&cluster.url_as(&format!("reader_{database}"), &database)).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("use the owner of the database"), "{error}");
}
