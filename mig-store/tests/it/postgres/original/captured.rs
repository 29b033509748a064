//! A database that the original filled.

use super::{OURS, TABLES, captured, filled, fingerprints, remarks};
use crate::postgres::{cluster::cluster, connect, execute};
use mig_core::{
    action::SignedText,
    command::ModuleResult,
    id::{ActionId, AgentId, CommandId, InvestigatorId},
    json,
    sign::Keyring,
    store::{
        ActionStore as _, AgentStore as _, CommandFilter, CommandQuery, CommandStore as _,
        InvestigatorStore as _,
    },
    testing::store_contract::new_action,
    time::Time,
};
use mig_store::postgres::PostgresStore;
use std::collections::BTreeMap;

/// The rows of a captured table, by column.
fn rows(table: &str) -> Vec<BTreeMap<String, String>> {
    let lines = captured(table);
    let columns: Vec<_> = lines[0].split('\t').map(str::to_owned).collect();
    let values =
        |line: &String| line.split('\t').map(|value| value.replace("\\\\", "\\")).collect::<Vec<_>>();
    lines[1..].iter().map(|line| columns.iter().cloned().zip(values(line)).collect()).collect()
}

fn time(text: &str) -> Time {
    let text = text.replace(' ', "T");
    format!("{text}:00").parse().unwrap()
}

fn number(text: &str) -> u64 {
    text.parse().unwrap()
}

#[tokio::test]
async fn actions_answers_agents_and_people_of_the_original_are_there() {
    let Some(cluster) = cluster() else { return };
    let url = filled(cluster).await;
    let store = PostgresStore::open(&url).await.unwrap();
    assert_eq!(remarks(&url).await, []);
    for row in rows("actions") {
        let stored = store.action(ActionId::new(number(&row["id"]))).await.unwrap();
        assert_eq!((stored.action.name, stored.action.target), (row["name"].clone(), row["target"].clone()));
        assert_eq!(stored.status.as_str(), row["status"]);
        assert_eq!(stored.action.valid_from, time(&row["validfrom"]));
        assert_eq!(stored.action.finish_time, time(&row["finishtime"]));
        assert_eq!(json::to_string(&stored.action.operations).unwrap(), row["operations"]);
        let commands: Vec<_> =
            rows("commands").into_iter().filter(|command| command["actionid"] == row["id"]).collect();
        let counted = |status: &str| commands.iter().filter(|command| command["status"] == status).count();
        let counters = stored.action.counters;
        let expected = [commands.len(), counted("success"), counted("expired"), counted("failed")];
        let found = [counters.sent, counters.success, counters.expired, counters.failed];
        assert_eq!(found.map(|count| usize::try_from(count).unwrap()), expected);
        assert_eq!(counters.done, counters.sent);
        let names: Vec<_> = stored.action.investigators.iter().map(|signer| signer.name.as_str()).collect();
        assert_eq!(names, ["Peer Investigator"]);
    }
    for row in rows("commands") {
        let stored = store.command(CommandId::new(number(&row["id"]))).await.unwrap();
        let results: Vec<ModuleResult> = json::from_str(&row["results"]).unwrap();
        assert_eq!((stored.status.as_str(), stored.results), (row["status"].as_str(), results));
        assert_eq!(stored.agent.id, AgentId::new(number(&row["agentid"])));
        assert_eq!(stored.finish_time, time(&row["finishtime"]));
        assert!(stored.ended.is_some());
    }
    let agents = store.agents(None, 100).await.unwrap();
    for (agent, row) in agents.iter().zip(rows("agents")) {
        assert_eq!((agent.id.get(), &agent.queue_location), (number(&row["id"]), &row["queueloc"]));
        assert_eq!((agent.status.as_str(), agent.loader_name.as_str()), (row["status"].as_str(), ""));
        assert_eq!(agent.environment, json::from_str(&row["environment"]).unwrap());
        assert_eq!(agent.refresh_time, time(&row["refreshtime"]));
    }
    for row in rows("investigators") {
        let known = store.investigator(InvestigatorId::new(number(&row["id"]))).await.unwrap();
        assert_eq!((known.fingerprint, known.status), (row["pgpfingerprint"].clone(), row["status"].clone()));
    }
    let sql = "SELECT count(*) FROM investigators i JOIN original.investigators o ON o.id = i.id
        WHERE i.permissions = o.permissions AND i.public_key = convert_from(o.publickey, 'UTF8')
            AND i.private_key IS NOT DISTINCT FROM convert_from(o.privatekey, 'UTF8')
            AND i.api_key IS NOT DISTINCT FROM o.apikey AND i.api_salt IS NOT DISTINCT FROM o.apisalt";
    let same: i64 = sqlx::query_scalar(sql).fetch_one(&mut connect(&url).await).await.unwrap();
    assert_eq!(same, 2);
}

