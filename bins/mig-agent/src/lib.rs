//! The endpoint agent as a program: one module by hand (`-m`), or a signed action from a file (`-i`).
//!
//! A library, so that others can build an agent with modules of their own.
#![forbid(unsafe_code)]

mod action;
mod cli;
mod module;

use crate::cli::Cli;
use anyhow::{Context, Result};
use clap::Parser;
use mig_core::module::Registry;
use std::{io::Write, process::ExitCode};

/// Runs the command line of this process with these modules.
#[must_use]
pub fn run(registry: &Registry) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // Nothing is left to do if the text can not be printed.
            error.print().ok();
            return code.into();
        }
    };
    match execute(&cli, registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if the text can not be printed.
            writeln!(std::io::stderr(), "mig-agent: {error:#}").ok();
            2.into()
        }
    }
}

fn execute(cli: &Cli, registry: &Registry) -> Result<()> {
    if let Some(path) = &cli.action {
        return action::run(path, cli, registry, &mut std::io::stdout().lock());
    }
    let mut output = std::io::stdout().lock();
    match &cli.module {
        Some(name) if cli.print => module::print(registry, name, &mut output),
        Some(name) => module::run(registry, name, &mut output),
        None => writeln!(output, concat!("mig-agent ", env!("CARGO_PKG_VERSION"))),
    }
    .context("cannot write the answer")
}
