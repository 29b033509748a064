//! The scheduler over a real store and a relay of its own: every command gets exactly one answer or an end, whatever dies when.

use crate::relay::{STUCK, TestRelay, answer, honest, post, start_agent};
use mig_core::{
    action::ActionCounters,
    agent_info::AgentInfo,
    command::Command,
    id::{ActionId, CommandId},
    json,
    scheduler::{
        Options, Scheduler,
        flow::{ActionStatus, AnswerStatus, CommandStatus},
    },
    store::{OwnerId, Store, StoredAction, StoredCommand},
    testing::{
        ManualClock,
        store_contract::{VALID_SECONDS, agent, new_action, start},
    },
    time::Time,
    transport::{Address, Transport as _},
};
use std::{collections::BTreeSet, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

/// How long schedulers of these tests keep what is over.
const KEEP: Duration = Duration::from_secs(100_000);

/// A platform of one store; schedulers and relays come and go.
struct Platform {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
}

impl Platform {
    async fn new() -> Self {
        let store = mig_store::open("sqlite::memory:").await.unwrap();
        Self { store, clock: Arc::new(ManualClock::new(start())) }
    }

    fn scheduler(&self, relay: &TestRelay, owner: &str) -> Scheduler {
        let options = Options {
            tick: Duration::from_millis(10),
            hand_over_timeout: Duration::from_millis(200),
            keep_actions: Some(KEEP),
            keep_agents: Some(KEEP),
            forget_every: Duration::from_millis(20),
            ..Options::default()
        };
        let owner = OwnerId(owner.to_owned());
        Scheduler::new(self.store.clone(), Arc::new(relay.clone()), self.clock.clone(), owner, options)
    }

    /// A scheduler that runs until the end of the test.
    fn start_scheduler(&self, relay: &TestRelay, owner: &str) {
        let scheduler = self.scheduler(relay, owner);
        tokio::spawn(async move { scheduler.run(std::future::pending()).await });
    }

    /// Waits until these agents are known.
    async fn know(&self, count: usize) {
        self.until(async || self.store.reachable_agents(None, 1000).await.unwrap().len() == count).await;
    }

    async fn submit(&self, id: u64, target: &str) {
        let mut new = new_action(id);
        new.action.target = target.to_owned();
        self.store.insert_action(&new, None).await.unwrap();
    }

    async fn action(&self, id: u64) -> StoredAction {
        self.store.action(ActionId::new(id)).await.unwrap()
    }

    async fn ended(&self, id: u64) -> StoredAction {
        self.until(async || self.action(id).await.status.is_final()).await;
        self.action(id).await
    }

    async fn commands(&self, id: u64) -> Vec<StoredCommand> {
        self.store.ended_commands(ActionId::new(id), None, 1000).await.unwrap()
    }

    async fn until(&self, holds: impl AsyncFn() -> bool) {
        let wait = async {
            loop {
                let seen = self.store.revision();
                if holds().await {
                    return;
                }
                drop(tokio::time::timeout(Duration::from_millis(50), self.store.changed(seen)).await);
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it happens in the end");
    }
}

fn online(name: &str) -> AgentInfo {
    AgentInfo { heartbeat_time: Time::from(start()), ..agent(name, 1) }
}

async fn with_agents(names: &[&str], behaviour: crate::relay::Behaviour) -> (Platform, TestRelay) {
    let (platform, relay) = (Platform::new().await, TestRelay::default());
    platform.start_scheduler(&relay, "first");
    for name in names {
        start_agent(&relay, &online(name), behaviour).await;
    }
    platform.know(names.len()).await;
    (platform, relay)
}

#[tokio::test]
async fn a_question_reaches_its_agents_and_their_answers_reach_the_store() {
    let (platform, _relay) = with_agents(&["one", "two", "three"], honest).await;
    platform.submit(1, "all").await;
    let ended = platform.ended(1).await;
    assert_eq!(ended.status, ActionStatus::Completed);
    let counters = ActionCounters { sent: 3, done: 3, success: 3, ..ActionCounters::default() };
    assert_eq!(ended.action.counters, counters);
    let commands = platform.commands(1).await;
    let names: BTreeSet<_> = commands.iter().map(|command| command.agent.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "three"].into());
    assert!(commands.iter().all(|command| command.results.len() == 2 && command.results[0].found_anything));
}

#[tokio::test]
async fn agents_get_the_documents_that_the_original_sends() {
    let (platform, relay) = (Platform::new().await, TestRelay::default());
    let mut queue = relay.subscribe(&Address::Agent("linux.one".to_owned())).await.unwrap();
    platform.store.record_heartbeats(&[online("one")], start()).await.unwrap();
    platform.start_scheduler(&relay, "first");
    platform.submit(1, "all").await;
    let delivery = queue.next().await.unwrap();
    let command: Command = json::from_slice(&delivery.body).unwrap();
    let new = new_action(1).action;
    assert_eq!((command.status.as_str(), command.action.status.as_str()), ("sent", "preparing"));
    assert_eq!(command.results.map(|results| results.len()), Some(2));
    assert_eq!((command.action.operations, command.action.signatures), (new.operations, new.signatures));
    assert_eq!((command.action.valid_from, command.action.expire_after), (new.valid_from, new.expire_after));
    assert_eq!((command.agent.queue_location.as_str(), command.agent.pid), ("linux.one", 1));
}

#[tokio::test]
async fn only_agents_that_match_are_asked() {
    let (platform, _relay) = with_agents(&["one", "two"], honest).await;
    platform.submit(1, "name='two'").await;
    assert_eq!(platform.ended(1).await.action.counters.sent, 1);
    assert_eq!(platform.commands(1).await[0].agent.name, "two");
}

#[tokio::test]
async fn agents_that_found_something_before_can_be_asked_again() {
    fn finds_if_one(command: Command) -> Vec<Command> {
        let found = command.agent.name == "one";
        let mut answer = answer(command);
        answer.results.iter_mut().flatten().for_each(|result| result.found_anything = found);
        vec![answer]
    }
    let (platform, _relay) = with_agents(&["one", "two"], finds_if_one).await;
    platform.submit(1, "all").await;
    assert_eq!(platform.ended(1).await.action.counters.sent, 2);
    let found = "id IN (select agentid from commands, json_array_elements(commands.results) as r \
        where actionid=1 and r#>>'{foundanything}' = 'true') AND status='online'";
    platform.submit(2, found).await;
    assert_eq!(platform.ended(2).await.action.counters.sent, 1);
    assert_eq!(platform.commands(2).await[0].agent.name, "one");
}

#[tokio::test]
async fn an_action_that_targets_nobody_is_invalid_and_says_why() {
    let (platform, _relay) = with_agents(&["one"], honest).await;
    platform.submit(1, "name='nobody'").await;
    let ended = platform.ended(1).await;
    assert_eq!(ended.status, ActionStatus::Invalid);
    assert_eq!(ended.reason, "no agent matches the target: 1 reachable agents were looked at");
}

#[tokio::test]
async fn an_action_whose_target_can_not_be_read_is_invalid_and_says_why() {
    let (platform, _relay) = with_agents(&["one"], honest).await;
    platform.submit(1, "status='online'; DROP TABLE agents").await;
    let ended = platform.ended(1).await;
    assert_eq!(ended.status, ActionStatus::Invalid);
    assert!(ended.reason.starts_with("the target can not be read: "), "{}", ended.reason);
}

#[tokio::test]
async fn forged_answers_are_dropped_and_the_true_one_counts() {
    fn forger(command: Command) -> Vec<Command> {
        let forged = |change: fn(&mut Command)| {
            let mut forged = answer(command.clone());
            change(&mut forged);
            forged
        };
        vec![
            forged(|command| command.agent.queue_location = "linux.other".to_owned()),
            forged(|command| command.action.id = ActionId::new(99)),
            forged(|command| command.results = None),
            forged(|command| command.status = "expired".to_owned()),
            forged(|command| command.id = CommandId::new(99)),
            answer(command),
        ]
    }
    let (platform, relay) = with_agents(&["one"], forger).await;
    post(&relay, &Address::Results, "not even JSON".to_owned()).await;
    platform.submit(1, "all").await;
    let counters = platform.ended(1).await.action.counters;
    assert_eq!((counters.sent, counters.success), (1, 1));
}

#[tokio::test]
async fn an_answer_that_comes_twice_counts_once() {
    let (platform, _relay) =
        with_agents(&["one"], |command| vec![answer(command.clone()), answer(command)]).await;
    platform.submit(1, "all").await;
    assert_eq!(platform.ended(1).await.action.counters.success, 1);
    assert_eq!(platform.commands(1).await[0].results.len(), 2);
}

#[tokio::test]
async fn commands_of_agents_that_vanished_expire_and_a_late_answer_is_kept() {
    let (platform, relay) = with_agents(&["here"], honest).await;
    let gone = start_agent(&relay, &online("gone"), |_| Vec::new()).await;
    platform.know(2).await;
    platform.submit(1, "all").await;
    platform.until(async || platform.action(1).await.action.counters.success == 1).await;
    gone.abort();
    platform.clock.advance(Duration::from_secs(VALID_SECONDS + 60));
    let ended = platform.ended(1).await;
    assert_eq!(ended.status, ActionStatus::Completed);
    assert_eq!((ended.action.counters.success, ended.action.counters.expired), (1, 1));
    let expired = platform.commands(1).await.remove(1);
    let late = answer(expired.clone().into_command(ended.action.clone()));
    post(&relay, &Address::Results, json::to_string(&late).unwrap()).await;
    let kept = async || platform.store.command(expired.id).await.unwrap();
    platform.until(async || kept().await.late == Some(AnswerStatus::Success)).await;
    assert_eq!(kept().await.status, CommandStatus::Expired);
    assert_eq!(platform.action(1).await.action.counters, ended.action.counters);
}

#[tokio::test]
async fn an_agent_without_a_queue_is_asked_when_it_has_one() {
    let (platform, relay) = with_agents(&[], honest).await;
    platform.store.record_heartbeats(&[online("slow")], start()).await.unwrap();
    platform.submit(1, "all").await;
    platform.until(async || platform.action(1).await.status == ActionStatus::Preparing).await;
    start_agent(&relay, &online("slow"), honest).await;
    platform
        .until(async || {
            platform.clock.advance(Duration::from_secs(1));
            platform.action(1).await.status.is_final()
        })
        .await;
    assert_eq!(platform.action(1).await.action.counters.success, 1);
}

#[tokio::test]
async fn a_full_queue_does_not_hold_up_the_others() {
    let (platform, _relay) = with_agents(&["one", "stuck", "two"], honest).await;
    assert_eq!(online("stuck").queue_location, STUCK);
    platform.submit(1, "all").await;
    platform.until(async || platform.action(1).await.action.counters.success == 2).await;
    assert_eq!(platform.action(1).await.status, ActionStatus::Preparing);
    platform.clock.advance(Duration::from_secs(VALID_SECONDS + 60));
    assert_eq!(platform.ended(1).await.action.counters.expired, 1);
}

#[tokio::test]
async fn bad_heartbeats_are_ignored_and_good_ones_behind_them_are_not() {
    let (platform, relay) = with_agents(&[], honest).await;
    // The scheduler may not have come to its queues yet.
    relay.subscribe(&Address::Heartbeats).await.unwrap();
    let mut nameless = online("two");
    nameless.queue_location.clear();
    for text in
        ["{".to_owned(), json::to_string(&nameless).unwrap(), json::to_string(&online("one")).unwrap()]
    {
        post(&relay, &Address::Heartbeats, text).await;
    }
    platform.know(1).await;
}

#[tokio::test]
async fn a_cancelled_action_is_over_for_everybody() {
    let (platform, _relay) = with_agents(&["mute"], |_| Vec::new()).await;
    platform.submit(1, "all").await;
    platform.until(async || platform.action(1).await.status == ActionStatus::InFlight).await;
    platform.store.cancel_action(ActionId::new(1), start()).await.unwrap();
    let ended = platform.ended(1).await;
    assert_eq!((ended.status, ended.action.counters.cancelled), (ActionStatus::Cancelled, 1));
}

#[tokio::test]
async fn what_was_kept_for_long_enough_is_forgotten() {
    let (platform, _relay) = with_agents(&["one", "two"], honest).await;
    platform.submit(1, "all").await;
    assert_eq!(platform.ended(1).await.status, ActionStatus::Completed);
    platform.clock.advance(KEEP / 2);
    platform.submit(2, "all").await;
    platform.until(async || platform.action(2).await.status == ActionStatus::Expired).await;
    assert_eq!(platform.commands(1).await.len(), 2, "half of the time has passed");
    platform.clock.advance(KEEP / 2 + Duration::from_secs(VALID_SECONDS + 60));
    platform.until(async || platform.store.agents(None, 10).await.unwrap().is_empty()).await;
    assert!(platform.store.action(ActionId::new(1)).await.unwrap_err().is_not_found());
    assert_eq!(platform.action(2).await.status, ActionStatus::Expired, "it ended later");
}

#[tokio::test]
async fn a_burst_of_actions_loses_none() {
    let (platform, _relay) = with_agents(&["one", "two"], honest).await;
    for id in 1..=100 {
        platform.submit(id, "all").await;
    }
    for id in 1..=100 {
        assert_eq!(platform.ended(id).await.action.counters.success, 2, "action {id}");
    }
}

#[tokio::test]
async fn a_scheduler_that_stops_leaves_its_work_to_others_at_once() {
    let (platform, relay) = (Platform::new().await, TestRelay::default());
    let first = platform.scheduler(&relay, "first");
    let new = new_action(1);
    platform.store.insert_action(&new, Some(&first.lease())).await.unwrap();
    first.run(std::future::ready(())).await.unwrap();
    start_agent(&relay, &online("one"), honest).await;
    let second = platform.scheduler(&relay, "second");
    platform.store.record_heartbeats(&[online("one")], start()).await.unwrap();
    tokio::spawn(async move { second.run(std::future::pending()).await });
    assert_eq!(platform.ended(1).await.action.counters.success, 1);
}

/// Two processes, each with its own connection, relay, agent and scheduler, as two `mig` on one state directory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_share_a_file_share_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("mig.db").display());
    let mut platforms = Vec::new();
    for owner in ["first", "second"] {
        let store = mig_store::open(&url).await.unwrap();
        let platform = Platform { store, clock: Arc::new(ManualClock::new(start())) };
        let relay = TestRelay::default();
        platform.start_scheduler(&relay, owner);
        start_agent(&relay, &online("this machine"), honest).await;
        platform.know(1).await;
        platforms.push(platform);
    }
    for id in 1..=20_u64 {
        platforms[usize::from(id % 2 == 0)].submit(id, "all").await;
    }
    for id in 1..=20 {
        assert_eq!(platforms[0].ended(id).await.action.counters.success, 1, "action {id}");
    }
}

/// Polls a future some times and then drops it, as if the process were killed at that point.
async fn abandon_after(polls: usize, future: impl Future) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 || future.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A life of a process: scheduler, relay and agent, which die together.
async fn live(platform: &Platform, owner: &str, is_durable: bool, relay: &TestRelay, polls: Option<usize>) {
    let mut relay = relay.clone();
    relay.is_durable = is_durable;
    let agents = [
        start_agent(&relay, &online("one"), honest).await,
        start_agent(&relay, &online("two"), honest).await,
    ];
    let scheduler = platform.scheduler(&relay, owner);
    match polls {
        Some(polls) => abandon_after(polls, scheduler.run(std::future::pending())).await,
        None => {
            tokio::select! {
                failure = scheduler.run(std::future::pending()) => failure.unwrap(),
                () = platform.until(async || platform.action(1).await.status.is_final()) => {}
            }
        }
    }
    agents.iter().for_each(tokio::task::JoinHandle::abort);
    platform.store.release_leases(&OwnerId(owner.to_owned())).await.unwrap();
}

/// A whole life takes about half as many polls; few are enough to see points on both sides of its end.
const LAST_POINT: usize = 100;

async fn die_at_every_point(is_durable: bool) {
    let mut ended_before = 0;
    for polls in 1..LAST_POINT {
        let platform = Platform::new().await;
        platform.store.record_heartbeats(&[online("one"), online("two")], start()).await.unwrap();
        platform.submit(1, "all").await;
        let broker = TestRelay::default();
        live(&platform, "first", is_durable, &broker, Some(polls)).await;
        ended_before += usize::from(platform.action(1).await.status.is_final());
        // An in-process relay is gone with its process, a broker is still there.
        let relay = if is_durable { broker } else { TestRelay::default() };
        live(&platform, "second", is_durable, &relay, None).await;
        let ended = platform.action(1).await;
        assert_eq!(ended.status, ActionStatus::Completed, "dead after {polls} polls");
        assert_eq!((ended.action.counters.sent, ended.action.counters.success), (2, 2), "{polls}");
        assert!(platform.commands(1).await.iter().all(|command| command.results.len() == 2));
    }
    assert!(
        (1..=LAST_POINT - 20).contains(&ended_before),
        "points before and behind the end: {ended_before}"
    );
}

#[tokio::test]
async fn a_process_may_die_at_any_point() {
    die_at_every_point(false).await;
}

#[tokio::test]
async fn a_scheduler_may_die_at_any_point_while_the_broker_lives() {
    die_at_every_point(true).await;
}
