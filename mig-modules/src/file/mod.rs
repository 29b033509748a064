//! Files by name, size, mode, time, content and hash.

mod args;
mod check;
mod dialogue;
mod params;
mod result;
mod run;
pub mod wire;

pub use params::Params;
#[cfg(feature = "yara")]
pub(crate) use run::report_problems;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use run::FileRun;
use std::io;

/// Searches the file system.
#[derive(Clone, Copy, Debug)]
pub struct FileModule;

impl Module for FileModule {
    fn name(&self) -> &'static str {
        "file"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "finds files by name, size, mode, time, content and hash",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "reads what the agent's user may read; root sees everything",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(FileRun::new(Params::parse(params)?)?))
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

    fn remarks(&self, params: &Value, result: &ModuleResult) -> Vec<String> {
        result::remarks(params, result)
    }

    fn mask(&self, result: &ModuleResult) -> Option<ModuleResult> {
        Some(result::mask(result))
    }
}

const DESCRIPTION: &str = "\
Looks for files below the given paths and answers with their names, sizes, modes and times: never with their content.

Without -matchany all filters must hold for a file. Each directory is walked once and each file is read once, whatever \
the number of filters; contents are matched line by line. Links to files are followed, links to directories are not. \
Pseudo and remote file systems are entered only if a path lies on one. Devices, sockets and FIFOs are never opened.

Regular expressions have Go's syntax. A leading ! on a name or a content inverts it: !foo finds the files without foo.";

const EXAMPLES: &[(&str, &str)] = &[
    (
        "mig file -path /etc -name '^passwd$' -content '^root:'",
        "passwd files below /etc with an account of root",
    ),
    (
        "mig file -path /usr -path /opt -sha2 <sha256> -name '\\.so' -size '<1m'",
        "shared libraries with a known digest",
    ),
    ("mig file -path /var/www -mtime '<1d' -mode '^u'", "setuid files that changed within a day"),
    (
        "mig file -path /home -name '^authorized_keys$' -content '^(ssh-|#|$)' -macroal -mismatch content",
        "authorized_keys with a foreign line",
    ),
];

const FLAGS: &[FlagInfo] = &[
    FlagInfo::new("path", "path", "file or directory to look into; can be repeated"),
    FlagInfo::new("name", "regex", "base name of the file; a leading ! inverts; can be repeated"),
    FlagInfo::new("content", "regex", "a line of the file; a leading ! inverts; can be repeated"),
    FlagInfo::new(
        "size",
        "size",
        "size in bytes, as 10k, <1m or >2g (k, m, g, t; bounds inclusive); can be repeated",
    ),
    FlagInfo::new("mode", "regex", "type and permissions, as ^-rwx or ^u for setuid; can be repeated"),
    FlagInfo::new(
        "mtime",
        "age",
        "last change less (<1d) or more (>12h) than this ago (d, h, m); can be repeated",
    ),
    FlagInfo::new("md5", "hash", "MD5 of the content; can be repeated"),
    FlagInfo::new("sha1", "hash", "SHA-1 of the content; can be repeated"),
    FlagInfo::new("sha2", "hash", "SHA-256, SHA-384 or SHA-512, told apart by length; can be repeated"),
    FlagInfo::new("sha3", "hash", "SHA3-224, -256, -384 or -512, told apart by length; can be repeated"),
    FlagInfo::new("sha256", "hash", "SHA-256 of the content, spelling of 2015; can be repeated"),
    FlagInfo::new("sha384", "hash", "SHA-384 of the content, spelling of 2015; can be repeated"),
    FlagInfo::new("sha512", "hash", "SHA-512 of the content, spelling of 2015; can be repeated"),
    FlagInfo::new("sha3_224", "hash", "SHA3-224 of the content, spelling of 2015; can be repeated"),
    FlagInfo::new("sha3_256", "hash", "SHA3-256 of the content, spelling of 2015; can be repeated"),
    FlagInfo::new("sha3_384", "hash", "SHA3-384 of the content, spelling of 2015; can be repeated"),
    FlagInfo::new("sha3_512", "hash", "SHA3-512 of the content, spelling of 2015; can be repeated"),
    FlagInfo::new(
        "mismatch",
        "kind",
        "inverts name, size, mode, mtime, content, md5, sha1, sha2 or sha3; can be repeated",
    ),
    FlagInfo::new(
        "maxdepth",
        "number",
        "levels of directories to look into, 1 is the path alone (default 1000, 0 no limit)",
    ),
    FlagInfo::new("maxerrors", "number", "errors that are returned (default 30, 0 no limit)"),
    FlagInfo::new("matchlimit", "number", "hits after which the search ends (default 1000, 0 no limit)"),
    FlagInfo::new("matchall", "", "all filters must hold for a file (default)"),
    FlagInfo::new("matchany", "", "each filter reports on its own; wins over -matchall"),
    FlagInfo::new("macroal", "", "all lines must match all contents"),
    FlagInfo::new("returnsha256", "", "return the SHA-256 of each file found; not with -matchany"),
    FlagInfo::new("decompress", "", "look into gzip data for contents and hashes"),
    FlagInfo::new("verbose", "", "accepted for old scripts, without effect"),
];
