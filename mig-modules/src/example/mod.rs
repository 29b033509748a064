//! A module to learn from: the name of the host, its addresses, and names it can look up.
//!
//! The usual files of a module are here: `mod.rs` says what it is, `params.rs` checks what it is asked, `run.rs` does it,
//! `result.rs` prints what it answers.

mod params;
mod result;
mod run;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{Effects, Module, ModuleInfo, ParamsError, Run},
};

/// Tells how a machine is called.
#[derive(Clone, Copy, Debug)]
pub struct ExampleModule;

impl Module for ExampleModule {
    fn name(&self) -> &'static str {
        "example"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "tells the name and the addresses of a machine, and looks up names there",
            description: DESCRIPTION,
            flags: &[],
            examples: &[],
            privileges: "none",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(run::ExampleRun::new(params::parse(params)?)))
    }

    /// What could not be told is missing, so it is no success.
    fn succeeded(&self, result: &ModuleResult) -> bool {
        result.errors.is_none()
    }

    fn unknown_parameter(&self, params: &Value) -> Option<String> {
        parameters::unknown::<params::Parameters>(params)
    }

    fn print(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        result::print(result, found_only)
    }
}

const DESCRIPTION: &str = "\
A module to learn from. It has no command line; an action says \
{\"gethostname\":true,\"getaddresses\":true,\"lookuphost\":[\"www.example.net\"]} and is answered with the name of the \
host, the addresses of its interfaces and the addresses of the names.";
