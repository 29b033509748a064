//! What an agent refuses, and how it says so.

use super::support::{Machine, errors, look};
use mig_core::{
    action::Action,
    command::Command,
    json, limits,
    testing::person::{Person, operation},
    time::Time,
};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sends a changed action and gives the reason in both results.
async fn refusal(change: impl FnOnce(&Person, Action) -> Action) -> String {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let twice = machine.appending("obedient", "runs", "");
    let action = machine.ask("a", vec![twice.clone(), twice]);
    let answer = machine.question(1, &change(&machine.person, action)).await;
    assert_eq!(answer.status, "failed");
    let reasons = errors(&answer);
    assert!(reasons.len() == 2 && reasons[0] == reasons[1], "{reasons:?}");
    assert_eq!(machine.runs("runs"), 0);
    agent.drain().await;
    reasons[0].clone()
}

fn signed_again(person: &Person, action: Action) -> Action {
    person.sign(Action { signatures: None, ..action })
}

#[tokio::test]
async fn an_unsigned_action_is_refused() {
    let reason = refusal(|_, action| Action { signatures: Some(vec![]), ..action }).await;
    assert_eq!(reason, "action pgpsignatures is empty");
}

#[tokio::test]
async fn a_changed_action_is_refused() {
    let reason = refusal(|_, action| Action { name: "b".into(), ..action }).await;
    assert!(reason.starts_with("signature 1 is refused: "), "{reason}");
}

#[tokio::test]
async fn a_stranger_is_refused() {
    let reason = refusal(|_, action| signed_again(&Person::new("Eve"), action)).await;
    assert!(reason.starts_with("signature 1 is refused: the signature is by unknown key"), "{reason}");
}

#[tokio::test]
async fn one_person_is_not_two() {
    let reason = refusal(|person, action| person.sign(action)).await;
    assert!(reason.ends_with("signed more than once"), "{reason}");
}

#[tokio::test]
async fn an_action_that_is_over_is_refused() {
    let reason = refusal(|person, action| {
        let past = Time::now().minus(DAY).whole_seconds();
        signed_again(person, Action { valid_from: past, expire_after: past, ..action })
    });
    assert!(reason.await.starts_with("action expireafter is in the past"));
}

#[tokio::test]
async fn an_action_whose_time_has_not_come_is_refused() {
    let reason = refusal(|person, action| {
        let future = Time::now().plus(DAY).whole_seconds();
        signed_again(person, Action { valid_from: future, expire_after: future, ..action })
    });
    assert!(reason.await.starts_with("Action ValidFrom date is in the future"));
}

#[tokio::test]
async fn an_action_for_others_is_refused() {
    let reason =
        refusal(|person, action| signed_again(person, Action { target: "name = 'two'".into(), ..action }))
            .await;
    assert_eq!(reason, "the action is not meant for this agent: its target is name = 'two'");
}

#[tokio::test]
async fn a_target_that_is_no_target_is_refused() {
    let target = "1=1; DROP TABLE agents";
    let reason =
        refusal(|person, action| signed_again(person, Action { target: target.into(), ..action })).await;
    assert!(reason.starts_with("the target cannot be checked here: target, character "), "{reason}");
}

#[tokio::test]
async fn too_many_operations_are_refused() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let action = machine.ask("a", vec![operation("obedient", "{}"); limits::MAX_OPERATIONS + 1]);
    let answer = machine.question(1, &action).await;
    assert_eq!(answer.status, "failed");
    assert!(errors(&answer)[0].starts_with("action has 1025 operations"));
    agent.drain().await;
}

#[tokio::test]
async fn a_refused_action_without_a_command_id_above_zero_is_not_answered() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let unsigned = Action { signatures: None, ..machine.ask("a", look()) };
    machine.send(0, &unsigned).await;
    let negative = Command { action: unsigned, ..json::from_str(r#"{"id":-1}"#).unwrap() };
    machine.send_text(json::to_string(&negative).unwrap().into_bytes()).await;
    assert_eq!(machine.question(1, &machine.ask("b", look())).await.status, "success");
    agent.drain().await;
}

#[tokio::test]
async fn what_is_no_command_is_dropped_and_the_next_is_answered() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let too_large = vec![b' '; limits::MAX_INCOMING_COMMAND_BYTES + 1];
    let too_deep = b"[".repeat(100_000);
    for garbage in [&b""[..], b"{", b"[]", b"\xff\xfe", br#"{"id":"x"}"#, &too_deep, &too_large] {
        machine.send_text(garbage.to_vec()).await;
    }
    assert_eq!(machine.question(1, &machine.ask("a", look())).await.status, "success");
    agent.drain().await;
}

#[tokio::test]
async fn the_same_command_again_gets_the_same_answer_without_a_second_run() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let action = machine.ask("a", vec![machine.appending("obedient", "runs", r#", "found_bytes": 3"#)]);
    let first = machine.question(1, &action).await;
    let second = machine.question(1, &action).await;
    assert_eq!(first, second);
    assert_eq!(machine.runs("runs"), 1);
    agent.drain().await;
}

#[tokio::test]
async fn the_same_action_under_another_command_is_refused_also_after_a_restart() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let action = machine.ask("a", vec![machine.appending("obedient", "runs", "")]);
    assert_eq!(machine.question(1, &action).await.status, "success");
    let replayed = machine.question(2, &action).await;
    assert_eq!(
        (replayed.status.as_str(), errors(&replayed)),
        ("failed", vec!["already run, as command 1".to_owned()])
    );
    agent.drain().await;
    let agent = machine.start();
    let replayed = machine.question(3, &action).await;
    assert_eq!(errors(&replayed), ["already run, as command 1"]);
    assert_eq!(machine.runs("runs"), 1);
    agent.drain().await;
}

#[tokio::test]
async fn changes_outside_of_the_signed_text_are_a_replay_too() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let action = machine.ask("a", look());
    assert_eq!(machine.question(1, &action).await.status, "success");
    let mut disguised = action.clone();
    disguised.description.author = "Mallory".into();
    disguised.valid_from = disguised.valid_from.plus(Duration::from_millis(1));
    let replayed = machine.question(2, &disguised).await;
    assert_eq!(errors(&replayed), ["already run, as command 1"]);
    agent.drain().await;
}

#[tokio::test]
async fn a_refused_action_leaves_no_trace_in_the_journal() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let action = machine.ask("a", look());
    let unsigned = Action { signatures: None, ..action.clone() };
    assert_eq!(machine.question(1, &unsigned).await.status, "failed");
    assert_eq!(machine.question(2, &action).await.status, "success");
    agent.drain().await;
}
