//! SSH keys of users: where they are, and their fingerprints.
//!
//! [`keys::read`] finds the keys of one file, for programs that have files at hand.

mod args;
mod dialogue;
pub mod keys;
mod params;
mod result;
mod run;
mod wire;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use params::Params;
use run::KeyRun;
use std::io;

/// Finds SSH keys.
#[derive(Clone, Copy, Debug)]
pub struct SshKeyModule;

impl Module for SshKeyModule {
    fn name(&self) -> &'static str {
        "sshkey"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "finds SSH keys and returns their fingerprints",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "reads what the agent's user may read; root sees the keys of all users",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(KeyRun::new(Params::parse(params)?)?))
    }

    fn unknown_parameter(&self, params: &Value) -> Option<String> {
        parameters::unknown::<wire::Parameters>(params)
    }

    fn parse_args(&self, args: &[String]) -> Result<ParsedArgs, ArgsError> {
        args::parse(args)
    }

    fn create_interactive(&self, terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
        dialogue::create(terminal)
    }

    fn print(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        result::print(result, found_only)
    }

    fn columns(&self) -> &'static [&'static str] {
        &result::COLUMNS
    }

    fn rows(&self, result: &ModuleResult) -> Vec<Vec<String>> {
        result::rows(result).into_iter().map(Vec::from).collect()
    }

    fn mask(&self, result: &ModuleResult) -> Option<ModuleResult> {
        Some(result::mask(result))
    }
}

const DESCRIPTION: &str = "\
Looks for SSH keys below the given paths, by default below the homes of users, and answers with their fingerprints: never \
with a key.

Found are private keys (OpenSSH, PKCS#8, RSA, DSA and EC in PEM), each line of authorized_keys and authorized_keys2, and \
the first public key of any other file. Fingerprints of a private key are those of its public half, as ssh-keygen -l shows \
them; an encrypted private key is reported without. Files of more than 1 MiB are no keys.

Links to files are followed, links to directories are not.";

const EXAMPLES: &[(&str, &str)] = &[
    ("mig sshkey", "all keys in the homes of users"),
    ("mig sshkey -path /srv -path /etc/ssh -maxdepth 3", "keys of hosts and services"),
];

const FLAGS: &[FlagInfo] = &[
    FlagInfo {
        name: "path",
        value: "path",
        help: "file or directory to look into (default: where the homes of users are); can be repeated",
    },
    FlagInfo {
        name: "maxdepth",
        value: "number",
        help: "levels of directories to look into, 1 is the path alone, at most 1000 (default 0, which means 8)",
    },
];
