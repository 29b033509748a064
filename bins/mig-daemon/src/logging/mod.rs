//! The section `[logging]` put to work: what programs report through `tracing` becomes lines of the original's form.
//!
//! `2026-01-31T07:00:00.123456789Z - 4885615083564 - [info] action launched commands=12`: the time (not in syslog, which has its
//! own), ids of operation, action and command or dashes, how much it matters, the text, and what else is known.

mod file;
mod line;
mod syslog;

use self::{file::LogFile, line::LineLayer, syslog::Syslog};
use mig_core::logging::{LogDestination, LoggingConfig, Severity};
use std::{
    fmt::Debug,
    io::{self, Write as _},
    path::PathBuf,
};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

/// Standard error, and everything that an operator may want to know.
#[must_use]
pub fn default_config() -> LoggingConfig {
    LoggingConfig { destination: LogDestination::StandardError, level: Severity::Info }
}

/// Sends what this process reports from now on to where `config` says. `program` names it in syslog.
///
/// # Errors
/// [`LoggingError`] if the destination can not be used, or the process logs already.
pub fn start(program: &'static str, config: &LoggingConfig) -> Result<(), LoggingError> {
    let sink: Box<dyn Sink> = match &config.destination {
        LogDestination::StandardError => Box::new(StandardError),
        LogDestination::File { path, max_bytes } => {
            let opened = LogFile::open(path, *max_bytes);
            Box::new(opened.map_err(|source| LoggingError::File { path: path.clone(), source })?)
        }
        LogDestination::Syslog { host, port, protocol } => {
            let server = format!("{protocol}://{host}:{port}");
            let started = Syslog::start(program, host, *port, protocol);
            Box::new(started.map_err(|source| LoggingError::Syslog { server, source })?)
        }
    };
    let subscriber = Registry::default().with(LineLayer::new(config.level, sink));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LoggingError::Twice)
}

/// Why nothing can be logged.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The file can not be written.
    #[error("cannot log to the file {}: {source}; correct logging.file, or its permissions", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The server can not be reached, or its protocol is none of ours.
    #[error(
        "cannot log to syslog at {server}: {source}; correct host, port and protocol (udp or tcp) of logging"
    )]
    Syslog {
        /// Protocol, host and port.
        server: String,
        /// Why.
        source: io::Error,
    },
    /// Somebody set a subscriber before.
    #[error("this process logs already")]
    Twice,
}

/// Where lines go. They come whole, without a line feed.
trait Sink: Debug + Send + Sync {
    /// Whether lines begin with the time.
    fn wants_time(&self) -> bool {
        true
    }

    /// Writes one line. There is nobody to tell when that fails.
    fn write(&self, severity: Severity, line: &str);
}

#[derive(Debug)]
struct StandardError;

impl Sink for StandardError {
    fn write(&self, _: Severity, line: &str) {
        // In one piece: others may write there too.
        io::stderr().write_all(format!("{line}\n").as_bytes()).ok();
    }
}
