//! Installed packages, their versions, and the advisories that apply to them.

pub mod apk;
mod args;
mod database;
mod dialogue;
pub mod dpkg;
mod fields;
mod installed;
pub mod language;
pub mod osv;
mod package;
pub mod pacman;
mod params;
mod release;
mod result;
pub mod rpm;
mod run;
pub mod wire;

pub use self::{database::Fault, package::Package, params::Params};

use crate::parameters;
#[cfg(feature = "scribe")]
pub(crate) use installed::{DISTRIBUTIONS, Detail};
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use run::PkgRun;
use std::io;

/// Lists installed packages.
#[derive(Clone, Copy, Debug)]
pub struct PkgModule;

impl Module for PkgModule {
    fn name(&self) -> &'static str {
        "pkg"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "lists installed packages by name, version and security advisory",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "none for the databases of distributions; language packages in homes need root",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(PkgRun::new(Params::parse(params)?)))
    }

    fn failure(&self, reason: String) -> ModuleResult {
        result::failure(reason)
    }

    fn unknown_parameter(&self, params: &Value) -> Option<String> {
        // Records of advisories have many fields that are not read.
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

/// What stands behind the first of so many.
fn and_more(count: usize) -> String {
    if count > 1 { format!(" and {} more", count - 1) } else { String::new() }
}

const DESCRIPTION: &str = "\
Looks at the databases of dpkg, rpm, apk and pacman without running a package manager; with -languages also at the places \
where packages of Python, npm, Ruby, Go and Rust are usually installed, Go's and Rust's by what is written in programs. Answers with name, version, kind and architecture of each package that fits.

Names and -version are regular expressions of Go's syntax; a leading ! on -version inverts it. -versioncmp compares by the \
order of the package's own distribution or language: <, <=, =, !=, >= or > and a version; several bounds with commas between \
them must all hold.

-osv takes advisories in the format of osv.dev: a file with one record or a list. Those which apply to an installed package are \
returned with it; names are optional then. A version that can not be compared is an error in the answer, never a silent no.

Debian names some packages with their architecture, as in libc6:amd64.";

const EXAMPLES: &[(&str, &str)] = &[
    ("mig pkg -name '^linux-image' -version '!^6\\.1\\.'", "kernels other than 6.1"),
    ("mig pkg -name '^(openssl|libssl3)' -versioncmp '<3.0.13-1~deb12u1'", "OpenSSL without a fix"),
    ("mig pkg -languages -name '^(requests|urllib3)$'", "Python packages, and others of these names"),
    ("mig pkg -osv DSA-5532-1.json", "packages to which an advisory applies"),
];

const FLAGS: &[FlagInfo] = &[
    FlagInfo::new("name", "regex", "name of the package; can be repeated"),
    FlagInfo::new("version", "regex", "version of the package; a leading ! inverts"),
    FlagInfo::new(
        "versioncmp",
        "bounds",
        "what the version has to be, as '<3.0.2-0ubuntu1.10' or '>=1.1,<1.1.1k'",
    ),
    FlagInfo::new("languages", "", "look for packages of Python, npm, Ruby, Go and Rust too"),
    FlagInfo::new("osv", "file", "advisories that may apply, as osv.dev writes them; can be repeated"),
];
