//! A prepared run: gets hold of the process, makes sure that it is the agent that is meant, removes its program, ends it.

use super::{error::DestroyError, params::Params};
use crate::{
    agent_program::{self, AGENT},
    sys::{self, HeldProcess, Pid, Program, System},
};
use mig_core::{
    json::Value,
    module::{Outcome, Run, Session, Stop},
};

/// An order that is ready to be carried out.
#[derive(Debug)]
pub(super) struct AgentDestroyRun {
    pub(super) params: Params,
}

impl Run for AgentDestroyRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let system = sys::of(session.machine());
        match self.destroy(&*system, session) {
            Ok(text) => Ok(Outcome { elements: Value::from(text), ..Outcome::default() }),
            Err(DestroyError::Stopped(stop)) => Err(stop),
            Err(error) => {
                session.soft_error(error.to_string());
                Ok(Outcome::default())
            }
        }
    }
}

impl AgentDestroyRun {
    /// What was done. After the first change a stop does not interrupt it any more.
    fn destroy(&self, system: &dyn System, session: &dyn Session) -> Result<String, DestroyError> {
        let Params { pid, version } = &self.params;
        let own = std::process::id();
        let failed = DestroyError::looking_at(*pid);
        session.checkpoint()?;
        if session.machine().is_running() && is_mine(*pid, own, system) {
            return Err(DestroyError::Mine(*pid));
        }
        let process = system.hold(*pid).map_err(&failed)?;
        let program = process.program().map_err(&failed)?;
        self.check_agent(&program, own, system)?;
        let own_program = system.hold(own).and_then(|own| own.program()).map_err(&failed)?;
        let mut removed = String::new();
        if program.identity == own_program.identity {
            session.soft_error("Executable not removed because current agent uses it as well".to_owned());
        } else {
            self.check_version(&*process, &program, session)?;
            if !program.is_deleted {
                process
                    .remove(&program)
                    .map_err(|source| DestroyError::NotRemoved { program: program.path.clone(), source })?;
                removed = format!(" and its executable removed from {}", program.path.display());
            }
        }
        process.kill().map_err(|source| DestroyError::NotKilled { pid: *pid, source })?;
        Ok(format!("PID {pid} from agent {version} has been killed{removed}"))
    }

    /// Whether the program may be an agent's, before any of it is run.
    fn check_agent(&self, program: &Program, own: Pid, system: &dyn System) -> Result<(), DestroyError> {
        let Params { pid, version } = &self.params;
        let refused =
            |reason: String| DestroyError::NotAnAgent { pid: *pid, program: program.path.clone(), reason };
        let name = program.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name != AGENT && name.strip_prefix(AGENT).and_then(|rest| rest.strip_prefix('-')) != Some(version)
        {
            return Err(refused(format!("is not called {AGENT} or {AGENT}-{version}")));
        }
        if let Some(reason) = &program.distrust {
            return Err(refused(format!("may be anybody's: {reason}")));
        }
        let container = |pid: Pid| system.process(pid).map(|process| process.container);
        let [theirs, ours] =
            [container(*pid), container(own)].map(|id| id.map_err(DestroyError::looking_at(*pid)));
        if theirs? == ours? { Ok(()) } else { Err(refused("runs in another container".to_owned())) }
    }

    fn check_version(
        &self,
        process: &dyn HeldProcess,
        program: &Program,
        session: &dyn Session,
    ) -> Result<(), DestroyError> {
        let expected = &self.params.version;
        let found = agent_program::version(process.command(program), &|| session.checkpoint());
        let found = found
            .map_err(|error| error.stop().map_or(DestroyError::Version(error), DestroyError::Stopped))?;
        if found == *expected {
            Ok(())
        } else {
            Err(DestroyError::OtherVersion { expected: expected.clone(), found })
        }
    }
}

/// This process is a child of the agent, or the agent itself where modules run inside of it.
fn is_mine(pid: Pid, own: Pid, system: &dyn System) -> bool {
    pid == own || system.process(own).is_ok_and(|process| process.parent == pid)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
