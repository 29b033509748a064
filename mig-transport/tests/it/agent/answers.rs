//! What an agent does with good commands.

use super::support::{Machine, PATIENCE, QUEUE, errors, look};
use mig_core::{
    agent_info::AgentInfo,
    json,
    testing::{ManualClock, person::operation},
    time::Time,
    transport::{Address, Transport as _},
};
use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn an_answer_is_the_command_with_status_results_and_who_answers() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let action = machine.ask("a", look());
    let answer = machine.question(7, &action).await;
    assert_eq!(answer.status, "success");
    assert_eq!(answer.agent.queue_location, QUEUE);
    assert_eq!((answer.action.name.as_str(), answer.action.signatures), ("a", action.signatures));
    let results = answer.results.unwrap();
    assert!(results.len() == 1 && results[0].found_anything && results[0].success);
    agent.drain().await;
}

#[tokio::test]
async fn an_agent_says_that_it_lives_at_the_start_and_in_every_period() {
    let machine = Machine::new().await;
    let mut heartbeats = machine.relay.subscribe(&Address::Heartbeats).await.unwrap();
    let agent = machine.start_with(|parts| parts.options.heartbeat_period = Duration::from_millis(20));
    let mut last = Time::ZERO;
    for _ in 0..3 {
        let delivery = timeout(PATIENCE, heartbeats.next()).await.unwrap().unwrap();
        let info: AgentInfo = json::from_slice(&delivery.body).unwrap();
        assert!(info.queue_location == QUEUE && info.heartbeat_time > last);
        last = info.heartbeat_time;
        delivery.acknowledge().await.unwrap();
    }
    agent.drain().await;
}

#[tokio::test]
async fn many_operations_are_answered_in_order() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let operations =
        (1..=20).map(|bytes| operation("obedient", &format!(r#"{{"found_bytes": {bytes}}}"#))).collect();
    let answer = machine.question(1, &machine.ask("a", operations)).await;
    let lengths: Vec<_> =
        answer.results.iter().flatten().map(|result| result.elements.as_str().unwrap().len()).collect();
    assert_eq!(lengths, (1..=20).collect::<Vec<_>>());
    agent.drain().await;
}

#[tokio::test]
async fn an_action_without_operations_succeeds() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let answer = machine.question(1, &machine.ask("a", vec![])).await;
    assert_eq!((answer.status.as_str(), answer.results), ("success", Some(vec![])));
    agent.drain().await;
}

#[tokio::test]
async fn a_command_for_an_unknown_module_fails_and_the_next_is_not_touched_by_it() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let unknown = machine.question(1, &machine.ask("a", vec![operation("netstat", "{}")])).await;
    assert_eq!(unknown.status, "failed");
    assert_eq!(errors(&unknown), ["module 'netstat' is not available"]);
    let good = machine.question(2, &machine.ask("b", look())).await;
    assert_eq!((good.status.as_str(), errors(&good).len()), ("success", 0));
    agent.drain().await;
}

