//! The command line.

use clap::Parser;
use std::path::PathBuf;

/// The endpoint agent of MIG
#[derive(Clone, Debug, Parser)]
#[command(name = "mig-agent", disable_version_flag = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Run this module: read one message on standard input, write one result
    #[arg(short = 'm', value_name = "MODULE")]
    pub(crate) module: Option<String>,
    /// With -m: print the result for people
    #[arg(short = 'p', requires = "module")]
    pub(crate) print: bool,
    /// Check the signed action in this file as if it had been sent here, run it, and print its results as JSON
    #[arg(short = 'i', value_name = "FILE", conflicts_with = "module")]
    pub(crate) action: Option<PathBuf>,
    /// With -m: look at the machine whose files lie below this directory, such as a mounted disk [default: MIG_ROOT in the
    /// environment, else this machine]
    #[arg(long, value_name = "DIRECTORY", requires = "module")]
    pub(crate) root: Option<PathBuf>,
    /// With -i: run whatever the file says, whoever wrote it. No signature, target, time or access is checked
    #[arg(long, requires = "action")]
    pub(crate) unverified: bool,
    /// With -i: the keys that count, one armored key in each file
    #[arg(long, value_name = "DIRECTORY", default_value = "/etc/mig/agentkeys")]
    pub(crate) keyring: PathBuf,
    /// With -i: who may have what run
    #[arg(long, value_name = "FILE", default_value = "/etc/mig/acl.cfg")]
    pub(crate) acl: PathBuf,
    /// Print the version
    #[arg(short = 'V', long, conflicts_with_all = ["module", "action"])]
    pub(crate) version: bool,
}
