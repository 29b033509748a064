//! The scheduler as a program: one configuration file, a store, a broker, and the engine of [`mig_core::scheduler`] between them.
//!
//! A library, so that other programs can have a scheduler inside, and tests reach its parts.
#![forbid(unsafe_code)]

mod cli;
mod error;
mod pages;
mod relay;
mod service;
mod store;

pub use error::{Exit, StartError};
pub use relay::amqp_options;
pub use service::{options, serve};
pub use store::{Place, place};

use crate::cli::Cli;
use clap::Parser as _;
use mig_core::{
    config::{Config as _, Loaded, SchedulerConfig},
    logging::Severity,
    safe,
};
use std::{
    io::{self, Write as _},
    process::ExitCode,
};

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing is left to do if the text can not be printed.
            error.print().ok();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    match execute(&cli) {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            tell(&error);
            error.exit().into()
        }
    }
}

fn execute(cli: &Cli) -> Result<(), StartError> {
    if cli.version {
        // Nothing is left to do if nobody listens.
        writeln!(io::stdout(), concat!("mig-scheduler ", env!("CARGO_PKG_VERSION"))).ok();
        return Ok(());
    }
    let Loaded { config, warnings } = SchedulerConfig::load(&cli.config)?;
    let mut logging = config.logging.clone().unwrap_or_else(mig_daemon::logging::default_config);
    if cli.debug {
        logging = mig_daemon::logging::default_config();
        logging.level = Severity::Debug;
    }
    mig_daemon::logging::start("mig-scheduler", &logging)?;
    for warning in warnings {
        tracing::warn!(file = %cli.config.display(), "{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(StartError::Runtime)?.block_on(serve(&config))
}

/// On standard error in any case: the log may be a file that nobody looks at when the program does not start.
fn tell(error: &StartError) {
    let text = match error {
        // Each fault in a line of its own; made safe by whoever wrote them.
        StartError::Config(error) => error.to_string(),
        error => safe::line(&safe::chain(error)).into_owned(),
    };
    writeln!(io::stderr(), "mig-scheduler: {text}").ok();
}