#[tokio::test]
async fn the_first_operation_that_is_no_success_sets_the_status_and_the_others_run() {
    let mut machine = Machine::new().await;
    let agent = machine.start_with(|parts| parts.options.module_timeout = Duration::from_millis(100));
    let slow = operation("obedient", r#"{"work_ms": 60000}"#);
    let unknown = operation("x", "{}");
    let [good] = look().try_into().unwrap();
    let operations = vec![good.clone(), slow.clone(), unknown.clone(), good.clone()];
    let answer = machine.question(1, &machine.ask("a", operations)).await;
    assert_eq!(answer.status, "timeout");
    let successes: Vec<_> = answer.results.iter().flatten().map(|result| result.success).collect();
    assert_eq!(successes, [true, false, false, true]);
    let answer = machine.question(2, &machine.ask("b", vec![unknown, slow, good])).await;
    assert_eq!(answer.status, "failed");
    agent.drain().await;
}

#[tokio::test]
async fn an_operation_ends_with_the_validity_of_its_action() {
    let mut machine = Machine::new().await;
    let action = machine.ask("a", vec![operation("obedient", r#"{"work_ms": 60000}"#)]);
    let end =
        SystemTime::UNIX_EPOCH + Duration::from_secs(action.expire_after.unix_seconds().try_into().unwrap());
    let agent =
        machine.start_with(|parts| parts.clock = Arc::new(ManualClock::new(end - Duration::from_secs(1))));
    let answer = machine.question(1, &action).await;
    assert_eq!(answer.status, "timeout");
    agent.drain().await;
}

#[tokio::test]
async fn results_above_the_limit_of_a_command_fail_one_by_one() {
    let mut machine = Machine::new().await;
    let agent = machine.start_with(|parts| parts.options.results_bytes = 3000);
    let sizes =
        [1000, 2500, 500].map(|bytes| operation("obedient", &format!(r#"{{"found_bytes": {bytes}}}"#)));
    let answer = machine.question(1, &machine.ask("a", sizes.into())).await;
    let successes: Vec<_> = answer.results.iter().flatten().map(|result| result.success).collect();
    assert_eq!(successes, [true, false, true], "{:?}", errors(&answer));
    assert_eq!(answer.status, "failed");
    agent.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_a_hundred_commands_is_answered_completely() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    for id in 1..=100 {
        machine.send(id, &machine.ask(&id.to_string(), look())).await;
    }
    let mut answered = Vec::new();
    for _ in 0..100 {
        let answer = machine.answer().await;
        assert_eq!(answer.status, "success");
        answered.push(answer.id.get());
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..=100).collect::<Vec<_>>());
    machine.assert_no_answer().await;
    agent.drain().await;
}

#[tokio::test]
async fn a_slow_command_does_not_hold_up_the_next() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    machine.send(1, &machine.ask("slow", vec![operation("obedient", r#"{"work_ms": 600000}"#)])).await;
    let answer = machine.question(2, &machine.ask("quick", look())).await;
    assert_eq!(answer.status, "success");
    agent.cancel().await;
}

#[tokio::test]
async fn no_more_commands_run_at_once_than_allowed() {
    let mut machine = Machine::new().await;
    let agent = machine.start_with(|parts| parts.options.parallel_commands = NonZeroUsize::MIN);
    let start = Instant::now();
    for id in 1..=3 {
        let sleepy = vec![operation("obedient", r#"{"hang_ms": 100}"#)];
        machine.send(id, &machine.ask(&id.to_string(), sleepy)).await;
    }
    for id in 1..=3 {
        assert_eq!(machine.answer().await.id.get(), id);
    }
    assert!(start.elapsed() >= Duration::from_millis(300));
    agent.drain().await;
}

#[tokio::test]
async fn a_drained_agent_answers_what_it_has_and_leaves_the_rest() {
    let mut machine = Machine::new().await;
    let agent = machine.start_with(|parts| parts.options.parallel_commands = NonZeroUsize::MIN);
    let slow = machine.appending("obedient", "runs", r#", "hang_ms": 200"#);
    machine.send(1, &machine.ask("a", vec![slow])).await;
    machine.send(2, &machine.ask("b", look())).await;
    while machine.runs("runs") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    agent.drain().await;
    assert_eq!(machine.answer().await.id.get(), 1);
    machine.assert_no_answer().await;
    let agent = machine.start();
    assert_eq!(machine.answer().await.id.get(), 2);
    agent.drain().await;
}

#[tokio::test]
async fn an_agent_whose_relay_closes_ends_with_an_error() {
    let machine = Machine::new().await;
    let agent = machine.start();
    tokio::time::sleep(Duration::from_millis(20)).await;
    machine.relay.close();
    let error = timeout(PATIENCE, agent.task).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "agent linux.one can not receive commands: the relay is closed");
}
