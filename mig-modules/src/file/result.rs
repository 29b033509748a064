//! What the module answers: elements and statistics as the original has them, for machines and for people.

use crate::{
    file::wire::{Parameters, Search},
    results::{MASK, decode},
};
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was found, by label; `None` for a search that has nothing to report.
pub(super) type Elements = BTreeMap<String, Option<Vec<Element>>>;

/// One file found, or that nothing was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Element {
    /// The path; empty if nothing was found.
    pub(super) file: String,
    /// What it was found by.
    pub(super) search: Search,
    #[serde(rename = "fileinfo")]
    pub(super) info: FileInfo,
}

/// What the file was at the time of the match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FileInfo {
    /// In bytes.
    pub(super) size: f64,
    /// Like `-rw-r--r--`.
    pub(super) mode: String,
    /// Like `2004-02-03 04:05:06 +0000 UTC`.
    #[serde(rename = "lastmodified")]
    pub(super) last_modified: String,
    /// Upper case hexadecimal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) sha256: String,
}

/// What was examined.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    #[serde(rename = "filescount")]
    pub(super) files: u64,
    #[serde(rename = "openfailed")]
    pub(super) open_failed: u64,
    #[serde(rename = "totalhits")]
    pub(super) total_hits: u64,
    /// How long the run took, like `1.2ms`.
    #[serde(rename = "exectime")]
    pub(super) duration: String,
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
    let elements: Elements = decode(&result.elements);
    let mut lines = Vec::new();
    for (label, elements) in elements {
        for element in elements.unwrap_or_default() {
            if !element.file.is_empty() || !found_only {
                lines.push(line(&label, &element));
            }
        }
    }
    if !found_only {
        lines.extend(result.errors.iter().flatten().cloned());
        let Statistics { files, open_failed, total_hits, duration } = decode(&result.statistics);
        lines.push(format!(
            "Statistics: {files} files checked, {open_failed} failed to open, {total_hits} matched, ran in {duration}."
        ));
    }
    lines
}

/// What [`rows`] are made of.
pub(super) const COLUMNS: [&str; 6] = ["search", "size", "mode", "lastmodified", "sha256", "file"];

/// One row for each file found.
pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for (label, elements) in decode::<Elements>(&result.elements) {
        for Element { file, info, .. } in elements.unwrap_or_default() {
            let FileInfo { size, mode, last_modified, sha256 } = info;
            if !file.is_empty() {
                rows.push([
                    label.clone(),
                    size.to_string(),
                    mode,
                    last_modified,
                    sha256.to_lowercase(),
                    file,
                ]);
            }
        }
    }
    rows
}

/// Errors, each once, and searches that their limit of matches ended.
pub(super) fn remarks(params: &Value, result: &ModuleResult) -> Vec<String> {
    let mut remarks = Vec::new();
    for error in result.errors.iter().flatten() {
        // The original reports a directory that does not open a second time without this word.
        let error = error.strip_prefix("ERROR: ").unwrap_or(error).to_owned();
        if !remarks.contains(&error) {
            remarks.push(error);
        }
    }
    let parameters: Parameters = decode(params);
    for (label, elements) in decode::<Elements>(&result.elements) {
        let limit =
            parameters.searches.get(&label).and_then(|search| Some(search.as_ref()?.options.match_limit));
        let found = elements.iter().flatten().filter(|element| !element.file.is_empty()).count();
        if limit.is_some_and(|limit| limit > 0.0 && found as f64 >= limit) {
            remarks.push(format!("search '{label}' ended at its -matchlimit of {found}: there may be more"));
        }
    }
    remarks
}

fn line(label: &str, element: &Element) -> String {
    let Element { file, search, info } = element;
    let mut line = if file.is_empty() {
        format!("0 match found in search '{label}'")
    } else {
        let FileInfo { size, mode, last_modified, sha256 } = info;
        let sha256 =
            if sha256.is_empty() { String::new() } else { format!(", sha256:{}", sha256.to_lowercase()) };
        format!("{file} [lastmodified:{last_modified}, mode:{mode}, size:{size}{sha256}] in search '{label}'")
    };
    if !search.options.match_all {
        line.push_str(" on checks");
        for (name, values) in values_of(search) {
            for value in values {
                line.push_str(&format!(" {name}='{value}'"));
            }
        }
    }
    line
}

