//! Policies in files, as JSON or YAML.

use crate::scribe::{
    error::PolicyError,
    policy::Policy,
    wire::Document,
    yaml::{self, YamlError},
};
use mig_core::{
    json::{self, Value},
    limits,
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Least length of a policy, in bytes.
const MIN_BYTES: usize = 10;

/// Why a policy can not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its file can not be read, or is larger than parameters may be.
    #[error("open {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is too short to be one.
    #[error("the document is too small to be valid ({0} bytes)")]
    TooSmall(usize),
    /// It is neither JSON nor of the shape of a policy.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// It is not UTF-8.
    #[error("the document is not UTF-8: {0}")]
    Encoding(#[from] std::str::Utf8Error),
    /// It is no YAML of a policy.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// Something in it would not be looked at: a misspelt evaluator would make a test true of everything.
    #[error("unknown field {0}")]
    UnknownField(String),
    /// It is a policy with a fault.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// Reads and checks a policy.
pub(super) fn read_file(path: &Path) -> Result<Document, LoadError> {
    let read = limits::read_file(path, limits::MAX_PARAMETERS_BYTES);
    parse_document(&read.map_err(|source| LoadError::Io { path: path.to_owned(), source })?)
}

/// Checks the text of a policy: JSON if it begins with a bracket, else YAML.
///
/// # Errors
/// [`LoadError`] names what is wrong, and the place of a fault in the policy.
pub fn parse_document(text: &[u8]) -> Result<Document, LoadError> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
    let text = &text[text.iter().take_while(|byte| blank(byte)).count()..];
    let given: Value = match text.first() {
        _ if text.len() < MIN_BYTES => return Err(LoadError::TooSmall(text.len())),
        Some(b'{' | b'[') => json::from_slice(text)?,
        _ => yaml::read(str::from_utf8(text)?)?,
    };
    let document: Document = json::from_value(&given)?;
    if let Some(field) = json::unread(&given, &json::to_value(&document)?) {
        return Err(LoadError::UnknownField(field));
    }
    Policy::new(document.clone())?;
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse_document(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn json_and_yaml_of_one_policy_are_the_same() {
        let json = r#" 	{"objects":[{"object":"p","package":{"name":"x","onlynewest":true}}],"tests":[{"test":"t","object":"p","evr":{"operation":"<","value":"1.10"}}]}"#;
        let yaml = "---\nobjects:\n- object: p\n  package: {name: x, onlynewest: on}\ntests:\n- test: t\n  object: p\n  evr:\n    operation: <\n    value: 1.10\n";
        assert_eq!(parse_document(json.as_bytes()).unwrap(), parse_document(yaml.as_bytes()).unwrap());
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(error("\n\n {}"), "the document is too small to be valid (2 bytes)");
        assert_eq!(
            error(r#"{"tests":[{"test":"t","exactmach":{"value":"v"}}]}"#),
            "unknown field tests[0].exactmach"
        );
        assert_eq!(error("objects:\n- object: x\n"), "x: no valid source interface");
        assert!(error("tests:\n- [a]\n").contains("tests"), "{}", error("tests:\n- [a]\n"));
        assert!(error("{ this is not json }").contains("invalid character"));
    }
}
