//! The endpoint agent as a program: the agent itself, one module by hand (`-m`), or a signed action from a file (`-i`).
//!
//! A library, so that others can build an agent with modules of their own.
#![forbid(unsafe_code)]

mod action;
mod arguments;
mod cli;
#[cfg(feature = "daemon")]
mod daemon;
mod module;

use crate::cli::{Cli, Mode};
use anyhow::{Context, Result};
use clap::{CommandFactory, FromArgMatches};
use mig_core::{
    agent::{Budget, worker},
    config::ConfigError,
    module::{Machine, Registry},
    safe,
};
use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

/// The hidden first argument with which the agent starts itself to run a module.
pub const WORKER_ARGUMENT: &str = "--run-module";

/// Runs the command line of this process with these modules.
#[must_use]
pub fn run(registry: &Registry) -> ExitCode {
    let args: Vec<_> = env::args_os().take(3).collect();
    if let [_, argument, module] = args.as_slice()
        && argument == WORKER_ARGUMENT
    {
        return run_module(registry, &module.to_string_lossy());
    }
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match execute(&cli, registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if nobody_listens(&error) => ExitCode::SUCCESS,
        Err(error) => {
            match error.downcast_ref::<ConfigError>() {
                // Each fault in a line of its own.
                Some(faults) => faults.to_string().lines().for_each(tell),
                None => tell(&safe::chain(error.as_ref())),
            }
            exit_code(&cli).into()
        }
    }
}

/// The inside of a module's process.
fn run_module(registry: &Registry, module: &str) -> ExitCode {
    // The agent that started this process ends it in time.
    let budget = Budget { time: Duration::MAX, ..Budget::default() };
    match worker::serve(registry, module, budget, io::stdin(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // The agent is gone: nobody is left to tell.
        Err(_) => ExitCode::FAILURE,
    }
}

/// Those of the original, where it has them.
fn exit_code(cli: &Cli) -> u8 {
    match cli.mode() {
        Mode::Version | Mode::Action(_) | Mode::Module(_) => 2,
        Mode::Daemon | Mode::CheckIn | Mode::Query(_) | Mode::Install | Mode::Settings => 1,
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
    if error.use_stderr() {
        return fail(&first_paragraph(error), 2);
    }
    // Nothing is left to do if the text can not be printed.
    error.print().ok();
    ExitCode::SUCCESS
}

fn fail(text: &str, code: u8) -> ExitCode {
    tell(text);
    code.into()
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
    let mut output = io::stdout().lock();
    match cli.mode() {
        Mode::Version => {
            writeln!(output, concat!("mig-agent ", env!("CARGO_PKG_VERSION"))).context("cannot write")
        }
        Mode::Action(path) => action::run(path, cli, registry, &mut output),
        Mode::Module(name) => {
            let machine = Machine::chosen(cli.root.as_deref()).context("cannot look at that machine")?;
            match cli.print {
                true => module::print(registry, name, machine, &mut output),
                false => module::run(registry, name, machine, &mut output),
            }
            .context("cannot write the answer")
        }
        #[cfg(feature = "daemon")]
        mode => {
            drop(output);
            daemon::run(mode, cli, registry)
        }
        #[cfg(not(feature = "daemon"))]
        _ => anyhow::bail!(
            "this program was built without the agent: it runs modules (-m) and actions from files (-i) only"
        ),
    }
}
