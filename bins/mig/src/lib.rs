//! The investigator's command line: ask machines, read answers, handle keys, actions, access control lists and targets.
//!
//! The program is a library so that others can build a `mig` with modules of their own:
//!
//! ```no_run
//! use mig_core::module::Registry;
//!
//! let registry = Registry::default(); // Registry::from_modules(&[&my::Module])
//! std::process::exit(mig::run(&registry).code().into());
//! ```
#![forbid(unsafe_code)]

pub mod arguments;
pub mod cli;
mod commands;
pub mod embedded;
pub mod exit;
pub mod follow;
mod interrupt;
pub mod printer;
pub mod question;
mod remarks;
pub mod render;
pub mod signing;
pub mod state;
pub mod strict;
pub mod table;

use crate::{cli::Cli, commands::Context, exit::Exit, printer::Printer};
use clap::{FromArgMatches, error::ErrorKind};
use mig_core::{
    agent::{Budget, worker},
    module::Registry,
    safe,
};
use std::{env, ffi::OsString, io, time::Duration};

/// Runs the command line of this process with these modules.
#[must_use]
pub fn run(registry: &Registry) -> Exit {
    let printer = Printer::new(false, false, false);
    let args = match env::args_os().map(OsString::into_string).collect::<Result<Vec<_>, _>>() {
        Ok(args) => args,
        Err(arg) => {
            printer.error(&format!("the argument '{}' is not UTF-8", arg.display()));
            return Exit::Error;
        }
    };
    if let [_, argument, module] = args.as_slice()
        && argument == embedded::WORKER_ARGUMENT
    {
        return run_module(registry, module);
    }
    match parse(&args, registry) {
        Ok(cli) => execute(&cli, &args, registry),
        Err(refusal) => refusal.report(printer),
    }
}

/// The inside of a module's process.
fn run_module(registry: &Registry, module: &str) -> Exit {
    // The agent that started this process ends it in time.
    let budget = Budget { time: Duration::MAX, ..Budget::default() };
    match worker::serve(registry, module, budget, io::stdin(), &mut io::stdout().lock()) {
        Ok(()) => Exit::Done,
        // The parent is gone: nobody is left to tell.
        Err(_) => Exit::Error,
    }
}

fn execute(cli: &Cli, args: &[String], registry: &Registry) -> Exit {
    let printer = Printer::new(cli.output.no_color, cli.output.verbose, cli.output.quiet);
    // Whatever the path of the program, its name is the same.
    let command_line = [&["mig".to_owned()], args.get(1..).unwrap_or_default()].concat();
    let mut context = Context { cli, command_line: &command_line, registry, printer };
    let result = commands::run(&mut context);
    context.printer.end_progress();
    result.unwrap_or_else(|error| {
        context.printer.error(&safe::chain(error.as_ref()));
        Exit::Error
    })
}

/// A command line that can not be carried out.
enum Refused {
    /// Flags that can not be put in order.
    Arguments(arguments::ArgumentsError),
    /// What clap says; also help, which is no error.
    Clap(clap::Error),
}

fn parse(args: &[String], registry: &Registry) -> Result<Cli, Refused> {
    let command = cli::command(registry);
    let own = args.get(1..).unwrap_or_default();
    let mut ordered = arguments::for_clap(own, &command, registry).map_err(Refused::Arguments)?;
    ordered.insert(0, "mig".to_owned());
    let matches = command.try_get_matches_from(ordered).map_err(Refused::Clap)?;
    Cli::from_arg_matches(&matches).map_err(Refused::Clap)
}

impl Refused {
    fn report(self, mut printer: Printer) -> Exit {
        match self {
            Self::Arguments(error) => printer.error(&error.to_string()),
            Self::Clap(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                printer.usage(&error.render().to_string());
            }
            Self::Clap(error) if error.use_stderr() => printer.error(&first_paragraph(&error)),
            Self::Clap(help) => {
                // Nothing is left to do if help can not be printed.
                printer.data(&help.render().to_string()).ok();
                return Exit::Done;
            }
        }
        Exit::Error
    }
}

/// What is wrong, in one line, without the usage that clap adds.
fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}
