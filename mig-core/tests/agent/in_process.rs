//! Modules on threads of this process.

use crate::support::{
    PATIENCE, block_on, eventually, last_error, limits_of, lines_in, registry, run, run_operation, verified,
};
use mig_core::{
    agent::{Budget, InProcessRunner, ModuleRunner as _, RunAnswer},
    command::ModuleResult,
    json::Value,
    scheduler::flow::AnswerStatus,
    testing::person::operation,
};
use std::time::{Duration, Instant};

crate::trials! { "in_process":
    a_module_answers
    an_unknown_module_is_named
    a_panic_is_an_answer
    a_run_ends_at_its_time_limit
    a_module_that_passes_no_checkpoint_is_left_alone
    a_dropped_run_is_cancelled
}

fn runner() -> InProcessRunner {
    InProcessRunner::new(registry(), Budget::default())
}

fn a_module_answers() {
    let answer = run(&runner(), r#"{"found_bytes": 2}"#, limits_of(PATIENCE));
    assert_eq!(answer.status, AnswerStatus::Success);
    assert_eq!(answer.result.elements, Value::from("xx"));
}

fn an_unknown_module_is_named() {
    let answer = run_operation(&runner(), operation("x", "{}"), limits_of(PATIENCE));
    assert_eq!(answer, RunAnswer::unavailable("x"));
}

fn a_panic_is_an_answer() {
    let answer = run(&runner(), r#"{"panic": true}"#, limits_of(PATIENCE));
    assert_eq!(last_error(&answer), "module 'obedient' panicked");
}

fn a_run_ends_at_its_time_limit() {
    let answer = run(&runner(), r#"{"work_ms": 60000}"#, limits_of(Duration::from_millis(50)));
    assert_eq!(answer.status, AnswerStatus::Timeout);
    assert_eq!(last_error(&answer), "the time limit was reached");
}

fn a_module_that_passes_no_checkpoint_is_left_alone() {
    let limit = Duration::from_millis(50);
    let action = verified(vec![operation("obedient", r#"{"hang_ms": 5000}"#)]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let start = Instant::now();
    let answer =
        runtime.block_on(async { runner().run(action.operations().next().unwrap(), limits_of(limit)).await });
    runtime.shutdown_background();
    assert!(start.elapsed() < Duration::from_millis(4500));
    assert_eq!(answer, RunAnswer::timeout(limit, ModuleResult::default()));
}

fn a_dropped_run_is_cancelled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs");
    let orders = format!(r#"{{"append_to": "{}", "work_ms": 600000}}"#, path.display());
    let action = verified(vec![operation("obedient", &orders)]);
    // Dropping the runtime waits for its threads: it returns because the run was cancelled.
    block_on(async {
        let runner = runner();
        tokio::select! {
            answer = runner.run(action.operations().next().unwrap(), limits_of(PATIENCE * 20)) => panic!("{answer:?}"),
            begun = tokio::task::spawn_blocking(move || eventually("it began", || lines_in(&path) == 1)) => begun.unwrap(),
        }
    });
}
