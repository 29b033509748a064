//! Whatever the original's tables hold, nothing is lost, and everything can be read.

use super::{Fingerprint, OURS, SCHEMA, TABLES, fingerprints, remarks};
use crate::postgres::{cluster::cluster, connect, execute};
use mig_core::{
    id::InvestigatorId,
    store::{
        ActionStore as _, AgentStore as _, CommandFilter, CommandQuery, CommandStore as _,
        InvestigatorStore as _,
    },
    testing::store_contract::after,
};
use mig_store::postgres::PostgresStore;
use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestRunner};

const DOCUMENTS: [&str; 14] = [
    "null",
    "{}",
    "[]",
    "7",
    "\"text\"",
    "[null]",
    "[{}]",
    "[{\"foundanything\":true,\"success\":true,\"elements\":{\"a\":[1,2]},\"errors\":null},7]",
    "[{\"foundanything\":\"yes\"}]",
    "[{\"module\":\"file\",\"parameters\":{\"p\":1e400}}]",
    "[{\"module\":\"ping\",\"parameters\":\"\\u0000\"},{\"module\":\"ping\"}]",
    "{\"os\":\"linux\",\"os\":\"darwin\"}",
    "{\"os\":\"linux\",\"addresses\":null,\"a\\u0000\":\"b\\u0000\"}",
    "{\"author\":\"\\ud800\",\"revision\":2.5}",
];

const TIMES: [&str; 8] = [
    "infinity",
    "-infinity",
    "0044-03-15 BC",
    "0011-01-11 11:11:11+00",
    "2018-01-01 10:00:00.123456+00",
    "2026-06-01 00:00:00+00",
    "9998-01-11 11:11:11+00",
    "12000-01-01 00:00:00+00",
];

const WORDS: [&str; 14] = [
    "pending",
    "scheduled",
    "preparing",
    "inflight",
    "completed",
    "invalid",
    "sent",
    "success",
    "expired",
    "failed",
    "active",
    "online",
    "idle",
    "<odd>",
];

fn document() -> impl Strategy<Value = Option<String>> {
    option::of(select(DOCUMENTS.to_vec()).prop_map(str::to_owned))
}

fn time() -> impl Strategy<Value = String> {
    select(TIMES.to_vec()).prop_map(str::to_owned)
}

fn word() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.9, select(WORDS.to_vec()).prop_map(str::to_owned))
}

/// A text of the original: no NUL, short.
fn text() -> impl Strategy<Value = String> {
    "[^\0]{0,12}"
}

fn fingerprint() -> impl Strategy<Value = Option<String>> {
    option::of(prop_oneof!["[0-9A-Fa-f]{40}", "[0-9A-Z]{0,10}", Just("AB".repeat(20)), Just("ab".repeat(20))])
}

/// Distinct ids, some of which can not be kept.
fn ids(count: usize) -> Vec<String> {
    let odd =
        ["-7", "0", "1.5", "NaN", "6115472790658567000", "9223372036854775808", "1e30", "28064280936451"];
    (0..count)
        .map(|place| odd.get(place).map_or_else(|| (place * 3).to_string(), |id| (*id).to_owned()))
        .collect()
}

type Values = Vec<Option<String>>;

#[derive(Debug)]
struct Rows {
    investigators: Vec<Values>,
    agents: Vec<Values>,
    actions: Vec<Values>,
    commands: Vec<Values>,
    signatures: Vec<(usize, usize)>,
}

