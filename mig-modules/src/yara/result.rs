//! What the module answers: elements as the original has them, with what more there is to say in fields that it does not read.

use crate::results::{MASK, decode};
use mig_core::{command::ModuleResult, json};
use serde::{Deserialize, Serialize};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Elements {
    /// `None` if nothing was.
    #[serde(rename = "Matches")]
    pub(super) matches: Option<Vec<Match>>,
}

/// A file or a process, and the rules that match it. The last three fields are ours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Match {
    /// The path of the file, or of the program of the process.
    pub(super) object: String,
    /// The names of the rules, in their order.
    pub(super) matched_rules: Option<Vec<String>>,
    /// More of the same rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rules: Vec<MatchedRule>,
    /// The number of the process; 0 for a file.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) pid: u64,
    /// The id of the container that the process runs in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) container: String,
}

/// A rule that matches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct MatchedRule {
    pub(super) rule: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    /// The strings of the rule that were found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) strings: Vec<MatchedString>,
}

/// A string of a rule, and where it was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct MatchedString {
    /// Such as `$a`.
    pub(super) name: String,
    /// How often it was found.
    pub(super) count: u64,
    /// The first places: bytes from the begin of a file, or addresses in a process.
    pub(super) offsets: Vec<u64>,
}

/// What was examined. The original has no statistics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    pub(super) rules: u64,
    /// Files that were scanned as a whole.
    pub(super) files: u64,
    /// Processes that were scanned.
    pub(super) processes: u64,
    /// Bytes of both.
    pub(super) bytes: u64,
    /// How long the run took, like `1.2ms`.
    #[serde(rename = "exectime")]
    pub(super) duration: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn matches(result: &ModuleResult) -> Vec<Match> {
    decode::<Elements>(&result.elements).matches.unwrap_or_default()
}

impl Match {
    fn rule_names(&self) -> Vec<String> {
        self.matched_rules.clone().unwrap_or_default()
    }
}

/// Lines for people.
pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let mut lines: Vec<String> = matches(result).iter().map(line).collect();
    if !found_only {
        lines.extend(result.errors.iter().flatten().cloned());
    }
    lines
}

fn line(found: &Match) -> String {
    let rules = found.rule_names().join(",");
    match found.pid {
        0 => format!("{} [{rules}]", found.object),
        pid => format!("{} [pid:{pid}] [{rules}]", found.object),
    }
}

/// What [`rows`] are made of.
pub(super) const COLUMNS: [&str; 6] = ["rule", "tags", "strings", "pid", "container", "object"];

/// One row for each rule and what it matches.
pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 6]> {
    matches(result).iter().flat_map(rows_of).collect()
}

fn rows_of(found: &Match) -> Vec<[String; 6]> {
    let pid = if found.pid == 0 { String::new() } else { found.pid.to_string() };
    let row = |name: String| {
        let details = found.rules.iter().find(|rule| rule.rule == name);
        let tags = details.map(|rule| rule.tags.join(" ")).unwrap_or_default();
        let strings = details.map(|rule| rule.strings.iter().map(string).collect::<Vec<_>>().join(" "));
        [name, tags, strings.unwrap_or_default(), pid.clone(), found.container.clone(), found.object.clone()]
    };
    found.rule_names().into_iter().map(row).collect()
}

/// `$a:0x1f,0x2c`, with `...` behind if it was found more often.
fn string(string: &MatchedString) -> String {
    let offsets: Vec<String> = string.offsets.iter().map(|offset| format!("{offset:#x}")).collect();
    let more = if string.count > string.offsets.len() as u64 { ",..." } else { "" };
    format!("{}:{}{more}", string.name, offsets.join(","))
}

/// Hides what is on the machine: names of files, programs and containers. Rules, offsets and numbers of processes stay.
pub(super) fn mask(result: &ModuleResult) -> ModuleResult {
    let mut elements: Elements = decode(&result.elements);
    for found in elements.matches.iter_mut().flatten() {
        for name in [&mut found.object, &mut found.container].into_iter().filter(|name| !name.is_empty()) {
            MASK.clone_into(name);
        }
    }
    let errors = result.errors.as_ref().map(|errors| errors.iter().map(|_| MASK.to_owned()).collect());
    ModuleResult { elements: json::to_value(&elements).unwrap_or_default(), errors, ..result.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(elements: &str) -> ModuleResult {
        ModuleResult {
            found_anything: true,
            success: true,
            elements: json::from_slice(elements.as_bytes()).unwrap(),
            errors: Some(vec!["/bin/y: timeout".to_owned()]),
            ..ModuleResult::default()
        }
    }

    const ORIGINAL: &str = r#"{"Matches":[{"Object":"/bin/x","MatchedRules":["rule1","rule2"]},{"Object":"/bin/z","MatchedRules":null}]}"#;
    const OURS: &str = r#"{"Matches":[{"Object":"/usr/sbin/sshd","MatchedRules":["a"],"Rules":[{"Rule":"a","Tags":["t","u"],"Strings":[{"Name":"$x","Count":3,"Offsets":[31,44]}]}],"Pid":9,"Container":"c0"}]}"#;

    #[test]
    fn lines_are_those_of_the_original() {
        assert_eq!(print(&result(ORIGINAL), true), ["/bin/x [rule1,rule2]", "/bin/z []"]);
        assert_eq!(print(&result(OURS), false), ["/usr/sbin/sshd [pid:9] [a]", "/bin/y: timeout"]);
    }

    #[test]
    fn rows_tell_where_strings_were_found() {
        let rows = rows(&result(OURS));
        assert_eq!(rows, [["a", "t u", "$x:0x1f,0x2c,...", "9", "c0", "/usr/sbin/sshd"]]);
        assert_eq!(super::rows(&result(ORIGINAL)).len(), 2);
    }

    #[test]
    fn missing_data_are_printed_as_nothing() {
        let empty = ModuleResult::default();
        assert!(print(&empty, false).is_empty() && rows(&empty).is_empty());
        assert!(print(&result(r#"["another","shape"]"#), true).is_empty());
    }

    #[test]
    fn a_mask_hides_names_and_errors() {
        let text = json::to_string(&mask(&result(OURS))).unwrap();
        for name in ["sshd", "c0", "/bin/y"] {
            assert!(!text.contains(name), "{name} in {text}");
        }
        assert!(text.contains(r#""Pid":9"#) && text.contains(r#""Rule":"a""#), "{text}");
    }

    #[test]
    fn elements_have_the_shape_of_the_original() {
        let elements: Elements = json::from_slice(ORIGINAL.as_bytes()).unwrap();
        assert_eq!(json::to_string(&elements).unwrap(), ORIGINAL);
        assert_eq!(json::to_string(&Elements::default()).unwrap(), r#"{"Matches":null}"#);
        let elements: Elements = json::from_slice(OURS.as_bytes()).unwrap();
        assert_eq!(json::to_string(&elements).unwrap(), OURS);
    }
}
