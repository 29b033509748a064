//! Ends another agent of the same machine and removes its program: the last step of an upgrade, and what becomes of duplicates.

mod error;
mod params;
mod result;
mod run;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{Effects, Module, ModuleInfo, ParamsError, Run},
};

/// Ends agents, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct AgentDestroyModule;

impl Module for AgentDestroyModule {
    fn name(&self) -> &'static str {
        "agentdestroy"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "ends another agent of the same machine and removes its program",
            description: DESCRIPTION,
            flags: &[],
            examples: &[],
            privileges: "those to read /proc/<pid>/exe of the other agent, to end it and to remove its program: root",
            effects: Effects::Changes,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(run::AgentDestroyRun { params: params::parse(params)? }))
    }

    /// A run that failed has nothing to tell but errors.
    fn succeeded(&self, result: &ModuleResult) -> bool {
        result.elements.as_str().is_some()
    }

    fn unknown_parameter(&self, params: &Value) -> Option<String> {
        parameters::unknown::<params::Parameters>(params)
    }

    fn print(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        result::print(result, found_only)
    }
}

const DESCRIPTION: &str = "\
Schedulers use it; it has no command line. An action says {\"pid\":1234,\"version\":\"1.0.0\"}.

A process is ended only if its program is called mig-agent or mig-agent-<version>, can be written by nobody but its owner, root or \
the user of this agent, runs in the same container as this agent, and gives that version when it is asked with -V. The agent that \
runs the module does not end itself. The program is removed, unless this agent uses it as well or it was deleted already.";
