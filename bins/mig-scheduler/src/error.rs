//! Why a scheduler does not run, and what its exit code says of it.

use mig_core::{
    config::ConfigError,
    scheduler::{AllowListError, SchedulerError},
    store::StoreError,
};
use mig_daemon::logging::LoggingError;
use mig_transport::amqp::AmqpError;
use std::{io, net::SocketAddr, path::PathBuf, process::ExitCode};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As it was asked to.
    Done = 0,
    /// Store or relay failed for good while it worked.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// It could not begin; the code of the original.
    NotStarted = 9,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why there is no scheduler, or none any more. Shown with its causes it is one line, which says what to do; a configuration has
/// one line for each fault.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Parts that a scheduler needs and the configuration does not name.
    #[error("the configuration does not say {}", .0.join("; nor "))]
    Incomplete(Vec<&'static str>),
    /// Logs.
    #[error(transparent)]
    Logging(#[from] LoggingError),
    /// The allow-list.
    #[error(transparent)]
    AllowList(#[from] AllowListError),
    /// A certificate or key that the configuration names.
    #[error("cannot read {key} of the configuration, {}: {source}", path.display())]
    Certificate {
        /// Section and key.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The broker refuses us.
    #[error(transparent)]
    Relay(#[from] AmqpError),
    /// The store can not be used.
    #[error("the store can not be used")]
    Store(#[from] StoreError),
    /// The address for pages.
    #[error("cannot listen on {address}, which metrics.listen names: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The metrics of this process are somebody else's.
    #[error("this process has metrics already")]
    Metrics,
    /// The operating system.
    #[error("the system refuses a runtime: {0}")]
    Runtime(io::Error),
    /// Names of schedulers need chance.
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
    /// It worked, and can not go on.
    #[error("the scheduler ended")]
    Ended(#[source] SchedulerError),
}

impl StartError {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if matches!(self, Self::Ended(_)) { Exit::Failed } else { Exit::NotStarted }
    }
}
