//! An agent's process that is killed: nothing of it goes on, and nothing is forgotten.

use crate::support::{
    PATIENCE, WORKER, block_on, eventually, is_running, limits_of, number_in, registry, this_program,
    verified,
};
use mig_core::{
    agent::{ActionDigest, ChildRunner, Claim, Decision, FileJournal, Journal, ModuleRunner as _, Owners},
    id::CommandId,
    testing::person::operation,
    time::Time,
};
use std::{
    fs,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
};

crate::trials! { "killed":
    a_killed_agent_takes_its_modules_along_and_its_action_is_resumed
    a_killed_owner_is_dead_at_once
}

/// The hidden argument that makes this program an agent.
pub(crate) const AGENT: &str = "agent-process";

fn claim() -> Claim {
    Claim {
        digest: ActionDigest::of("what was signed"),
        command: CommandId::new(7),
        expire_after: Time::from_unix(32_503_680_000),
        changes: false,
    }
}

fn journal(directory: &Path) -> FileJournal {
    let owners = Owners::open(&directory.join("owners")).unwrap();
    FileJournal::open(&directory.join("journal"), &owners).unwrap()
}

/// Claims an action and runs a module that starts a process and never ends.
pub(crate) fn be_an_agent(directory: &Path) -> ExitCode {
    let journal = journal(directory);
    assert_eq!(journal.claim(&claim()).unwrap(), Decision::Run);
    let path = directory.join("grandchild");
    let orders = format!(r#"{{"grandchild": "{}", "hang_ms": 600000}}"#, path.display());
    let action = verified(vec![operation("obedient", &orders)]);
    let runner = ChildRunner::new(this_program(), vec![WORKER.into()], registry());
    block_on(async { runner.run(action.operations().next().unwrap(), limits_of(PATIENCE * 20)).await });
    ExitCode::SUCCESS
}

fn start_agent(directory: &Path) -> Child {
    let mut command = Command::new(this_program());
    command.arg(AGENT).arg(directory).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

fn a_killed_agent_takes_its_modules_along_and_its_action_is_resumed() {
    let directory = tempfile::tempdir().unwrap();
    let mut agent = start_agent(directory.path());
    let grandchild = number_in(&directory.path().join("grandchild"));
    assert!(is_running(grandchild));
    assert_eq!(journal(directory.path()).claim(&claim()).unwrap(), Decision::Busy);
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(journal(directory.path()).claim(&claim()).unwrap(), Decision::Resume);
    eventually("the grandchild is dead", || !is_running(grandchild));
}

fn a_killed_owner_is_dead_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let owners = Owners::open(&directory.path().join("owners")).unwrap();
    let mut agent = start_agent(directory.path());
    number_in(&directory.path().join("grandchild"));
    let lock = fs::read_dir(directory.path().join("owners")).unwrap().next().unwrap().unwrap().file_name();
    let id = lock.to_str().unwrap().trim_end_matches(".lock").to_owned();
    assert!(owners.is_alive(&id).unwrap() && owners.dead().unwrap().is_empty());
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(owners.dead().unwrap(), [id.as_str()]);
    owners.forget(&id).unwrap();
    assert!(owners.dead().unwrap().is_empty());
}
