//! Which program for which kind of system.

use crate::parameters;
use mig_core::{
    json::{self, Value},
    limits,
    module::ParamsError,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ureq::http::Uri;

/// Parameters as they travel: by kind of system, in the names of Go.
type Parameters = BTreeMap<String, Entry>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Entry {
    to_version: String,
    location: String,
    checksum: String,
    /// Not in the original: one-line signatures of a manifest with this checksum.
    #[serde(skip_serializing_if = "Option::is_none")]
    signatures: Option<Vec<String>>,
}

/// What is to be installed, by kind of system.
pub(super) type Instructions = BTreeMap<String, Instruction>;

/// What is to be installed on one kind of system, checked completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Can be part of a file name.
    pub(super) version: String,
    /// An https URL.
    pub(super) location: String,
    /// 64 hexadecimal digits in lower case.
    pub(super) checksum: String,
    /// Not checked yet.
    pub(super) signatures: Vec<String>,
}

pub(super) fn parse(params: &Value) -> Result<Instructions, ParamsError> {
    let parameters: Parameters = parameters::read(params)?;
    parameters.into_iter().map(|(key, entry)| Ok((key.clone(), entry.check(&key)?))).collect()
}

impl Entry {
    /// In the words of the original, where it checks the same.
    fn check(self, key: &str) -> Result<Instruction, ParamsError> {
        let invalid = |field: &str, problem: &str| ParamsError {
            reason: format!("In {key}, parameter '{field}' {problem}"),
            place: Some(format!("{key}.{field}")),
        };
        let Self { to_version: version, location, checksum, signatures } = self;
        let signatures = signatures.unwrap_or_default();
        if version.is_empty() {
            return Err(invalid("to_version", "is empty. Expecting version."));
        }
        if !is_version(&version) {
            let problem = format!("with value '{version}' is invalid. Expecting version.");
            return Err(invalid("to_version", &problem));
        }
        if let Some(expected) = expected_location(&location) {
            let problem = format!("with value '{location}' is invalid. Expecting {expected}.");
            return Err(invalid("location", &problem));
        }
        if checksum.len() != 64 || !checksum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let problem = format!("with value '{checksum}' is invalid. Expecting SHA256 checksum.");
            return Err(invalid("checksum", &problem));
        }
        if signatures.len() > limits::MAX_SIGNATURES {
            let problem =
                format!("has {} values. Expecting {} at most.", signatures.len(), limits::MAX_SIGNATURES);
            return Err(invalid("signatures", &problem));
        }
        Ok(Instruction { version, location, checksum: checksum.to_ascii_lowercase(), signatures })
    }
}

/// Whether a text can follow `mig-agent-` in a file name, without leading anywhere else.
fn is_version(text: &str) -> bool {
    text.len() <= limits::MAX_AGENT_VERSION_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-_~".contains(&byte))
}

/// What a text should be instead, if it is no URL from which a program is taken.
fn expected_location(text: &str) -> Option<&'static str> {
    if text.starts_with("http://") {
        return Some("https URL");
    }
    let is_url = text.starts_with("https://")
        && text.parse::<Uri>().is_ok_and(|uri| {
            // What is before an @ is a password, which an action would show to everybody.
            uri.host().is_some_and(|host| !host.is_empty())
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        });
    if is_url { None } else { Some("URL") }
}

/// The place of the first parameter that no agent would read.
pub(super) fn unknown(params: &Value) -> Option<String> {
    let known: Parameters = json::from_value(params).ok()?;
    if let Some(key) = known.keys().find(|key| !is_platform(key)) {
        return Some(key.clone());
    }
    json::unread(params, &json::to_value(&known).ok()?)
}

/// Whether there can be an agent that was built for a system of this name.
fn is_platform(key: &str) -> bool {
    key.split_once('/')
        .is_some_and(|(system, processor)| SYSTEMS.contains(&system) && PROCESSORS.contains(&processor))
}

/// Systems, as Go calls them.
const SYSTEMS: [&str; 12] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "linux",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
];

