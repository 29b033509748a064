//! What the tests share.

use mig_core::{
    action::Operation,
    agent::{Budget, ModuleRunner, RunAnswer, RunLimits, VerifiedAction, worker},
    agent_info::AgentInfo,
    json, limits,
    module::Registry,
    testing::{
        obedient::{Changer, Obedient},
        person::{Person, operation},
    },
    time::Time,
};
use std::{
    env, fs,
    future::Future,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// The hidden argument that makes this program a module's process.
pub(crate) const WORKER: &str = "module-process";
/// Far longer than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn registry() -> Registry {
    Registry::from_modules(&[&Obedient, &Changer]).unwrap()
}

pub(crate) fn serve(module: &str) -> ExitCode {
    match worker::serve(&registry(), module, Budget::default(), io::stdin(), &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

pub(crate) fn this_program() -> PathBuf {
    env::current_exe().unwrap()
}

pub(crate) fn verified(operations: Vec<Operation>) -> VerifiedAction {
    let person = Person::new("Ann");
    person.policy().verify(person.ask("a question", operations), &AgentInfo::default(), Time::now()).unwrap()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    Runtime::new().unwrap().block_on(future)
}

pub(crate) fn limits_of(time: Duration) -> RunLimits {
    RunLimits { time, result_bytes: 1 << 20 }
}

/// Runs `obedient` with these orders.
pub(crate) fn run(runner: &dyn ModuleRunner, orders: &str, limits: RunLimits) -> RunAnswer {
    run_operation(runner, operation("obedient", orders), limits)
}

pub(crate) fn run_operation(runner: &dyn ModuleRunner, operation: Operation, limits: RunLimits) -> RunAnswer {
    let action = verified(vec![operation]);
    block_on(async { runner.run(action.operations().next().unwrap(), limits).await })
}

pub(crate) fn last_error(answer: &RunAnswer) -> &str {
    answer.result.errors.as_ref().unwrap().last().unwrap()
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "still not so: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The number in a file, once it is there.
pub(crate) fn number_in(path: &Path) -> u32 {
    let number = || String::from_utf8(limits::read_file(path, 64).ok()?).ok()?.parse().ok();
    eventually("a number is in the file", || number().is_some());
    number().unwrap()
}

/// True unless the process is gone, or dead and not yet buried.
pub(crate) fn is_running(process: u32) -> bool {
    let stat = limits::read_file(Path::new(&format!("/proc/{process}/stat")), 4096);
    stat.is_ok_and(|stat| !json::lossy(&stat).contains(") Z"))
}

pub(crate) fn lines_in(path: &Path) -> usize {
    fs::File::open(path).map_or(0, |file| io::BufRead::lines(io::BufReader::new(file)).count())
}
