//! Policies: objects collect values from files and packages, tests judge them.

mod answers;
mod args;
mod collect;
mod compile;
mod dialogue;
mod error;
mod evaluate;
mod expand;
mod expression;
mod lines;
mod load;
mod packages;
mod policy;
mod result;
mod run;
mod search;
mod value;
pub mod wire;
mod yaml;

pub use self::{
    error::{Fault, Part, PolicyError},
    load::{LoadError, parse_document},
    packages::{InstalledPackage, Packages},
    policy::{Policy, check},
    result::{Elements, SubResult, TestResult},
    yaml::YamlError,
};

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use run::ScribeRun;
use std::{io, sync::Arc};

/// Evaluates policies.
#[derive(Clone, Copy, Debug)]
pub struct ScribeModule;

impl Module for ScribeModule {
    fn name(&self) -> &'static str {
        "scribe"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "evaluates a policy: versions, contents and names of files, installed packages",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "reads what the agent's user may read; root sees everything",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        prepare(params, Arc::new(packages::Installed))
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

    fn lines(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        result::lines(result, found_only)
    }

    fn columns(&self) -> &'static [&'static str] {
        &result::COLUMNS
    }

    fn rows(&self, result: &ModuleResult) -> Vec<Vec<String>> {
        result::rows(result).into_iter().map(Vec::from).collect()
    }

    fn remarks(&self, params: &Value, result: &ModuleResult) -> Vec<String> {
        let errors = result.errors.iter().flatten().cloned();
        errors.chain(faults(params)).collect()
    }

    fn mask(&self, result: &ModuleResult) -> Option<ModuleResult> {
        Some(result::mask(result))
    }
}

/// A run of the module with packages of the caller's choice.
///
/// # Errors
/// [`ParamsError`] names the part of the policy, the field and the value.
pub fn prepare(params: &Value, packages: Arc<dyn Packages>) -> Result<Box<dyn Run>, ParamsError> {
    Ok(Box::new(ScribeRun::new(params, packages)?))
}

/// The places of what can only become errors of tests: the errors themselves do not say where in the policy their cause is.
fn faults(params: &Value) -> Vec<String> {
    let parameters: wire::Parameters = json::from_value(params).unwrap_or_default();
    let policy = Policy::new(parameters.document).unwrap_or_default();
    policy.faults().iter().map(|fault| format!("{}: {}", fault.place(), fault.fault)).collect()
}

const DESCRIPTION: &str = "\
Evaluates a policy, a file in JSON or YAML. Its objects collect values: groups of a regular expression in lines or names of files, \
whether files have a line, versions of installed packages. Its tests judge each value: evr compares versions, regexp matches, \
exactmatch compares, none of them asks whether there is a value. A test is true if it is true of some value and all tests that it \
depends on (if) are true.

The answer holds paths, names of packages and what came out: never the values. Files are looked for ten levels deep; links to \
files are followed, links to directories are not. All objects share one walk, and each file is searched once.

Regular expressions have Go's syntax. Versions are compared as [epoch:]version[-release] by runs of digits and letters; that is \
the order of no distribution: ~ has no meaning, 1.0~rc1 is newer than 1.0.";

const EXAMPLES: &[(&str, &str)] = &[
    ("mig scribe -path policy.yaml -human", "what became of each test, as text"),
    ("mig scribe -path policy.json -onlytrue", "only tests that are true, such as vulnerable packages"),
];

const FLAGS: &[FlagInfo] = &[
    FlagInfo::new(
        "path",
        "file",
        "policy in JSON or YAML; read and checked here, and sent with the question",
    ),
    FlagInfo::new("onlytrue", "", "return only tests that are true; leaves out those in error too"),
    FlagInfo::new("human", "", "print results as text; wins over -json"),
    FlagInfo::new("json", "", "print each result as a line of JSON"),
];
