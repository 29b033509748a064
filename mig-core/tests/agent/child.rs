//! Modules in child processes.

use crate::support::{
    PATIENCE, WORKER, block_on, is_running, last_error, limits_of, number_in, registry, run, run_operation,
    this_program, verified,
};
use mig_core::{
    action::Operation,
    agent::{ChildRunner, ModuleRunner, RunAnswer, RunLimits},
    command::ModuleResult,
    json::Value,
    limits,
    module::Effects,
    scheduler::flow::AnswerStatus,
    testing::person::operation,
};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

crate::trials! { "child":
    a_module_answers_from_a_process_of_its_own
    a_module_that_changes_the_machine_is_known
    an_unknown_module_is_named_and_the_next_question_is_answered
    wrong_parameters_are_an_answer
    a_panic_is_an_answer_without_what_the_module_has_read
    large_parameters_and_results_pass
    compressed_parameters_are_expanded
    a_gzip_bomb_is_refused
    a_failed_process_is_reported_with_its_complaint
    what_is_not_a_result_is_reported
    a_flood_on_standard_error_is_cut
    a_result_above_the_limit_ends_the_run
    at_the_time_limit_a_module_may_say_what_it_has
    a_module_that_does_not_listen_is_killed_with_all_it_started
    a_dropped_run_is_killed_with_all_it_started
    a_program_that_is_not_there_is_named
    a_program_that_reads_nothing_is_no_danger
}

fn runner() -> ChildRunner {
    ChildRunner::new(this_program(), vec![WORKER.into()], registry())
}

fn answer(orders: &str) -> RunAnswer {
    run(&runner(), orders, limits_of(PATIENCE))
}

