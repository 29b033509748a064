//! What is wrong is told in one line, without the password.

use super::{
    cluster::{Cluster, PASSWORD, PASSWORD_IN_URL, cluster},
    connect, execute,
};
use mig_core::{
    agent_info::AgentInfo,
    json::Value,
    store::{ActionStore as _, AgentStore as _, StoreError},
    target::Target,
    testing::store_contract::{agent, new_action, start},
};
use mig_store::postgres::{PostgresOptions, PostgresStore};
use std::time::Duration;

async fn refusal(url: &str) -> (StoreError, String) {
    let error = PostgresStore::open(url).await.unwrap_err();
    let line = mig_core::safe::chain(&error);
    assert!(!line.contains(PASSWORD) && !line.contains(PASSWORD_IN_URL), "{line}");
    assert!(!line.contains('\n'), "{line}");
    (error, line)
}

async fn empty(cluster: &Cluster) -> String {
    cluster.url(&cluster.new_database().await)
}

#[tokio::test]
async fn a_wrong_password_is_named() {
    let Some(cluster) = cluster() else { return };
    let url = format!("postgres://mig:wrong@127.0.0.1:{}/postgres", cluster.port);
    let (error, line) = refusal(&url).await;
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(!error.is_transient());
    assert!(line.contains("check user, password") && line.contains("mig@127.0.0.1"), "{line}");
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_named() {
    let Some(cluster) = cluster() else { return };
    let (error, line) = refusal(&cluster.url("nowhere")).await;
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(line.contains("does not exist: create it") && line.contains("/nowhere"), "{line}");
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.new_database().await;
    execute(&cluster.url(&database), &format!("CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")).await;
    let (error, line) = refusal(&cluster.url_as("guest", &database)).await;
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(line.contains("lacks a permission"), "{line}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_may_answer_later() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (error, line) = refusal(&format!("postgres://mig:{PASSWORD_IN_URL}@127.0.0.1:{port}/mig")).await;
    assert!(matches!(error, StoreError::Unreachable { .. }) && error.is_transient(), "{error:?}");
    assert!(line.contains("can not be reached"), "{line}");
}

#[tokio::test]
async fn a_schema_of_a_later_version_is_left_alone() {
    let Some(cluster) = cluster() else { return };
    let url = empty(cluster).await;
    drop(PostgresStore::open(&url).await.unwrap());
    execute(&url, "UPDATE mig_schema SET version = 99").await;
    let (error, _) = refusal(&url).await;
    assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
}

#[tokio::test]
async fn a_statement_that_takes_too_long_ends() {
    let Some(cluster) = cluster() else { return };
    let url = empty(cluster).await;
    let options =
        PostgresOptions { statement_timeout: Duration::from_millis(100), ..PostgresOptions::default() };
    let store = PostgresStore::open_with(&url, &options).await.unwrap();
    let mut other = connect(&url).await;
    sqlx::raw_sql("BEGIN; LOCK TABLE actions").execute(&mut other).await.unwrap();
    let error = store.actions(None, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }) && error.is_transient(), "{error:?}");
    drop(other);
}

#[tokio::test]
async fn a_target_that_takes_too_long_is_no_reason_to_try_again() {
    let Some(cluster) = cluster() else { return };
    let url = empty(cluster).await;
    let options =
        PostgresOptions { statement_timeout: Duration::from_millis(100), ..PostgresOptions::default() };
    let store = PostgresStore::open_with(&url, &options).await.unwrap();
    let mut other = connect(&url).await;
    sqlx::raw_sql("BEGIN; LOCK TABLE agents").execute(&mut other).await.unwrap();
    let error = store.targeted_agents(&Target::all(), start(), None, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::TargetTooSlow { .. }) && !error.is_transient(), "{error:?}");
    drop(other);
}

#[tokio::test]
async fn many_can_open_a_new_database_at_once() {
    let Some(cluster) = cluster() else { return };
    let url = empty(cluster).await;
    let opening = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { PostgresStore::open(&url).await.unwrap() })
    });
    for store in opening.collect::<Vec<_>>() {
        store.await.unwrap();
    }
}

#[tokio::test]
async fn a_nul_is_refused_where_it_is_signed_and_replaced_where_an_agent_describes_itself() {
    let Some(cluster) = cluster() else { return };
    let store = PostgresStore::open(&empty(cluster).await).await.unwrap();
    let mut new = new_action(1);
    new.action.name = "a\0b".to_owned();
    let error = store.insert_action(&new, None).await.unwrap_err();
    assert_eq!(error.to_string(), "the action name holds a NUL character, which the database can not store");
    let mut new = new_action(2);
    if let Some(operation) = new.action.operations.as_mut().and_then(|operations| operations.first_mut()) {
        operation.parameters = Value::String("a\0b".to_owned());
    }
    store.insert_action(&new, None).await.unwrap();
    let kept = store.action(new.action.id).await.unwrap();
    assert_eq!(kept.action.operations, new.action.operations, "operations are signed");
    let hostile = AgentInfo {
        name: "a\0b".to_owned(),
        tags: [("k\0".to_owned(), "\0v".to_owned())].into(),
        ..agent("one", 1)
    };
    store.record_heartbeats(&[hostile, agent("two", 1)], start()).await.unwrap();
    let agents = store.agents(None, 10).await.unwrap();
    assert_eq!(agents.len(), 2);
    assert_eq!(agents[0].name, "a\u{fffd}b");
    assert_eq!(agents[0].tags, [("k\u{fffd}".to_owned(), "\u{fffd}v".to_owned())].into());
}
