//! A module's process from the inside, and actions without a platform.

use crate::support::{PATIENCE, WORKER, registry, this_program, verified};
use mig_core::{
    agent::{Budget, run_locally, run_locally_unverified},
    command::ModuleResult,
    json,
    testing::person::operation,
};
use std::{
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    time::Instant,
};

crate::trials! { "worker":
    a_stop_message_ends_a_run
    other_messages_are_ignored
    a_process_whose_parent_is_gone_ends_itself
    an_action_runs_locally_in_order
    an_unverified_action_runs_locally_if_a_person_wants_it
}

fn start(module: &str) -> Child {
    let mut command = Command::new(this_program());
    command.args([WORKER, module]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn say(child: &mut Child, line: &str) {
    writeln!(child.stdin.as_mut().unwrap(), "{line}").unwrap();
}

fn result(mut child: Child) -> ModuleResult {
    let mut text = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    json::from_slice(&text).unwrap()
}

fn a_stop_message_ends_a_run() {
    let mut child = start("obedient");
    say(&mut child, r#"{"class":"parameters","parameters":{"work_ms":600000}}"#);
    say(&mut child, r#"{"class":"stop"}"#);
    let result = result(child);
    assert!(!result.success);
    assert_eq!(result.errors.unwrap(), ["stop message received, terminating early"]);
}

fn other_messages_are_ignored() {
    let mut child = start("obedient");
    say(&mut child, r#"{"class":"parameters","parameters":{"work_ms":50}}"#);
    say(&mut child, r#"{"class":"ping"}"#);
    say(&mut child, r#"{"class":"something new","parameters":[1]}"#);
    assert!(result(child).success);
}

fn a_process_whose_parent_is_gone_ends_itself() {
    let mut child = start("obedient");
    say(&mut child, r#"{"class":"parameters","parameters":{"hang_ms":600000}}"#);
    drop(child.stdin.take());
    let start = Instant::now();
    assert!(!child.wait().unwrap().success());
    assert!(start.elapsed() < PATIENCE);
}

fn an_action_runs_locally_in_order() {
    let operations: Vec<_> =
        (1..=9).map(|n| operation("obedient", &format!(r#"{{"found_bytes":{n}}}"#))).collect();
    let results = run_locally(&verified(operations), &registry(), &Budget::default());
    let lengths: Vec<_> = results.iter().map(|result| result.elements.as_str().unwrap().len()).collect();
    assert_eq!(lengths, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

fn an_unverified_action_runs_locally_if_a_person_wants_it() {
    let action = mig_core::action::Action {
        operations: Some(vec![operation("x", "{}"), operation("obedient", "{}")]),
        ..Default::default()
    };
    let results = run_locally_unverified(&action, &registry(), &Budget::default());
    assert_eq!(results[0].errors.as_ref().unwrap(), &["module 'x' is not available"]);
    assert!(results[1].success);
}
