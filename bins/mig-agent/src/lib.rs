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
use mig_core::{
    module::{Machine, Registry},
    safe,
};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Runs the command line of this process with these modules.
#[must_use]
pub fn run(registry: &Registry) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return fail(&first_paragraph(&error)),
        Err(help) => {
            // Nothing is left to do if the text can not be printed.
            help.print().ok();
            return ExitCode::SUCCESS;
        }
    };
    match execute(&cli, registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if nobody_listens(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&safe::chain(error.as_ref())),
    }
}

fn fail(text: &str) -> ExitCode {
    // Nothing is left to do if the text can not be printed.
    writeln!(io::stderr(), "mig-agent: {}", safe::line(text)).ok();
    2.into()
}

/// What is wrong, in one line, without the usage that clap adds.
fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

/// The reader of standard output went away: no error.
fn nobody_listens(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn execute(cli: &Cli, registry: &Registry) -> Result<()> {
    if let Some(path) = &cli.action {
        return action::run(path, cli, registry, &mut io::stdout().lock());
    }
    let machine = Machine::chosen(cli.root.as_deref()).context("cannot look at that machine")?;
    let mut output = io::stdout().lock();
    match &cli.module {
        Some(name) if cli.print => module::print(registry, name, machine, &mut output),
        Some(name) => module::run(registry, name, machine, &mut output),
        None => writeln!(output, concat!("mig-agent ", env!("CARGO_PKG_VERSION"))),
    }
    .context("cannot write the answer")
}
