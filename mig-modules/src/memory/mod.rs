//! Memory of processes: by content and bytes, and processes by name and library.

mod args;
mod check;
mod dialogue;
mod examine;
mod matcher;
mod params;
mod plan;
mod process;
mod result;
mod run;
mod scan;
mod scope;
mod text;
mod together;
pub(crate) mod walk;
pub mod wire;

pub use params::Params;
#[cfg(feature = "yara")]
pub(crate) use process::Name;
pub(crate) use run::MemoryRun;
#[cfg(feature = "yara")]
pub(crate) use scope::Window;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use std::io;

/// Searches the memory of running processes.
#[derive(Clone, Copy, Debug)]
pub struct MemoryModule;

impl Module for MemoryModule {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "finds processes by name, library and what is in their memory",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "reads processes that the agent's user may trace; root sees all, others are named as failures",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(MemoryRun::new(Params::parse(params)?)?))
    }

    fn failure(&self, reason: String) -> ModuleResult {
        result::failure(reason)
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

    fn remarks(&self, _params: &Value, result: &ModuleResult) -> Vec<String> {
        result::remarks(result)
    }

    fn mask(&self, result: &ModuleResult) -> Option<ModuleResult> {
        Some(result::mask(result))
    }
}

const DESCRIPTION: &str = "\
Looks for processes and answers with their names and numbers: never with what is in their memory.

Without -matchany all filters must hold for a process. Names and libraries are looked at first; then the memory of those \
processes that are left is read once, whatever the number of filters. Memory that the process itself may not read is left \
out, and so is memory that it never used, which holds zeros.

Regular expressions have Go's syntax. Adjacent readable memory is one text: ^ and $ match at its ends. A match of up to \
64 KiB is found wherever it lies; a longer one may be missed. The searching process and its agent are left out, because they \
hold what is searched for.";

const EXAMPLES: &[(&str, &str)] = &[
    (
        "mig memory -name 'sshd$' -content 'BEGIN [A-Z]+ PRIVATE KEY'",
        "sshd processes that hold a private key",
    ),
    ("mig memory -lib 'libcrypto\\.so\\.1\\.0'", "processes that run with an old library"),
    (
        "mig memory -matchany -name ' \\(deleted\\)$' -lib '\\.so.* \\(deleted\\)$'",
        "processes whose program or libraries were deleted or replaced",
    ),
    ("mig memory -bytes 4d5a9000 -timelimit 5s", "processes with a byte string, at most 5 seconds for each"),
];

const FLAGS: &[FlagInfo] = &[
    FlagInfo::new(
        "name",
        "regex",
        "path of the program, or [name] of a process without one; can be repeated",
    ),
    FlagInfo::new("lib", "regex", "path of a library or another mapped file; can be repeated"),
    FlagInfo::new("content", "regex", "something in memory; can be repeated"),
    FlagInfo::new(
        "bytes",
        "hex",
        "a byte string in memory, as ff00d1ab, at most 64 KiB long; can be repeated",
    ),
    FlagInfo::new("matchall", "", "all filters must hold for a process (default)"),
    FlagInfo::new("matchany", "", "each filter reports on its own; wins over -matchall"),
    FlagInfo::new("offset", "number", "lowest address to look at (default 0)"),
    FlagInfo::new("maxlength", "number", "bytes of a process that are looked at (default 0, no limit)"),
    FlagInfo::new("timelimit", "time", "longest time for one process, as 500ms or 10s (default none)"),
    FlagInfo::new("logfailures", "", "return each range of memory that could not be read"),
    FlagInfo::new("includeself", "", "look at the searching process and its agent, too"),
    FlagInfo::new("maxdepth", "number", "the original's name of -offset"),
    FlagInfo::new("matchlimit", "number", "the original's name of -maxlength"),
];