/// The values of a search in the order in which they are printed.
fn values_of(search: &Search) -> [(&'static str, &Vec<String>); 16] {
    [
        ("name", &search.names),
        ("size", &search.sizes),
        ("mode", &search.modes),
        ("mtime", &search.mtimes),
        ("content", &search.contents),
        ("md5", &search.md5),
        ("sha1", &search.sha1),
        ("sha2", &search.sha2),
        ("sha256", &search.sha256),
        ("sha384", &search.sha384),
        ("sha512", &search.sha512),
        ("sha3", &search.sha3),
        ("sha3_224", &search.sha3_224),
        ("sha3_256", &search.sha3_256),
        ("sha3_384", &search.sha3_384),
        ("sha3_512", &search.sha3_512),
    ]
}

/// Hides where files are: their names, their directories, and errors, which name files.
pub(super) fn mask(result: &ModuleResult) -> ModuleResult {
    let mut elements: Elements = decode(&result.elements);
    for element in elements.values_mut().flatten().flatten().filter(|element| !element.file.is_empty()) {
        element.file = MASK.to_owned();
        // Together with all filters the paths are those of the question.
        if !element.search.options.match_all {
            element.search.paths = Some(vec![MASK.to_owned()]);
        }
    }
    let errors = result.errors.as_ref().map(|errors| errors.iter().map(|_| MASK.to_owned()).collect());
    let elements = match result.elements {
        Value::Null => Value::Null,
        _ => json::to_value(&elements).unwrap_or_default(),
    };
    ModuleResult { elements, errors, ..result.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(elements: &str) -> ModuleResult {
        ModuleResult {
            found_anything: true,
            success: true,
            elements: json::from_slice(elements.as_bytes()).unwrap(),
            statistics: Value::Null,
            errors: Some(vec!["ERROR: open /secret/: permission denied".to_owned()]),
        }
    }

    #[test]
    fn missing_data_are_printed_as_nothing() {
        let empty = ModuleResult::default();
        assert!(print(&empty, true).is_empty());
        assert_eq!(
            print(&empty, false),
            ["Statistics: 0 files checked, 0 failed to open, 0 matched, ran in ."]
        );
        assert!(print(&result(r#"{"s1":null,"s2":[]}"#), true).is_empty());
        assert!(print(&result(r#"["another","shape"]"#), true).is_empty());
    }

    #[test]
    fn remarks_name_each_error_once_and_searches_that_were_cut_off() {
        let mut result = result(r#"{"s1":[{"file":"/a"},{"file":"/b"}],"s2":[{"file":"/c"}]}"#);
        let error = "open /secret/: permission denied".to_owned();
        result.errors.get_or_insert_default().push(error.clone());
        let params = r#"{"searches":{"s1":{"options":{"matchlimit":2}},"s2":{"options":{"matchlimit":2}}}}"#;
        let remarks = remarks(&json::from_slice(params.as_bytes()).unwrap(), &result);
        assert_eq!(remarks, [error, "search 's1' ended at its -matchlimit of 2: there may be more".into()]);
    }

    #[test]
    fn rows_have_a_cell_for_each_column() {
        let found = r#"{"s1":[{"file":"/a,b","fileinfo":{"size":3,"mode":"-rw-","sha256":"AB"}},{"file":""}],"s2":null}"#;
        assert_eq!(rows(&result(found)), [["s1", "3", "-rw-", "", "ab", "/a,b"]]);
        assert!(rows(&ModuleResult::default()).is_empty());
    }

    #[test]
    fn a_mask_hides_names_directories_and_errors() {
        let masked = mask(&result(
            r#"{"s1":[{"file":"/secret/a","search":{"paths":["/secret"],"names":["a"]}},{"file":"","search":{"paths":["/asked"]}}]}"#,
        ));
        let text = json::to_string(&masked).unwrap();
        assert!(!text.contains("secret") && text.contains("/asked"), "{text}");
        assert_eq!(masked.errors, Some(vec!["masked".to_owned()]));
    }

    #[test]
    fn a_mask_keeps_the_paths_of_the_question() {
        let masked = mask(&result(
            r#"{"s1":[{"file":"/etc/x","search":{"paths":["/etc"],"options":{"matchall":true}}}]}"#,
        ));
        let elements: Elements = decode(&masked.elements);
        assert_eq!(elements["s1"].as_ref().unwrap()[0].search.paths, Some(vec!["/etc".to_owned()]));
    }
}
