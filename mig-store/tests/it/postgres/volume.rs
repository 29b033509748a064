//! Many rows: everything still adds up, and pages are read by an index.

use super::{cluster::cluster, connect, execute};
use mig_core::{
    id::{ActionId, AgentId, CommandId},
    scheduler::flow::{ActionStatus, AnswerStatus, CommandStatus},
    store::{
        ActionStore as _, AgentStore as _, CommandFilter, CommandQuery, CommandStore as _, EndMark, Handover,
        NewCommand, OwnerId,
    },
    target::Target,
    testing::store_contract::{after, agent, answer, lease, new_action, start},
};
use mig_store::postgres::PostgresStore;
use std::time::{Duration, Instant};

#[expect(clippy::print_stdout, reason = "figures for people, who run it with --nocapture")]
fn report(line: &str) {
    println!("{line}");
}

const AGENTS: u64 = 10_000;

#[tokio::test]
async fn ten_thousand_commands_are_launched_handed_over_and_answered_in_batches() {
    let Some(cluster) = cluster() else { return };
    let store = PostgresStore::open(&cluster.url(&cluster.new_database().await)).await.unwrap();
    let beats: Vec<_> = (0..AGENTS).map(|number| agent(&format!("agent {number}"), 1)).collect();
    for batch in beats.chunks(256) {
        store.record_heartbeats(batch, start()).await.unwrap();
    }
    let (lease, owner) = (lease("a", start()), OwnerId("a".to_owned()));
    store.insert_action(&new_action(1), Some(&lease)).await.unwrap();
    store.claim_actions(&lease, start(), 1).await.unwrap();
    let clock = Instant::now();
    let (mut targets, mut last) = (Vec::new(), None);
    while targets.len() < usize::try_from(AGENTS).unwrap() {
        let page = store.targeted_agents(&Target::all(), start(), last, 5000).await.unwrap();
        last = page.last().map(|agent| agent.id);
        targets.extend(page);
    }
    let targeted = clock.elapsed();
    let ids = (1..).map(CommandId::new);
    let commands: Vec<_> = ids.zip(&targets).map(|(id, agent)| NewCommand { id, agent: agent.id }).collect();
    assert!(store.launch_action(ActionId::new(1), &owner, &commands, start()).await.unwrap());
    let launched = clock.elapsed();
    let mut handed_over = 0;
    loop {
        let claimed = store.claim_commands(&lease, start(), 256).await.unwrap();
        if claimed.is_empty() {
            break;
        }
        let ids: Vec<_> = claimed.iter().map(|command| command.id).collect();
        store.hand_over(&ids, &owner, Handover::Durable, start()).await.unwrap();
        handed_over += ids.len();
    }
    let sent = clock.elapsed();
    assert_eq!(handed_over, commands.len());
    let answers: Vec<_> = (1..=AGENTS).map(|id| answer(id, AnswerStatus::Success, id % 100 == 0)).collect();
    for batch in answers.chunks(256) {
        store.record_answers(batch, after(1)).await.unwrap();
    }
    let answered = clock.elapsed();
    report(&format!(
        "10,000 commands: targets {targeted:.2?}, launch {:.2?}, hand-over {:.2?}, answers {:.2?}",
        launched - targeted,
        sent - launched,
        answered - sent
    ));
    let stored = store.action(ActionId::new(1)).await.unwrap();
    assert_eq!(stored.status, ActionStatus::Completed);
    assert_eq!((stored.action.counters.sent, stored.action.counters.success), (10_000, 10_000));
    let query =
        CommandQuery { action: ActionId::new(1), filter: CommandFilter::Found, after: None, limit: 1000 };
    assert_eq!(store.commands(&query).await.unwrap().len(), 100);
}

/// 100,000 agents, each asked once: of these commands 1 % found something, 1 % are open, 1 % failed.
const ROWS: &str = "
INSERT INTO agents (name, queue_location, mode, version, pid, loader_name, start_time, destruction_time, heartbeat_time,
        refresh_time, status, environment, tags)
    SELECT 'agent ' || n, 'linux.' || n, 'daemon', '1', 1, '', now(), now(), now() - n * interval '1 second', now(),
        CASE WHEN n % 3 = 0 THEN 'offline' ELSE 'online' END, '{}', '{\"site\":\"lab\"}' FROM generate_series(1, 100000) n;
INSERT INTO actions (id, digest, name, target, description, threat, valid_from, expire_after, operations, operation_count,
        signatures, syntax_version, status, finish_time)
    SELECT n, decode(lpad(to_hex(n), 64, '0'), 'hex'), 'a', 'all', '{}', '{}', now(), now(), '[]', 0, '[]', 2, 'completed',
        now() FROM generate_series(1, 20000) n;
INSERT INTO commands (id, action_id, agent_id, status, expire_after, start_time, finish_time, end_stamp, found, handover, due)
    SELECT n, 1 + n % 2, n, CASE WHEN n % 100 = 6 THEN 'sent' WHEN n % 100 = 2 THEN 'failed' ELSE 'success' END, now(), now(),
        now(), CASE WHEN n % 100 <> 6 THEN n / 256 END, CASE WHEN n % 100 <> 6 THEN n % 100 IN (3, 4) END, 'durable', now()
    FROM generate_series(1, 100000) n;
