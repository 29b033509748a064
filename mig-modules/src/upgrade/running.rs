//! Which agent runs, and which version it has.

use super::{error::UpgradeError, place::Place, settings::Settings};
use crate::{
    agent_program::{self, AGENT},
    sys::{Pid, Program, System},
};
use mig_core::module::{Session, Stop};
use std::{collections::BTreeSet, path::Path, process::Command};

/// The agent that is to be replaced, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Running {
    /// What it says of itself; `None` if none runs.
    pub(super) version: Option<String>,
    /// Its process; 0 if none runs.
    pub(super) pid: Pid,
    /// All processes that may be it, and that no new agent can have.
    pub(super) pids: BTreeSet<Pid>,
    /// The name of its program in the place, if it is there.
    pub(super) name: Option<String>,
}

impl Running {
    /// A module is a child of the agent, with the same program, or part of it. Run by hand it is neither: then the program that is
    /// installed knows whether an agent runs.
    pub(super) fn find(
        place: &Place,
        settings: &Settings,
        system: &dyn System,
        session: &dyn Session,
    ) -> Result<Self, UpgradeError> {
        let own = std::process::id();
        let parent = system.process(own).map_or(0, |process| process.parent);
        let checkpoint = || session.checkpoint();
        let installed = place.installed()?;
        let answering = match &installed {
            Some(program) => ask_pid(program, settings, &checkpoint)?,
            None => None,
        };
        let mut running =
            Self { pids: [own, parent].into_iter().chain(answering).collect(), ..Self::default() };
        let held = system.hold(own).and_then(|process| Ok((process.program()?, process))).ok();
        let is_child = held.as_ref().is_some_and(|(program, _)| runs(system, parent, program));
        running.pid = if is_child { parent } else { answering.unwrap_or(0) };
        if let Some((program, process)) = held.filter(|(program, _)| is_agent(program)) {
            running.version = Some(agent_program::version(process.command(&program), &checkpoint)?);
            running.name = place.name_of(&program);
            if running.pid == 0 {
                running.pid = own;
            }
        } else if let (Some(program), Some(_)) = (installed, answering) {
            running.version = Some(agent_program::version(Command::new(program), &checkpoint)?);
        }
        Ok(running)
    }
}

/// Whether a process runs this program.
fn runs(system: &dyn System, pid: Pid, program: &Program) -> bool {
    let theirs = system.hold(pid).and_then(|process| process.program());
    theirs.is_ok_and(|theirs| theirs.identity == program.identity)
}

/// Whether a program may be asked as an agent is: by its name, and by who can change it.
fn is_agent(program: &Program) -> bool {
    let name = program.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let rest = name.strip_prefix(AGENT);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-')) && program.distrust.is_none()
}

/// The process of the agent that runs, if a program says that one does. One that gives no sensible answer knows of none.
pub(super) fn ask_pid(
    program: &Path,
    settings: &Settings,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<Option<Pid>, Stop> {
    let mut command = Command::new(program);
    command.args(&settings.pid_arguments);
    match agent_program::answer(command, checkpoint) {
        Ok(text) => Ok(text.trim().parse().ok().filter(|pid| *pid > 1)),
        Err(error) => error.stop().map_or(Ok(None), Err),
    }
}
