//! The time of a machine, and how far it is from that of NTP servers.

mod agreement;
mod args;
mod exchange;
pub mod packet;
mod params;
mod result;
mod run;
mod sources;
mod survey;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use std::io;

/// Compares clocks.
#[derive(Clone, Copy, Debug)]
pub struct TimeDriftModule;

impl Module for TimeDriftModule {
    fn name(&self) -> &'static str {
        "timedrift"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "tells the time of a machine and how far it is from that of NTP servers",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "none; servers are taken from configuration files that the agent's user may read",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(run::TimeDriftRun { limit: params::parse(params)? }))
    }

    /// Errors are reasons why the time could not be compared.
    fn succeeded(&self, result: &ModuleResult) -> bool {
        result.errors.is_none()
    }

    fn unknown_parameter(&self, params: &Value) -> Option<String> {
        parameters::unknown::<params::Parameters>(params)
    }

    fn parse_args(&self, args: &[String]) -> Result<ParsedArgs, ArgsError> {
        args::parse(args)
    }

    fn create_interactive(&self, terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
        args::create(terminal)
    }

    fn print(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        result::print(result, found_only)
    }

    fn columns(&self) -> &'static [&'static str] {
        &result::COLUMNS
    }

    fn rows(&self, result: &ModuleResult) -> Vec<Vec<String>> {
        result::rows(result).into_iter().map(Vec::from).collect()
    }

    fn remarks(&self, _params: &Value, result: &ModuleResult) -> Vec<String> {
        result::remarks(result)
    }
}

const DESCRIPTION: &str = "\
Without a flag it tells the time. With -drift it asks the servers that the machine takes its time from (ntp.conf, chrony.conf, \
timesyncd.conf), all at once, and public ones if none of them answers; found are machines whose clock is off by more.

Answers count only if they come from the server, repeat a random number and say that the server is synchronised; the way there \
and back is taken off. What more than half of the servers agree on is the time: a server that is wrong alone is told and not believed.";

const EXAMPLES: &[(&str, &str)] = &[
    ("mig timedrift", "the time of each machine"),
    ("mig timedrift -drift 5s", "machines whose clock is off by more than five seconds"),
];

const FLAGS: &[FlagInfo] = &[FlagInfo {
    name: "drift",
    value: "duration",
    help: "how far the clock may be off, such as 500ms, 5s or 1h30m",
}];
