//! From parameters as they travel to rules and searches that can run, or to the first error.

use super::{rules, wire::Parameters};
use crate::{
    file::FileModule, file::Params as FileParams, memory::MemoryModule, memory::Params as MemoryParams,
};
use mig_core::{
    flags,
    json::Value,
    module::{Module, ParamsError, ParsedArgs},
};
use yara_x::Rules;

/// Parameters that were checked completely.
#[derive(Debug)]
pub struct Params {
    /// The compiled rules.
    pub(super) rules: Rules,
    /// Which files are scanned.
    pub(super) files: Option<FileParams>,
    /// Which processes are scanned.
    pub(super) processes: Option<MemoryParams>,
}

impl Params {
    /// Checks parameters.
    ///
    /// # Errors
    /// The first error; that of rules knows line and column.
    pub fn check(parameters: &Parameters) -> Result<Self, ParamsError> {
        let rules = rules::compile(&parameters.yara)?;
        let files = search(&FileModule, "filesearch", &parameters.file_search)?;
        let processes = search(&MemoryModule, "processsearch", &parameters.process_search)?;
        if files.is_none() && processes.is_none() {
            return Err(ParamsError::new("files or processes to scan are a required option"));
        }
        Ok(Self {
            rules,
            files: files.as_ref().map(FileParams::parse).transpose()?,
            processes: processes.as_ref().map(MemoryParams::parse).transpose()?,
        })
    }
}

/// The parameters that a command line of another module means; `None` for an empty one.
fn search(module: &dyn Module, field: &str, text: &str) -> Result<Option<Value>, ParamsError> {
    let words = flags::words(text);
    if words.is_empty() {
        return Ok(None);
    }
    let with_place = |error: ParamsError| {
        let place = error.place.map_or_else(String::new, |place| format!(", {place}"));
        ParamsError { place: Some(format!("{field} '{text}'{place}")), ..error }
    };
    match module.parse_args(&words) {
        Ok(ParsedArgs::Params(params)) => Ok(Some(params)),
        Ok(ParsedArgs::Help) => Err(with_place(ParamsError::new("no search but a request for help"))),
        Err(error) => Err(with_place(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "rule a { condition: true }";

    fn error(files: &str, processes: &str) -> String {
        let parameters = Parameters {
            yara: RULE.to_owned(),
            file_search: files.to_owned(),
            process_search: processes.to_owned(),
        };
        Params::check(&parameters).map_or_else(|error| format!("{error:#}"), |_| String::new())
    }

    #[test]
    fn searches_are_command_lines_of_other_modules() {
        assert_eq!(error("-path /usr -name '^a b$'", ""), "");
        assert_eq!(error("", "-name sshd$ -timelimit 5s"), "");
        assert_eq!(
            error("-path /usr -name (", ""),
            "filesearch '-path /usr -name (', search 's1', names '(': \
             Invalid regexp '('. Must be a regexp. Compilation failed with 'error parsing regexp: missing closing ): `(`'"
        );
        assert!(error("-name x", "").ends_with("must have at least one search path"));
        assert!(
            error("", "-bogus").contains("processsearch '-bogus': flag provided but not defined: -bogus")
        );
        assert!(error("help", "").contains("help"));
    }

    #[test]
    fn something_has_to_be_scanned() {
        assert_eq!(error("", " "), "files or processes to scan are a required option");
    }
}
