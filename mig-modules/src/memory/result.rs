//! What the module answers: elements and statistics as the original has them, for machines and for people.

use super::wire::Search;
use crate::results::{MASK, decode};
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was found, by label; `None` for a search that has nothing to report.
pub(super) type Elements = BTreeMap<String, Option<Vec<Element>>>;

/// One process found, or that none was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Element {
    pub(super) process: ProcessEntry,
    /// What it was found by.
    pub(super) search: Search,
}

/// A process as it was when it was looked at. The last three fields are ours, and left out when there is nothing to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ProcessEntry {
    /// The path of its program, or its name in brackets.
    pub(super) name: String,
    /// 0 if nothing was found.
    pub(super) pid: f64,
    /// The file of its program was deleted or replaced since it began.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) deleted: bool,
    /// Mapped files that were deleted or replaced; only of searches by library.
    #[serde(rename = "deletedlibraries", skip_serializing_if = "Vec::is_empty")]
    pub(super) deleted_libraries: Vec<String>,
    /// The id of the container it runs in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) container: String,
}

impl ProcessEntry {
    fn is_some(&self) -> bool {
        self.pid != 0.0 || !self.name.is_empty()
    }
}

/// What was examined.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    #[serde(rename = "processcount")]
    pub(super) processes: u64,
    /// In bytes.
    #[serde(rename = "memoryread")]
    pub(super) memory_read: u64,
    #[serde(rename = "totalhits")]
    pub(super) total_hits: u64,
    /// What could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failures: Vec<String>,
    /// Ranges of memory that could not be read and are not named. Ours, as the next one.
    #[serde(rename = "readfailures", skip_serializing_if = "is_zero")]
    pub(super) read_failures: u64,
    /// Processes that ended before they were looked at.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) ended: u64,
    /// How long the run took, like `1.2ms`.
    #[serde(rename = "exectime")]
    pub(super) duration: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The result of a run that could not begin.
pub(super) fn failure(reason: String) -> ModuleResult {
    ModuleResult {
        elements: Value::Map(BTreeMap::new()),
        statistics: json::to_value(&Statistics::default()).unwrap_or_default(),
        errors: Some(vec![reason]),
        ..ModuleResult::default()
    }
}

/// Lines for people.
pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (label, elements) in decode::<Elements>(&result.elements) {
        for element in elements.unwrap_or_default() {
            if element.process.is_some() || !found_only {
                lines.push(line(&label, &element));
            }
        }
    }
    if !found_only {
        let Statistics { processes, total_hits, failures, duration, .. } = decode(&result.statistics);
        lines.extend(failures.iter().map(|failure| format!("Failure: {failure}")));
        lines.extend(result.errors.iter().flatten().cloned());
        lines.push(format!(
            "Statistics: {processes} processes checked, {total_hits} matched, {} failures, ran in {duration}.",
            failures.len()
        ));
    }
    lines
}

fn line(label: &str, Element { process, search }: &Element) -> String {
    let mut line = if process.is_some() {
        format!("{} [pid:{}] in search '{label}'", process.name, process.pid)
    } else {
        format!("0 match found in search '{label}'")
    };
    if !search.options.match_all {
        line.push_str(" on checks");
        checks(search).iter().for_each(|check| line.push_str(&format!(" {check}")));
    }
    line
}

