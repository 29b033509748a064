//! YARA rules over files and the memory of processes.

mod args;
mod dialogue;
mod params;
mod result;
mod rules;
mod run;
mod scanner;
mod targets;
pub mod wire;

pub use params::Params;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use run::YaraRun;
use std::io;

/// Runs YARA rules.
#[derive(Clone, Copy, Debug)]
pub struct YaraModule;

impl Module for YaraModule {
    fn name(&self) -> &'static str {
        "yara"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "finds files and processes that YARA rules match",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "reads files and processes that the agent's user may read; root sees all, others are named as errors",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(YaraRun::new(Params::check(&parameters::read(params)?)?)?))
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
Runs rules over files that the module file finds, over the memory of processes that the module memory finds, or both. The \
answer tells which rules match, their tags, and where their strings were found: never what was found there.

The client reads the rules and sends their text; include is refused, private rules are not reported, and external variables are \
not there. Files are scanned as a whole, up to 256 MiB and 10 seconds each. Memory is scanned in pieces: what needs a file as a \
whole - filesize, integers at offsets, modules such as pe and elf - is undefined there, and a match longer than 4 KiB may be \
missed. Conditions can count a million matches of all strings together, and at least a thousand of each.";

const EXAMPLES: &[(&str, &str)] = &[
    (
        "mig yara -rules webshells.yar -files \"-path /var/www -name '\\.php$' -matchlimit 0\"",
        "all scripts of a web server",
    ),
    ("mig yara -rules implants.yar -processes '-name . -timelimit 30s'", "the memory of all processes"),
];

const FLAGS: &[FlagInfo] = &[
    FlagInfo::new("rules", "file", "file of rules, read by the client"),
    FlagInfo::new(
        "files",
        "search",
        "flags of the module file in one argument, for the files to scan; the first 1000 unless -matchlimit is among them",
    ),
    FlagInfo::new(
        "processes",
        "search",
        "flags of the module memory in one argument, for the processes to scan",
    ),
];