fn rows() -> impl Strategy<Value = Rows> {
    let investigator = (text(), fingerprint(), option::of(text()), word(), time(), any::<i32>());
    let agent = (text(), any::<i32>(), time(), option::of(time()), word(), document(), document());
    let action = (
        text(),
        vec(document(), 3),
        vec(time(), 2),
        vec(option::of(time()), 3),
        word(),
        option::of(any::<i8>()),
    );
    let command = (any::<(usize, usize)>(), word(), document(), time(), option::of(time()));
    let tables = (vec(investigator, 0..12), vec(agent, 1..12), vec(action, 1..14));
    (tables, vec(command, 0..30), vec(any::<(usize, usize)>(), 0..10)).prop_map(
        |((investigators, agents, actions), commands, signatures)| {
            let (agent_ids, action_ids) = (ids(agents.len()), ids(actions.len()));
            Rows {
                investigators: ids(investigators.len())
                    .into_iter()
                    .zip(investigators)
                    .map(|(id, (name, fingerprint, key, status, time, permissions))| {
                        let status = status.unwrap_or_default();
                        vec![
                            Some(id),
                            Some(name),
                            fingerprint,
                            key,
                            Some(status),
                            Some(time),
                            Some(permissions.to_string()),
                        ]
                    })
                    .collect(),
                agents: agent_ids
                    .iter()
                    .zip(agents)
                    .map(|(id, (name, pid, beat, destruction, status, environment, tags))| {
                        vec![
                            Some(id.clone()),
                            Some(name),
                            Some(pid.to_string()),
                            Some(beat),
                            destruction,
                            status,
                            environment,
                            tags,
                        ]
                    })
                    .collect(),
                actions: action_ids
                    .iter()
                    .zip(actions)
                    .map(|(id, (name, documents, window, times, status, version))| {
                        let mut values = vec![Some(id.clone()), Some(name.clone())];
                        values.extend(documents);
                        values.extend(window.into_iter().map(Some));
                        values.extend(times);
                        values.extend([
                            status,
                            version.map(|version| version.to_string()),
                            Some(format!("[\"{name}\"]")),
                        ]);
                        values
                    })
                    .collect(),
                commands: commands
                    .into_iter()
                    .enumerate()
                    .map(|(place, ((action, agent), status, results, start, finish))| {
                        let action = action_ids[action % action_ids.len()].clone();
                        let agent = agent_ids[agent % agent_ids.len()].clone();
                        let id = if place == 3 { "2.5".to_owned() } else { (100 + place).to_string() };
                        let status = status.unwrap_or_default();
                        vec![Some(id), Some(action), Some(agent), Some(status), results, Some(start), finish]
                    })
                    .collect(),
                signatures,
            }
        },
    )
}

const INVESTIGATOR: &str = "INSERT INTO investigators (id, name, pgpfingerprint, publickey, status, createdat, lastmodified, permissions)
    SELECT $1::text::numeric, $2, $3, convert_to($4, 'UTF8'), $5, $6::text::timestamptz, $6::text::timestamptz, $7::text::bigint
    WHERE NOT EXISTS (SELECT 1 FROM investigators WHERE pgpfingerprint = $3)";
const AGENT: &str = "INSERT INTO agents (id, name, queueloc, mode, version, pid, heartbeattime, destructiontime, status, environment, tags,
        starttime, refreshtime)
    VALUES ($1::text::numeric, $2, $2, '', '', $3::text::int, $4::text::timestamptz, $5::text::timestamptz, $6, $7::text::json,
        $8::text::json, $4::text::timestamptz, $4::text::timestamptz)";
const ACTION: &str = "INSERT INTO actions (id, name, description, threat, operations, validfrom, expireafter, starttime, finishtime,
        lastupdatetime, status, syntaxversion, pgpsignatures, target)
    VALUES ($1::text::numeric, $2, $3::text::json, $4::text::json, $5::text::json, $6::text::timestamptz, $7::text::timestamptz,
        $8::text::timestamptz, $9::text::timestamptz, $10::text::timestamptz, $11, $12::text::int, $13, 'all')";
const COMMAND: &str = "INSERT INTO commands (id, actionid, agentid, status, results, starttime, finishtime)
    VALUES ($1::text::numeric, $2::text::numeric, $3::text::numeric, $4, $5::text::json, $6::text::timestamptz, $7::text::timestamptz)";
const SIGNATURE: &str = "INSERT INTO signatures
    SELECT (SELECT id FROM actions ORDER BY id OFFSET $1 % (SELECT count(*) FROM actions) LIMIT 1), i.id, 's'
    FROM (SELECT id FROM investigators ORDER BY id OFFSET $2 % greatest((SELECT count(*) FROM investigators), 1) LIMIT 1) i
    ON CONFLICT DO NOTHING";

