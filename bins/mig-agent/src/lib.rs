//! The endpoint agent as a program: one module by hand (`-m`), or a signed action from a file (`-i`).
//!
//! A library, so that others can build an agent with modules of their own.
#![forbid(unsafe_code)]

mod action;
mod arguments;
mod cli;
mod module;

use crate::cli::Cli;
use anyhow::{Context, Result};
use clap::{CommandFactory, FromArgMatches, error::ErrorKind};
use mig_core::{
    module::{Machine, Registry},
    safe,
};
use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

/// Runs the command line of this process with these modules.
#[must_use]
pub fn run(registry: &Registry) -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match execute(&cli, registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if nobody_listens(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&safe::chain(error.as_ref())),
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    // Adds the flags of clap itself.
    command.build();
    let args = arguments::respelt(env::args_os(), &command);
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

/// Help is printed as it is, faults in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return fail(&first_paragraph(error));
    }
    // Nothing is left to do if the text can not be printed.
    error.print().ok();
    if error.use_stderr() { 2.into() } else { ExitCode::SUCCESS }
}

fn fail(text: &str) -> ExitCode {
    tell(text);
    2.into()
}

/// Says something in one line of standard error, safe for a terminal.
fn tell(text: &str) {
    // Nothing is left to do if the text can not be printed.
    writeln!(io::stderr(), "mig-agent: {}", safe::line(text)).ok();
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
