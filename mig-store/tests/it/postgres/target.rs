//! Targets in SQL mean what they mean in Rust.

use super::{cluster::cluster, execute};
use mig_core::{
    agent_info::AgentInfo,
    id::ActionId,
    scheduler::flow::AnswerStatus,
    store::{AgentStore as _, CommandStore as _},
    target::{
        Condition, StoredAgent, Target,
        arbitrary::{NOW, agent, condition},
    },
    testing::store_contract::{answer, launch, start},
    time::Time,
};
use mig_store::postgres::PostgresStore;
use proptest::{prelude::*, test_runner::TestRunner};
use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(NOW.unix_seconds()).unwrap())
}

/// A store in which two agents answered action 1.
async fn store_with_answers(url: &str) -> PostgresStore {
    let store = PostgresStore::open(url).await.unwrap();
    launch(&store, 1, "a", &["one", "two"]).await;
    let answers = [answer(101, AnswerStatus::Success, true), answer(102, AnswerStatus::Success, false)];
    store.record_answers(&answers, start()).await.unwrap();
    store
}

/// Puts these agents into the store, with the states and times that only the platform gives.
async fn fill(store: &PostgresStore, url: &str, agents: &[AgentInfo]) {
    execute(url, "DELETE FROM agents WHERE queue_location NOT IN ('linux.one', 'linux.two')").await;
    store.record_heartbeats(agents, now()).await.unwrap();
    let mut connection = super::connect(url).await;
    for agent in agents {
        let sql = "UPDATE agents SET status = $3, destruction_time = to_timestamp($4), heartbeat_time = to_timestamp($5)
            WHERE queue_location = $1 AND pid = $2";
        let seconds = |time: Time| i32::try_from(time.unix_seconds()).map_or(-1.0, f64::from);
        let query = sqlx::query(sql).bind(&agent.queue_location).bind(agent.pid).bind(&agent.status);
        let query = query.bind(seconds(agent.destruction_time)).bind(seconds(agent.heartbeat_time));
        query.execute(&mut connection).await.unwrap();
    }
}

async fn compare(store: &PostgresStore, conditions: &[Condition]) -> usize {
    let agents = store.agents(None, 1000).await.unwrap();
    let found = store.agents_that_found(ActionId::new(1), true).await.unwrap();
    let not_found = store.agents_that_found(ActionId::new(1), false).await.unwrap();
    let mut hits = 0;
    for condition in conditions {
        let target = Target::from(condition.clone());
        let in_sql = store.agents_where(&target, now(), None, 1000).await;
        let in_sql = in_sql.unwrap_or_else(|error| panic!("{target}: {}", mig_core::safe::chain(&error)));
        let in_sql: BTreeSet<_> = in_sql.iter().map(|agent| agent.id).collect();
        for agent in &agents {
            let found_in = |action, wanted| {
                let set = if wanted { &found } else { &not_found };
                action == ActionId::new(1) && set.contains(&agent.queue_location)
            };
            let in_rust = target.evaluate(&StoredAgent::new(agent, found_in), NOW);
            assert_eq!(in_sql.contains(&agent.id), in_rust.is_true(), "{target}\n{in_rust:?} for {agent:?}");
            hits += usize::from(in_rust.is_true());
        }
    }
    hits
}

/// 40 times up to 20 agents and 40 targets: 1,600 targets.
#[test]
fn sql_and_rust_agree_on_random_targets_over_random_agents() {
    let Some(cluster) = cluster() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = runtime.block_on(async { cluster.url(&cluster.new_database().await) });
    let store = runtime.block_on(store_with_answers(&url));
    let cases = (prop::collection::vec(agent(), 1..20), prop::collection::vec(condition(), 40));
    let config = ProptestConfig { cases: 40, max_shrink_iters: 300, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let hits = std::cell::Cell::new(0);
    let outcome = runner.run(&cases, |(agents, conditions)| {
        runtime.block_on(async {
            fill(&store, &url, &agents).await;
            hits.set(hits.get() + compare(&store, &conditions).await);
        });
        Ok(())
    });
    outcome.unwrap();
    assert!(hits.get() > 1000, "targets that hold for nobody prove nothing: {}", hits.get());
}

#[tokio::test]
async fn targets_of_people_find_their_agents_page_by_page() {
    let Some(cluster) = cluster() else { return };
    let url = cluster.url(&cluster.new_database().await);
    let store = store_with_answers(&url).await;
    let names = async |target: &str| -> Vec<String> {
        let target = Target::parse(target).unwrap();
        let first = store.reachable_agents_where(&target, now(), None, 1).await.unwrap();
        let last = first.last().map(|agent| agent.id);
        let rest = store.reachable_agents_where(&target, now(), last, 10).await.unwrap();
        first.into_iter().chain(rest).map(|agent| agent.name).collect()
    };
    assert_eq!(names("all").await, ["one", "two"]);
    assert_eq!(names("name = 'o''ne' OR tags->>'site' = 'lab' AND queueloc LIKE 'linux.t%'").await, ["two"]);
    assert!(names("name = '''; DROP TABLE agents; --'").await.is_empty());
    let found = Target::found_in(ActionId::new(1), true, Target::all()).to_string();
    assert_eq!(names(&found).await, ["one"]);
    execute(&url, "UPDATE agents SET status = 'offline' WHERE name = 'two'").await;
    assert_eq!(names("all").await, ["one"]);
    assert_eq!(store.agents_where(&Target::all(), now(), None, 10).await.unwrap().len(), 2);
}
