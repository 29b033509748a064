//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// The scheduler of MIG: finds the agents of each action, sends them commands and keeps their answers
///
/// Any number of them may share one database and one broker; each may end at any time. It runs in the foreground until SIGTERM
/// or SIGINT, and then leaves its work to the others at once.
///
/// Exit codes: 0 ended as asked; 1 store or relay failed for good; 2 wrong usage; 9 it could not begin.
#[derive(Clone, Debug, Parser)]
#[command(name = "mig-scheduler", disable_version_flag = true)]
pub(crate) struct Cli {
    /// Configuration: the keys of the original; [store] url instead of [postgres] for SQLite; [metrics] listen for health and
    /// metrics
    #[arg(short = 'c', value_name = "FILE", default_value = "/etc/mig/scheduler.cfg")]
    pub(crate) config: PathBuf,
    /// Log everything, to standard error
    #[arg(short = 'd')]
    pub(crate) debug: bool,
    /// Print the version
    #[arg(short = 'V', long)]
    pub(crate) version: bool,
}