/// What a process was found by, as `name='sshd$'`.
fn checks(search: &Search) -> Vec<String> {
    let kinds = [
        ("name", &search.names),
        ("library", &search.libraries),
        ("content", &search.contents),
        ("byte", &search.bytes),
    ];
    let of_kind = |(kind, values): (&'static str, &Vec<String>)| {
        values.iter().map(move |value| format!("{kind}='{value}'")).collect::<Vec<_>>()
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

/// What [`rows`] are made of.
pub(super) const COLUMNS: [&str; 6] = ["search", "check", "pid", "deleted", "container", "name"];

/// One row for each process found.
pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for (label, elements) in decode::<Elements>(&result.elements) {
        let found = elements.into_iter().flatten().filter(|element| element.process.is_some());
        rows.extend(found.map(|Element { process, search }| {
            let ProcessEntry { name, pid, deleted, container, .. } = process;
            let check = if search.options.match_all { String::new() } else { checks(&search).join(" ") };
            let deleted = if deleted { "deleted" } else { "" };
            [label.clone(), check, pid.to_string(), deleted.to_owned(), container, name]
        }));
    }
    rows
}

/// Errors, what could not be looked at, and how much was not read.
pub(super) fn remarks(result: &ModuleResult) -> Vec<String> {
    let Statistics { failures, read_failures, ended, .. } = decode(&result.statistics);
    let mut remarks: Vec<String> = result.errors.iter().flatten().cloned().collect();
    remarks.extend(failures);
    if read_failures > 0 {
        remarks.push(format!("{read_failures} ranges of memory could not be read: -logfailures names them"));
    }
    if ended > 0 {
        remarks.push(format!("{ended} processes ended before they were looked at"));
    }
    remarks
}

/// Hides what runs on the machine: names, libraries and containers. Numbers of processes stay.
pub(super) fn mask(result: &ModuleResult) -> ModuleResult {
    let mut elements: Elements = decode(&result.elements);
    for Element { process, .. } in elements.values_mut().flatten().flatten() {
        let names = [&mut process.name, &mut process.container].into_iter();
        for name in names.chain(&mut process.deleted_libraries).filter(|name| !name.is_empty()) {
            MASK.clone_into(name);
        }
    }
    let elements = match result.elements {
        Value::Null => Value::Null,
        _ => json::to_value(&elements).unwrap_or_default(),
    };
    ModuleResult { elements, ..result.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(elements: &str, statistics: &str) -> ModuleResult {
        ModuleResult {
            found_anything: true,
            success: true,
            elements: json::from_slice(elements.as_bytes()).unwrap(),
            statistics: json::from_slice(statistics.as_bytes()).unwrap(),
            errors: None,
        }
    }

    const FOUND: &str = r#"{"s1":[{"process":{"name":"/usr/sbin/sshd","pid":812},"search":{"names":["sshd$"],"options":{"matchall":true}}}],
        "s2":[{"process":{"name":"/tmp/x (deleted)","pid":9,"deleted":true,"deletedlibraries":["/tmp/l"],"container":"c0"},"search":{"bytes":["ff"],"contents":["c"],"options":{}}},
              {"process":{"name":"","pid":0},"search":{"libraries":["l"],"options":{}}}],"s3":null}"#;
    const STATISTICS: &str = r#"{"processcount":73,"memoryread":5,"totalhits":2,"failures":["Permission denied to access memory of process 1"],"readfailures":2,"exectime":"1ms"}"#;

    #[test]
    fn lines_are_those_of_the_original() {
        let result = result(FOUND, STATISTICS);
        let found = [
            "/usr/sbin/sshd [pid:812] in search 's1'",
            "/tmp/x (deleted) [pid:9] in search 's2' on checks content='c' byte='ff'",
        ];
        assert_eq!(print(&result, true), found);
        assert_eq!(
            print(&result, false)[2..],
            [
                "0 match found in search 's2' on checks library='l'",
                "Failure: Permission denied to access memory of process 1",
                "Statistics: 73 processes checked, 2 matched, 1 failures, ran in 1ms.",
            ]
        );
    }

    #[test]
    fn missing_data_are_printed_as_nothing() {
        let empty = ModuleResult::default();
        assert!(print(&empty, true).is_empty() && rows(&empty).is_empty());
        let statistics = "Statistics: 0 processes checked, 0 matched, 0 failures, ran in .";
        assert_eq!(print(&empty, false), [statistics]);
        assert!(print(&result(r#"["another","shape"]"#, "[]"), true).is_empty());
    }

    #[test]
    fn rows_have_a_cell_for_each_column() {
        assert_eq!(
            rows(&result(FOUND, STATISTICS)),
            [
                ["s1", "", "812", "", "", "/usr/sbin/sshd"],
                ["s2", "content='c' byte='ff'", "9", "deleted", "c0", "/tmp/x (deleted)"]
            ]
        );
    }

    #[test]
    fn remarks_tell_what_was_not_seen() {
        let remarks = remarks(&result(FOUND, STATISTICS));
        assert_eq!(remarks.len(), 2);
        assert_eq!(remarks[1], "2 ranges of memory could not be read: -logfailures names them");
    }

    #[test]
    fn a_mask_hides_names_libraries_and_containers() {
        let text = json::to_string(&mask(&result(FOUND, STATISTICS))).unwrap();
        for name in ["sbin/sshd", "/tmp/x", "/tmp/l", "c0"] {
            assert!(!text.contains(name), "{name} in {text}");
        }
        assert!(text.contains(r#""name":"","pid":0"#), "{text}");
        assert_eq!(mask(&ModuleResult::default()).elements, Value::Null);
    }
}