INSERT INTO results SELECT n, 0, n % 100 = 3, '{}' FROM generate_series(1, 100000) n WHERE n % 100 <> 6;
ANALYZE";

/// The plans that the server wrote down for statements of one database.
struct Plans {
    server: String,
    log: String,
    seen: usize,
}

impl Plans {
    async fn new(server: String, url: &str) -> Self {
        let mut connection = connect(url).await;
        let folder: String =
            sqlx::query_scalar("SHOW data_directory").fetch_one(&mut connection).await.unwrap();
        let database: String =
            sqlx::query_scalar("SELECT current_database()::text").fetch_one(&mut connection).await.unwrap();
        for setting in
            ["session_preload_libraries = 'auto_explain'", "\"auto_explain.log_min_duration\" = '0'"]
        {
            execute(url, &format!("LOAD 'auto_explain'; ALTER DATABASE {database} SET {setting}")).await;
        }
        Self { server, log: format!("{folder}/../log"), seen: 0 }
    }

    /// What was planned since the last look.
    async fn next(&mut self) -> String {
        let mut connection = connect(&self.server).await;
        let query = sqlx::query_scalar::<_, String>("SELECT pg_read_file($1)").bind(&self.log);
        let log = query.fetch_one(&mut connection).await.unwrap();
        let new = log.get(self.seen..).unwrap_or_default().to_owned();
        self.seen = log.len();
        new
    }

    async fn assert_by_index(&mut self, what: &str, indexes: &[&str]) {
        let plans = self.next().await;
        assert!(plans.contains("Query Text"), "{what}: no plan was written down: {plans}");
        for table in ["agents", "commands", "results", "actions"] {
            assert!(!plans.contains(&format!("Seq Scan on {table}")), "{what} reads all of {table}: {plans}");
        }
        assert!(
            indexes.iter().any(|index| plans.contains(index)),
            "{what} uses none of {indexes:?}: {plans}"
        );
    }
}

#[tokio::test]
async fn pages_of_large_tables_are_read_by_an_index() {
    let Some(cluster) = cluster() else { return };
    let url = cluster.url(&cluster.new_database().await);
    drop(PostgresStore::open(&url).await.unwrap());
    execute(&url, ROWS).await;
    let mut plans = Plans::new(cluster.url("postgres"), &url).await;
    let store = PostgresStore::open(&url).await.unwrap();
    plans.next().await;
    // More often than the planner looks at the parameters.
    for round in 0..7 {
        let last = Some(CommandId::new(50_000 + round));
        for (filter, indexes) in [
            (CommandFilter::All, ["commands_by_action", "commands_pkey"].as_slice()),
            (CommandFilter::Found, &["commands_found"]),
            (CommandFilter::NotFound, &["commands_by_action", "commands_by_status", "commands_pkey"]),
            (CommandFilter::Status(CommandStatus::Sent), &["commands_by_status", "commands_open"]),
            (CommandFilter::Status(CommandStatus::Failed), &["commands_by_status"]),
        ] {
            let query = CommandQuery { action: ActionId::new(1), filter, after: last, limit: 100 };
            assert!(!store.commands(&query).await.unwrap().is_empty(), "{filter:?}");
            plans.assert_by_index(&format!("commands {filter:?}"), indexes).await;
        }
        let mark = EndMark { stamp: 200, id: CommandId::new(51_300) };
        assert_eq!(store.ended_commands(ActionId::new(1), Some(mark), 100).await.unwrap().len(), 100);
        plans.assert_by_index("ended commands", &["commands_by_end"]).await;
        let last = Some(AgentId::new(50_000 + round));
        assert_eq!(store.agents(last, 100).await.unwrap().len(), 100);
        plans.assert_by_index("agents", &["agents_pkey"]).await;
        let last = ActionId::new(10_000 + round);
        assert_eq!(store.actions(Some(last), 100).await.unwrap().len(), 100);
        plans.assert_by_index("actions", &["actions_pkey"]).await;
    }
    assert_eq!(store.reachable_agents(Some(AgentId::new(50_000)), 100).await.unwrap().len(), 100);
    plans.assert_by_index("reachable agents", &["agents_pkey"]).await;
    let target = Target::parse("tags->>'site' = 'lab'").unwrap();
    let targeted = store.targeted_agents(&target, start(), Some(AgentId::new(50_000)), 100).await.unwrap();
    assert_eq!(targeted.len(), 100);
    plans.next().await;
    let long_ago = start() - Duration::from_secs(800_000_000);
    assert_eq!(store.forget_agents(long_ago, 10).await.unwrap(), 0);
    plans.assert_by_index("old agents", &["agents_gone", "commands_by_agent"]).await;
    assert_eq!(store.forget_actions(long_ago, 10).await.unwrap(), 0);
    plans.assert_by_index("old actions", &["actions_ended"]).await;
}