/// Processors, as Go calls them.
const PROCESSORS: [&str; 14] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
    "riscv64", "s390x", "sparc64",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        json::from_str(text).unwrap()
    }

    fn entry(version: &str, location: &str, checksum: &str) -> Value {
        value(&format!(
            r#"{{"linux/arm64":{{"to_version":"{version}","location":"{location}","checksum":"{checksum}"}}}}"#
        ))
    }

    fn refused(params: &Value) -> String {
        format!("{:#}", parse(params).unwrap_err())
    }

    const URL: &str = "https://download.example.net/mig-agent?x=1";

    #[test]
    fn checksums_are_the_same_in_any_letter_case_and_signatures_may_be_missing() {
        let parsed = parse(&entry("20150910+d7a9e34.prod", URL, &"aB3d".repeat(16))).unwrap();
        let expected = Instruction {
            version: "20150910+d7a9e34.prod".to_owned(),
            location: URL.to_owned(),
            checksum: "ab3d".repeat(16),
            signatures: Vec::new(),
        };
        assert_eq!(parsed, Instructions::from([("linux/arm64".to_owned(), expected)]));
        assert_eq!(parse(&Value::Null).unwrap(), Instructions::new());
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let sum = "c".repeat(64);
        for (params, error) in [
            (
                entry("", URL, &sum),
                "to_version: In linux/arm64, parameter 'to_version' is empty. Expecting version.",
            ),
            (
                entry("1", "ftp://x/y", &sum),
                "location: In linux/arm64, parameter 'location' with value 'ftp://x/y' is invalid. Expecting URL.",
            ),
            (
                entry("1", "http://x/y", &sum),
                "location: In linux/arm64, parameter 'location' with value 'http://x/y' is invalid. Expecting https URL.",
            ),
            (
                entry("1", URL, &"g".repeat(64)),
                &format!(
                    "checksum: In linux/arm64, parameter 'checksum' with value '{}' is invalid. Expecting SHA256 checksum.",
                    "g".repeat(64)
                ),
            ),
        ] {
            assert_eq!(refused(&params), format!("linux/arm64.{error}"));
        }
        assert!(refused(&value(r#"{"a":1}"#)).starts_with("ReadInputParameters() -> "));
    }

    #[test]
    fn a_version_leads_to_no_other_directory() {
        for version in ["../x", "a/b", "a b", "é", "1\\u0000", &"1".repeat(129)] {
            let error = refused(&entry(version, URL, &"c".repeat(64)));
            assert!(error.ends_with("' is invalid. Expecting version."), "{error}");
        }
    }

    #[test]
    fn locations_have_a_host_and_no_password() {
        for location in
            ["https://", "https:///x", "https://user:secret@x/y", "https://x y/", "HTTPS://x", "https"]
        {
            let error = refused(&entry("1", location, &"c".repeat(64)));
            assert!(error.ends_with("' is invalid. Expecting URL."), "{error}");
        }
    }

    #[test]
    fn only_as_many_signatures_are_taken_as_could_be_checked_soon() {
        let signatures = vec![r#""x""#; limits::MAX_SIGNATURES + 1].join(",");
        let params = format!(
            r#"{{"a/b":{{"to_version":"1","location":"{URL}","checksum":"{}","signatures":[{signatures}]}}}}"#,
            "c".repeat(64)
        );
        assert_eq!(
            refused(&value(&params)),
            "a/b.signatures: In a/b, parameter 'signatures' has 65 values. Expecting 64 at most."
        );
    }

    #[test]
    fn misspelt_systems_and_fields_are_found() {
        assert_eq!(unknown(&value(r#"{"linux/amd64":{"to_version":"1"},"darwin/386":{}}"#)), None);
        for key in ["linux", "linux/x86_64", "Linux/amd64", "macos/arm64", "linux/amd64/v2"] {
            assert_eq!(unknown(&value(&format!(r#"{{"{key}":{{}}}}"#))).as_deref(), Some(key));
        }
        let misspelt = value(r#"{"linux/amd64":{"version":"1"}}"#);
        assert_eq!(unknown(&misspelt).as_deref(), Some("linux/amd64.version"));
        let platform = mig_core::agent::platform();
        assert!(is_platform(&platform), "{platform}");
    }
}
