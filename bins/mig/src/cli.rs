//! The command line as clap sees it, after [`arguments`](crate::arguments) has put it in order.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mig_core::{id::ActionId, module::Registry, sign::Fingerprint};
use std::path::PathBuf;

/// Ask every machine a question, and get answers in seconds.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "mig",
    disable_help_subcommand = true,
    disable_version_flag = true,
    allow_external_subcommands = true,
    override_usage = "mig [OPTIONS] <MODULE> [OPTIONS] [MODULE FLAGS]\n       mig [OPTIONS] -i <FILE>\n       mig <COMMAND> ..."
)]
pub struct Cli {
    /// How to answer.
    #[command(flatten)]
    pub output: OutputOptions,
    /// Whose signature.
    #[command(flatten)]
    pub signing: SigningOptions,
    /// What to ask, and whom.
    #[command(flatten)]
    pub question: QuestionOptions,
    /// What to do; without it the question is in a file (`-i`).
    #[command(subcommand)]
    pub command: Option<Command>,
}

const MODULE_FLAGS: &str = "The flags of a module begin with the first one behind its name that mig does not have. In front of it, -c, \
-e, -i, -n, -p, -s, -show, -t, -v, -V and -z are always mig's own; everywhere else, a flag that both have is the module's.";

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the answer is no (nothing found with --exit-found, bad signature, denied, no match), \
2 error, 3 some agents or modules failed or did not answer, 4 nothing targeted, 5 cancelled or expired.";

/// How answers are shown.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Form of the answers: human, json, ndjson, csv or table
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, hide_possible_values = true)]
    pub format: Format,
    /// Exit with 1 if nothing was found
    #[arg(long, global = true)]
    pub exit_found: bool,
    /// No colours, also on a terminal; NO_COLOR in the environment does the same
    #[arg(long, global = true, alias = "no-colour")]
    pub no_color: bool,
    /// No talk on standard error, but errors
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Tell how things are done, on standard error
    #[arg(short = 'v', long, global = true)]
    pub verbose: bool,
    /// Print the version
    #[arg(short = 'V', long)]
    pub version: bool,
}

/// Forms of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people, each with its agent
    Human,
    /// One JSON document
    Json,
    /// One JSON document per line and agent
    Ndjson,
    /// Comma-separated values with a heading
    Csv,
    /// A table of at most the width of the terminal, 80 columns without one
    Table,
}

/// Who signs; by default the key of the state directory.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Signing")]
pub struct SigningOptions {
    /// Sign with this key of the state directory instead of the first one
    #[arg(long, global = true, value_name = "FINGERPRINT", conflicts_with = "key_file")]
    pub key: Option<Fingerprint>,
    /// Sign with the secret key in this armored file
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Sign with this key of your GnuPG, which asks for passphrase or card itself
    #[arg(long, global = true, value_name = "FINGERPRINT", conflicts_with_all = ["key", "key_file"])]
    pub gpg: Option<Fingerprint>,
    /// Read the passphrase of the key from the first line of this file; else from MIGPGPPASSPHRASE or the terminal
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// The flags of the original, and what we add to launching.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Asking (before the module's name or right behind it)")]
pub struct QuestionOptions {
    /// Which agents: a condition such as "queueloc LIKE 'linux.%'", `all`, or `local` for this process alone
    /// [default: status='online']
    #[arg(short = 't', value_name = "TARGET")]
    pub target: Option<String>,
    /// How long agents may answer, such as 90s or 1h30m [default: 300s]
    #[arg(short = 'e', value_name = "DURATION")]
    pub validity: Option<String>,
    /// Name of the action; a short unique ending is added [default: the command line]
    #[arg(short = 'n', value_name = "NAME")]
    pub name: Option<String>,
    /// Launch the action in this file
    #[arg(short = 'i', value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print the action without times and signature, and launch nothing
    #[arg(short = 'p', conflicts_with_all = ["sign_only", "dry_run"])]
    pub print: bool,
    /// Sign the action, print it, and launch nothing: a second investigator may sign and launch it with -i
    #[arg(short = 's', conflicts_with = "dry_run")]
    pub sign_only: bool,
    /// Compress the parameters
    #[arg(short = 'z')]
    pub compress: bool,
    /// Whose answers to show: found, notfound or all [default: found; all for json and ndjson]
    #[arg(long, value_enum, hide_possible_values = true)]
    pub show: Option<Show>,
    /// Only agents that found something in this action
    #[arg(long, value_name = "ACTION", conflicts_with = "target_notfound")]
    pub target_found: Option<ActionId>,
    /// Only agents that found nothing in this action
    #[arg(long, value_name = "ACTION")]
    pub target_notfound: Option<ActionId>,
    /// With `-t local`: look at the machine whose files lie below this directory, such as a mounted disk
    /// [default: MIG_ROOT in the environment, else this machine]
    #[arg(long, value_name = "DIRECTORY")]
    pub root: Option<PathBuf>,
    /// Show the action that would be launched, unsigned, and launch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask before launching modules that change machines
    #[arg(long)]
    pub yes: bool,
    /// Configuration of a platform's client; not in this version
    #[arg(short = 'c', value_name = "FILE", hide = true)]
    pub configuration: Option<PathBuf>,
}

/// Which answers to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// Of agents that found something
    Found,
    /// Of agents that found nothing
    #[value(name = "notfound")]
    NotFound,
    /// Of all agents
    All,
}

