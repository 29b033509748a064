//! What the module answers, and its lines for people.

use crate::{results, sys::Pid, text};
use mig_core::command::ModuleResult;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who was replaced by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Elements {
    /// The process of the former agent, for the module `agentdestroy`; 0 if none ran.
    #[serde(rename = "oldpid")]
    pub(super) old_pid: Pid,
    /// The process of the new agent. Not in the original.
    #[serde(rename = "newpid", skip_serializing_if = "is_zero")]
    pub(super) new_pid: Pid,
}

fn is_zero(pid: &Pid) -> bool {
    *pid == 0
}

/// What it took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    /// Such as `1.2s`.
    #[serde(rename = "downloadtime")]
    time: String,
    /// In bytes.
    #[serde(rename = "downloadsize")]
    size: u64,
}

impl Statistics {
    pub(super) fn of(time: Duration, size: u64) -> Self {
        Self { time: text::duration(time), size }
    }
}

/// The elements, if there are any: a failed upgrade has none.
fn elements(result: &ModuleResult) -> Option<Elements> {
    (!result.elements.is_null()).then(|| results::decode(&result.elements))
}

pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(Elements { old_pid, new_pid }) = elements(result) {
        lines.push(match (old_pid, new_pid) {
            (0, 0) => "a new agent was started".to_owned(),
            (0, new) => format!("a new agent runs as PID {new}; there was none before"),
            (old, 0) => format!("a new agent was started beside PID {old}"),
            (old, new) => format!("a new agent runs as PID {new} beside PID {old}"),
        });
    }
    if !found_only {
        let Statistics { time, size } = results::decode(&result.statistics);
        if !time.is_empty() {
            lines.push(format!("downloaded {size} bytes in {time}"));
        }
        // The original has no printer, and its vectors want nothing but this.
        lines.extend(result.errors.iter().flatten().cloned());
    }
    lines
}

pub(super) const COLUMNS: [&str; 4] = ["oldpid", "newpid", "size", "time"];

pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 4]> {
    let Statistics { time, size } = results::decode(&result.statistics);
    let row = |elements: Elements| {
        [elements.old_pid.to_string(), elements.new_pid.to_string(), size.to_string(), time]
    };
    elements(result).map(row).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;

    fn result(text: &str) -> ModuleResult {
        json::from_str(text).unwrap()
    }

    #[test]
    fn an_upgrade_is_told_in_lines_and_in_a_row() {
        let result = result(
            r#"{"foundanything":true,"success":true,"elements":{"oldpid":7,"newpid":9},
                "statistics":{"downloadtime":"1.5s","downloadsize":20},"errors":null}"#,
        );
        assert_eq!(print(&result, true), ["a new agent runs as PID 9 beside PID 7"]);
        let all = ["a new agent runs as PID 9 beside PID 7", "downloaded 20 bytes in 1.5s"];
        assert_eq!(print(&result, false), all);
        assert_eq!(rows(&result), [["7", "9", "20", "1.5s"].map(str::to_owned)]);
    }

    #[test]
    fn results_of_failed_runs_and_of_others_are_told_too() {
        assert!(print(&ModuleResult::default(), false).is_empty());
        assert!(rows(&ModuleResult::default()).is_empty());
        let failed = result(r#"{"errors":["no"],"statistics":{"downloadsize":5}}"#);
        assert_eq!(print(&failed, false), ["no"]);
        assert!(print(&failed, true).is_empty());
        let original = result(r#"{"success":true,"elements":{"oldpid":7},"statistics":{}}"#);
        assert_eq!(print(&original, true), ["a new agent was started beside PID 7"]);
        let odd = result(r#"{"elements":"x","statistics":[1],"errors":null}"#);
        assert_eq!(print(&odd, true), ["a new agent was started"]);
        assert_eq!(rows(&odd).len(), 1);
    }
}
