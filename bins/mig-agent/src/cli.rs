//! The command line.

use clap::Parser;

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
    /// Print the version
    #[arg(short = 'V', long, conflicts_with = "module")]
    pub(crate) version: bool,
}