fn a_module_answers_from_a_process_of_its_own() {
    let RunAnswer { status, result } = answer(r#"{"found_bytes": 3, "soft_error": "one"}"#);
    assert_eq!(status, AnswerStatus::Success);
    let expected = ModuleResult {
        found_anything: true,
        success: true,
        elements: Value::from("xxx"),
        errors: Some(vec!["one".to_owned()]),
        ..ModuleResult::default()
    };
    assert_eq!(result, expected);
}

fn a_module_that_changes_the_machine_is_known() {
    assert_eq!(runner().effects("changer"), Some(Effects::Changes));
    assert_eq!(runner().effects("obedient"), Some(Effects::ReadOnly));
    assert_eq!(runner().effects("nothing"), None);
}

fn an_unknown_module_is_named_and_the_next_question_is_answered() {
    let runner = runner();
    let unknown = run_operation(&runner, operation("OBEDIENT", "{}"), limits_of(PATIENCE));
    assert_eq!(unknown, RunAnswer::failed("module 'OBEDIENT' is not available".to_owned()));
    assert_eq!(run(&runner, "{}", limits_of(PATIENCE)).status, AnswerStatus::Success);
}

fn wrong_parameters_are_an_answer() {
    let RunAnswer { status, result } = answer(r#"{"count": "many"}"#);
    assert_eq!((status, result.success), (AnswerStatus::Success, false));
    assert!(result.errors.unwrap()[0].contains("count"));
}

fn a_panic_is_an_answer_without_what_the_module_has_read() {
    let result = answer(r#"{"panic": true}"#).result;
    assert!(!result.success);
    assert_eq!(result.errors.unwrap(), ["module 'obedient' panicked"]);
}

fn large_parameters_and_results_pass() {
    let orders = format!(r#"{{"found_bytes": 1000000, "ignored": "{}"}}"#, "é".repeat(1 << 20));
    assert_eq!(answer(&orders).result.elements.as_str().unwrap().len(), 1_000_000);
}

fn compressed_parameters_are_expanded() {
    let mut operation = Operation { want_compressed: true, ..operation("obedient", r#"{"found_bytes": 2}"#) };
    operation.compress().unwrap();
    assert!(operation.is_compressed);
    let answer = run_operation(&runner(), operation, limits_of(PATIENCE));
    assert_eq!(answer.result.elements, Value::from("xx"));
}

fn a_gzip_bomb_is_refused() {
    let parameters = Value::String(" ".repeat(limits::MAX_PARAMETERS_BYTES));
    let mut bomb =
        Operation { module: "obedient".into(), parameters, want_compressed: true, ..Operation::default() };
    bomb.compress().unwrap();
    let answer = run_operation(&runner(), bomb, limits_of(PATIENCE));
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert!(last_error(&answer).starts_with("Failed to make modules.Message: gzip: larger than"));
}

fn a_failed_process_is_reported_with_its_complaint() {
    let answer = answer(r#"{"complain": "no space", "exit": 3}"#);
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert_eq!(last_error(&answer), "the module ended with exit status: 3: no space");
}

fn what_is_not_a_result_is_reported() {
    let answer = answer(r#"{"print": "hash of a wrong length"}"#);
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert!(last_error(&answer).starts_with("the module printed what is not a result"), "{answer:?}");
}

fn a_flood_on_standard_error_is_cut() {
    let orders = format!(r#"{{"complain": "{}", "exit": 1}}"#, "e".repeat(1 << 20));
    let answer = answer(&orders);
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert!(last_error(&answer).len() < limits::MAX_ERROR_OUTPUT_BYTES + 100);
}

fn a_result_above_the_limit_ends_the_run() {
    let limits = RunLimits { time: PATIENCE, result_bytes: 1000 };
    let answer = run(&runner(), r#"{"found_bytes": 900}"#, limits);
    assert_eq!(answer.status, AnswerStatus::Success, "{answer:?}");
    let answer = run(&runner(), r#"{"found_bytes": 1000000}"#, limits);
    assert_eq!(answer, RunAnswer::too_large(1000));
}

fn at_the_time_limit_a_module_may_say_what_it_has() {
    let orders = r#"{"soft_error": "found so far", "work_ms": 60000}"#;
    let answer = run(&runner(), orders, limits_of(Duration::from_secs(1)));
    assert_eq!(answer.status, AnswerStatus::Timeout);
    let errors = answer.result.errors.unwrap();
    assert_eq!(
        errors,
        ["found so far", "stop message received, terminating early", "the time limit of 1s was reached"]
    );
}

fn orders_for_a_family(directory: &tempfile::TempDir) -> (PathBuf, String) {
    let path = directory.path().join("grandchild");
    let orders = format!(r#"{{"grandchild": "{}", "hang_ms": 60000}}"#, path.display());
    (path, orders)
}

fn a_module_that_does_not_listen_is_killed_with_all_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let (path, orders) = orders_for_a_family(&directory);
    let start = Instant::now();
    let answer = run(&runner(), &orders, limits_of(Duration::from_secs(2)));
    assert!(start.elapsed() < PATIENCE, "nobody waited for the module");
    assert_eq!(answer, RunAnswer::timeout(Duration::from_secs(2), ModuleResult::default()));
    let grandchild = number_in(&path);
    crate::support::eventually("the grandchild is dead", || !is_running(grandchild));
}

fn a_dropped_run_is_killed_with_all_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let (path, orders) = orders_for_a_family(&directory);
    let action = verified(vec![operation("obedient", &orders)]);
    let grandchild = block_on(async {
        let runner = runner();
        let run = runner.run(action.operations().next().unwrap(), limits_of(PATIENCE));
        tokio::select! {
            answer = run => panic!("{answer:?}"),
            number = tokio::task::spawn_blocking(move || number_in(&path)) => number.unwrap(),
        }
    });
    crate::support::eventually("the grandchild is dead", || !is_running(grandchild));
}

fn a_program_that_is_not_there_is_named() {
    let runner = ChildRunner::new("/does/not/exist".into(), vec![], registry());
    let answer = run(&runner, "{}", limits_of(PATIENCE));
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert!(last_error(&answer).starts_with("cannot start /does/not/exist: "), "{answer:?}");
}

fn a_program_that_reads_nothing_is_no_danger() {
    let runner = ChildRunner::new("/bin/false".into(), vec![], registry());
    let orders = format!(r#"{{"ignored": "{}"}}"#, "x".repeat(1 << 20));
    let answer = run(&runner, &orders, limits_of(PATIENCE));
    assert_eq!(last_error(&answer), "the module ended with exit status: 1");
}
