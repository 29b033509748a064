//! `-m`: one module, one message, one result. No runtime, no configuration.

use mig_core::{
    agent::{Budget, RunSession, worker},
    command::ModuleResult,
    json,
    module::{Machine, Registry},
    safe,
};
use std::io::{self, Write};

/// Writes the result as JSON, without a line feed.
pub(crate) fn run(
    registry: &Registry,
    name: &str,
    machine: Machine,
    output: &mut impl Write,
) -> io::Result<()> {
    let session = RunSession::new(Budget::default()).on(machine);
    worker::run_until_stopped(registry, name, session, io::stdin(), output)
}

/// Writes the lines of the module's printer.
pub(crate) fn print(
    registry: &Registry,
    name: &str,
    machine: Machine,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut text = Vec::new();
    run(registry, name, machine, &mut text)?;
    let Some(module) = registry.module(name) else {
        return writeln!(output, "[error] no printer available for module '{}'", safe::line(name));
    };
    let result: ModuleResult = json::from_slice(&text).map_err(io::Error::other)?;
    for line in module.lines(&result, false) {
        writeln!(output, "{}", safe::line(&line))?;
    }
    output.flush()
}