async fn fill(url: &str, rows: &Rows) {
    execute(url, "DROP SCHEMA IF EXISTS original CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .await;
    execute(url, SCHEMA).await;
    let mut connection = connect(url).await;
    let tables = [
        (INVESTIGATOR, &rows.investigators),
        (AGENT, &rows.agents),
        (ACTION, &rows.actions),
        (COMMAND, &rows.commands),
    ];
    for (sql, rows) in tables {
        for values in rows {
            let query = values.iter().fold(sqlx::query(sql), |query, value| query.bind(value));
            query.execute(&mut connection).await.unwrap();
        }
    }
    for (action, investigator) in &rows.signatures {
        let small = |place: &usize| i64::try_from(place % 1000).unwrap();
        let query = sqlx::query(SIGNATURE).bind(small(action)).bind(small(investigator));
        query.execute(&mut connection).await.unwrap();
    }
}

/// Each row of the original is in our table, or a remark says why not.
async fn nothing_is_missing(url: &str, before: &[Fingerprint]) {
    let remarks = remarks(url).await;
    let taken = fingerprints(url, "public", &TABLES[..5]).await;
    for (table, ((kept, _), (taken, _))) in TABLES.iter().zip(before.iter().zip(taken)) {
        let left =
            remarks.iter().filter(|(of, _, remark)| of == table && remark.starts_with("not taken over"));
        assert_eq!(*kept, taken + i64::try_from(left.count()).unwrap(), "{table}: {remarks:?}");
    }
}

/// Everything can be read, and everything ends.
async fn everything_lives(store: &PostgresStore) {
    let (now, far) = (after(0), after(400_000_000_000));
    store.active_keys().await.unwrap();
    store.agents(None, 1000).await.unwrap();
    for id in 1..50 {
        match store.investigator(InvestigatorId::new(id)).await {
            Err(error) => assert!(error.is_not_found(), "{error:?}"),
            Ok(investigator) => assert_eq!(investigator.id.get(), id),
        }
    }
    store.expire_actions(now).await.unwrap();
    while store.expire_commands(far, now, 7).await.unwrap() > 0 {}
    for stored in store.actions(None, 1000).await.unwrap() {
        // Those that wait for a window in the far future.
        store.cancel_action(stored.action.id, now).await.unwrap();
    }
    for stored in store.actions(None, 1000).await.unwrap() {
        assert!(stored.status.is_final(), "{stored:?}");
        assert!(mig_core::json::to_string(&stored.action).is_ok());
        let query =
            CommandQuery { action: stored.action.id, filter: CommandFilter::All, after: None, limit: 1000 };
        let commands = store.commands(&query).await.unwrap();
        assert_eq!(usize::try_from(stored.action.counters.sent).unwrap(), commands.len());
        assert!(commands.iter().all(|command| command.status.is_final()));
        let ended = store.ended_commands(stored.action.id, None, 1000).await.unwrap();
        assert_eq!(ended.len(), commands.len());
        for command in commands {
            assert_eq!(store.command(command.id).await.unwrap(), command);
            assert!(mig_core::json::to_string(&command.into_command(stored.action.clone())).is_ok());
        }
    }
}

#[test]
fn random_rows_of_the_original_are_taken_over_without_loss() {
    let Some(cluster) = cluster() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(async { cluster.url(&cluster.new_database().await) });
    let config = ProptestConfig { cases: 32, max_shrink_iters: 100, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&rows(), |rows| {
        runtime.block_on(async {
            fill(&url, &rows).await;
            let before = fingerprints(&url, "public", &TABLES).await;
            drop(PostgresStore::open(&url).await.unwrap());
            assert_eq!(fingerprints(&url, "original", &TABLES).await, before);
            nothing_is_missing(&url, &before).await;
            let ours = fingerprints(&url, "public", &OURS).await;
            let store = PostgresStore::open(&url).await.unwrap();
            assert_eq!(fingerprints(&url, "public", &OURS).await, ours, "the second start does nothing");
            everything_lives(&store).await;
        });
        Ok(())
    });
    outcome.unwrap();
}