#[tokio::test]
async fn signatures_of_the_original_are_still_good() {
    let Some(cluster) = cluster() else { return };
    let store = PostgresStore::open(&filled(cluster).await).await.unwrap();
    let mut keyring = Keyring::default();
    for key in store.active_keys().await.unwrap() {
        keyring.add(&key.public_key).unwrap();
    }
    let actions = store.actions(None, 100).await.unwrap();
    assert_eq!(actions.len(), rows("actions").len());
    for stored in actions {
        let text = SignedText::of(&stored.action).unwrap();
        for signature in stored.action.signatures.unwrap() {
            text.verify(&keyring, &signature, Time::now().into()).unwrap();
        }
    }
}

#[tokio::test]
async fn every_table_of_the_original_is_kept_as_it_was() {
    let Some(cluster) = cluster() else { return };
    let url = filled(cluster).await;
    let rest = "INSERT INTO modules VALUES (1, 'file');
        INSERT INTO agtmodreq VALUES (1, 7, 2);
        INSERT INTO invagtmodperm SELECT 1, min(id), 1, 3 FROM agents;
        INSERT INTO manifests (name, content, timestamp, status, target) VALUES ('m', 'aGk=', now(), 'active', 'all');
        INSERT INTO manifestsig VALUES (1, 1, 'signature');
        INSERT INTO loaders (loadername, keyprefix, loaderkey, salt, lastseen, enabled, queueloc)
            VALUES ('l', 'prefix', '\\x01', '\\x02', now(), true, 'linux.l')";
    execute(&url, rest).await;
    let before = fingerprints(&url, "public", &TABLES).await;
    drop(PostgresStore::open(&url).await.unwrap());
    assert_eq!(fingerprints(&url, "original", &TABLES).await, before);
    assert!(before.iter().all(|(rows, _)| *rows > 0), "each table had rows: {before:?}");
    let next = "INSERT INTO original.manifests (name, content, timestamp, status, target)
        VALUES ('n', '', now(), 'staged', 'all') RETURNING id::bigint";
    let id: i64 = sqlx::query_scalar(next).fetch_one(&mut connect(&url).await).await.unwrap();
    assert_eq!(id, 2, "its sequences still work");
}

#[tokio::test]
async fn a_second_start_does_nothing() {
    let Some(cluster) = cluster() else { return };
    let url = filled(cluster).await;
    drop(PostgresStore::open(&url).await.unwrap());
    let before = (fingerprints(&url, "public", &OURS).await, fingerprints(&url, "original", &TABLES).await);
    drop(PostgresStore::open(&url).await.unwrap());
    let after = (fingerprints(&url, "public", &OURS).await, fingerprints(&url, "original", &TABLES).await);
    assert_eq!(after, before);
}

#[tokio::test]
async fn work_goes_on_where_the_original_stopped() {
    let Some(cluster) = cluster() else { return };
    let url = filled(cluster).await;
    let store = PostgresStore::open(&url).await.unwrap();
    store.insert_action(&new_action(1), None).await.unwrap();
    assert_eq!(
        store.actions(None, 1).await.unwrap()[0].action.id,
        ActionId::new(1),
        "the latest comes first"
    );
    let known = store.agents(None, 100).await.unwrap();
    let online = known.iter().find(|agent| agent.status == "online").unwrap().clone();
    let now = online.heartbeat_time.plus(std::time::Duration::from_secs(300)).into();
    store.record_heartbeats(std::slice::from_ref(&online), now).await.unwrap();
    let again = store.agents(None, 100).await.unwrap();
    assert_eq!(again.len(), known.len(), "the process is known");
    let new = mig_core::testing::store_contract::agent("new", 1);
    store.record_heartbeats(&[new], now).await.unwrap();
    let newest = store.agents(known.last().map(|agent| agent.id), 100).await.unwrap();
    assert_eq!(newest.len(), 1, "new ids come behind the old ones");
    let action = ActionId::new(number(&rows("actions")[1]["id"]));
    let query = CommandQuery { action, filter: CommandFilter::Found, after: None, limit: 10 };
    assert_eq!(store.commands(&query).await.unwrap().len(), 1);
    assert_eq!(store.ended_commands(action, None, 10).await.unwrap().len(), 2);
}