/// What `mig` does beside launching modules.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// What was asked before
    Actions(Page),
    /// The answers to an action
    Results(ResultsArgs),
    /// Keys of this investigator
    #[command(subcommand)]
    Key(KeyCommand),
    /// Actions in files
    #[command(subcommand)]
    Action(ActionCommand),
    /// Access control lists
    #[command(subcommand)]
    Acl(AclCommand),
    /// Target conditions
    #[command(subcommand)]
    Target(TargetCommand),
    /// Print the completion script of a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page of mig, of a command or of a module
    Man {
        /// A command or a module, such as `key new`
        topic: Vec<String>,
        /// Write all pages into this directory instead
        #[arg(long, value_name = "DIRECTORY", conflicts_with = "topic")]
        directory: Option<PathBuf>,
    },
    /// Help on a module or a command
    Help {
        /// A command or a module, such as `key new`
        topic: Vec<String>,
    },
    /// Print the version
    Version,
    /// A module, and what stands behind it.
    #[command(external_subcommand)]
    Module(Vec<String>),
}

/// One page of a list.
#[derive(Args, Clone, Debug)]
pub struct Page {
    /// Most rows
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Only what came before this action
    #[arg(long, value_name = "ACTION")]
    pub before: Option<ActionId>,
}

/// Which answers of which action.
#[derive(Args, Clone, Debug)]
pub struct ResultsArgs {
    /// Id of the action, as `mig actions` shows it
    pub action: ActionId,
    /// Whose answers to show: found, notfound or all [default: found; all for json and ndjson]
    #[arg(long, value_enum, hide_possible_values = true)]
    pub show: Option<Show>,
}

/// `mig key ...`
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key: Ed25519, which modern agents know, or RSA for fleets that still have agents of the original
    New {
        /// Name and address of its owner, such as "Ada <ada@example.org>"
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// An RSA key of this many bits: 2048, 3072 or 4096
        #[arg(long, value_name = "BITS")]
        rsa: Option<u32>,
        /// Protect it by a passphrase, asked on the terminal if it is not in a file or the environment
        #[arg(long)]
        protect: bool,
    },
    /// List the keys
    List,
    /// Print the public key, armored
    Export {
        /// Which key [default: the first one]
        fingerprint: Option<Fingerprint>,
        /// Print the secret key instead
        #[arg(long)]
        secret: bool,
    },
    /// Keep an armored secret key in the state directory; of a public key, let this machine's agent obey it
    Import {
        /// The file
        file: PathBuf,
    },
    /// Sign with this key of the state directory unless another one is named
    Default {
        /// Which key
        fingerprint: Fingerprint,
    },
}

/// `mig action ...`
#[derive(Clone, Debug, Subcommand)]
pub enum ActionCommand {
    /// Print a new unsigned action without times, to be edited: the operation of a module, or an empty one
    New {
        /// A module and its flags
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        module: Vec<String>,
    },
    /// Add a signature, and print the signed action
    Sign {
        /// The action
        file: PathBuf,
        /// How long the action is valid if its times are not set yet, such as 90s or 1h30m
        #[arg(short = 'e', value_name = "DURATION", default_value = "300s")]
        validity: String,
        /// Write it back to the file instead
        #[arg(long)]
        in_place: bool,
    },
    /// Check the signatures, and print who made them: 0 all are good, 1 one is bad or there is none, 2 unreadable files
    Verify {
        /// The action
        file: PathBuf,
        /// Public keys: a file with any number of them, or a directory of such files [default: your own]
        #[arg(long, value_name = "FILE")]
        keyring: Option<PathBuf>,
    },
    /// Show an action
    Show {
        /// The action
        file: PathBuf,
        /// Print exactly what is signed, without a line feed at the end
        #[arg(long)]
        signed_bytes: bool,
    },
}

/// `mig acl ...`
#[derive(Clone, Debug, Subcommand)]
pub enum AclCommand {
    /// Say whether these signers together may have a module run: 0 allow, 1 deny, 2 the list does not load
    Check {
        /// The access control list
        #[arg(long, value_name = "FILE")]
        acl: PathBuf,
        /// Name of the module
        #[arg(long)]
        module: String,
        /// Who signed
        #[arg(long, num_args = 1.., required = true, value_name = "FINGERPRINT")]
        fingerprint: Vec<Fingerprint>,
    },
}

/// `mig target ...`
#[derive(Clone, Debug, Subcommand)]
pub enum TargetCommand {
    /// Say whether an agent is meant: 0 match, 1 no match, 2 syntax error
    Check {
        /// The condition
        expression: String,
        /// The agent's document [default: this machine]
        #[arg(long, value_name = "FILE")]
        agent: Option<PathBuf>,
    },
}

/// The command line of a program with these modules.
#[must_use]
pub fn command(registry: &Registry) -> clap::Command {
    let mut help = "Modules:\n".to_owned();
    for module in registry.iter() {
        help.push_str(&format!("  {:12} {}\n", module.name(), module.info().summary));
    }
    help.push_str("`mig <MODULE> help` tells more about each.\n\n");
    Cli::command().after_help(format!("{help}{MODULE_FLAGS}\n\n{EXIT_CODES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
