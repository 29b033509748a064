//! What the module answers: elements and statistics as the original has them, for machines and for people.

use crate::{
    results::{MASK, decode},
    scribe::wire::Tag,
};
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
};
use serde::{Deserialize, Serialize};

/// The elements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Elements {
    /// One result for each test, in the order of the policy.
    pub results: Vec<TestResult>,
    /// Print texts for people.
    #[serde(rename = "humanoutput")]
    pub human_output: bool,
    /// Print lines of JSON.
    #[serde(rename = "jsonoutput")]
    pub json_output: bool,
}

/// What became of a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestResult {
    /// The id of the test.
    #[serde(rename = "testid")]
    pub id: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// Those of the test.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// It could not be judged.
    #[serde(rename = "iserror")]
    pub is_error: bool,
    /// Why.
    pub error: String,
    /// Some value is true, and all tests that this one depends on are.
    #[serde(rename = "masterresult")]
    pub master_result: bool,
    /// Some value is true.
    #[serde(rename = "hastrueresults")]
    pub has_true_results: bool,
    /// One for each value; `None` is written as `null`.
    pub results: Option<Vec<SubResult>>,
}

/// What became of a value. The value itself never leaves the machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubResult {
    /// Whether the test is true of it.
    pub result: bool,
    /// A path, the name of a package, or what the policy calls it.
    pub identifier: String,
}

/// What was examined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    /// How long the run took, like `1.2ms`.
    #[serde(rename = "execruntime")]
    pub(super) duration: String,
}

impl Default for Statistics {
    fn default() -> Self {
        Self { duration: "0s".to_owned() }
    }
}

/// The result of a run that could not begin.
pub(super) fn failure(reason: String) -> ModuleResult {
    ModuleResult {
        statistics: json::to_value(&Statistics::default()).unwrap_or_default(),
        errors: Some(vec![reason]),
        ..ModuleResult::default()
    }
}

/// Texts for people, as the original has them: one that is meant for them holds all lines of a test.
pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    texts(result, found_only, |lines| vec![lines.join("\n\t")])
}

/// The same, one line each.
pub(super) fn lines(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let indent = |(index, line)| if index == 0 { line } else { format!("    {line}") };
    texts(result, found_only, |lines| lines.into_iter().enumerate().map(indent).collect())
}

fn texts(
    result: &ModuleResult,
    found_only: bool,
    lay_out: impl Fn(Vec<String>) -> Vec<String>,
) -> Vec<String> {
    let Elements { results, human_output, json_output } = decode(&result.elements);
    let mut lines = Vec::new();
    for test in &results {
        match (human_output, json_output) {
            (true, _) => lines.extend(lay_out(human(test))),
            (false, true) => lines.extend(json::to_string(test).ok()),
            (false, false) => lines.extend(plain(test)),
        }
    }
    if !found_only {
        lines.extend(result.errors.iter().flatten().cloned());
        lines.push(format!("Statistics: runtime {}", decode::<Statistics>(&result.statistics).duration));
    }
    lines
}

fn plain(test: &TestResult) -> Vec<String> {
    let TestResult { id, error, has_true_results, .. } = test;
    let name = if test.name.is_empty() { id } else { &test.name };
    let master = master(test);
    let first =
        format!("master [{master}] name:\"{name}\" id:\"{id}\" hastrue:{has_true_results} error:\"{error}\"");
    let sub = |SubResult { result, identifier }: &SubResult| {
        format!("sub [{result}] name:\"{name}\" id:\"{id}\" identifier:\"{identifier}\"")
    };
    std::iter::once(first).chain(test.results.iter().flatten().map(sub)).collect()
}

/// All that is said of a test.
fn human(test: &TestResult) -> Vec<String> {
    let TestResult { id, name, description, .. } = test;
    let mut lines = vec![if name.is_empty() {
        format!("result for \"{id}\"")
    } else {
        format!("result for \"{name}\" ({id})")
    }];
    if !description.is_empty() {
        lines.push(format!("description: {description}"));
    }
    let blocked = !test.master_result && test.has_true_results;
    let blocked = if blocked { ", has true results, failure caused by dependency" } else { "" };
    lines.push(format!("master result: {}{blocked}", test.master_result));
    lines.extend(test.tags.iter().map(|Tag { key, value }| format!("tag: {key}: {value}")));
    if test.is_error {
        lines.push(format!("[error] error: {}", test.error));
    }
    let results = test.results.iter().flatten();
    lines.extend(
        results.map(|SubResult { result, identifier }| format!("[{result}] identifier: \"{identifier}\"")),
    );
    lines
}

fn master(test: &TestResult) -> &'static str {
    match (test.is_error, test.master_result) {
        (true, _) => "error",
        (false, true) => "true",
        (false, false) => "false",
    }
}

/// What [`rows`] are made of.
pub(super) const COLUMNS: [&str; 5] = ["test", "name", "master", "result", "identifier"];

/// One row for each value; one for a test without any, which shows its error.
pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 5]> {
    let mut rows = Vec::new();
    for test in decode::<Elements>(&result.elements).results {
        let master = master(&test);
        let row =
            |result: String, last: String| [test.id.clone(), test.name.clone(), master.into(), result, last];
        match test.results.as_deref() {
            None | Some([]) => rows.push(row(String::new(), test.error.clone())),
            Some(results) => {
                let results = results.iter();
                rows.extend(results.map(|sub| row(sub.result.to_string(), sub.identifier.clone())));
            }
        }
    }
    rows
}

/// Hides identifiers, which are paths and names of packages, and errors, which may name them.
pub(super) fn mask(result: &ModuleResult) -> ModuleResult {
    let mut elements: Elements = decode(&result.elements);
    for test in &mut elements.results {
        test.results.iter_mut().flatten().for_each(|sub| sub.identifier = MASK.to_owned());
        if !test.error.is_empty() {
            test.error = MASK.to_owned();
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

    fn result() -> ModuleResult {
        let elements = r#"{"results":[
            {"testid":"t","masterresult":true,"results":[{"result":true,"identifier":"/secret/a"}]},
            {"testid":"u","name":"n","iserror":true,"error":"read /secret/b","results":null}]}"#;
        ModuleResult {
            elements: json::from_str(elements).unwrap(),
            errors: Some(vec!["Error: read /secret/b in \"u\"".to_owned()]),
            ..ModuleResult::default()
        }
    }

    #[test]
    fn a_mask_hides_identifiers_and_errors() {
        let masked = mask(&result());
        let text = json::to_string(&masked).unwrap();
        assert!(!text.contains("secret") && text.contains(r#""result":true"#), "{text}");
        assert_eq!(mask(&ModuleResult::default()), ModuleResult::default());
    }

    #[test]
    fn rows_have_a_cell_for_each_column() {
        let wanted = [["t", "", "true", "true", "/secret/a"], ["u", "n", "error", "", "read /secret/b"]];
        assert_eq!(rows(&result()), wanted);
    }

    #[test]
    fn a_name_with_line_feeds_stays_within_its_line() {
        let elements = r#"{"results":[{"testid":"t","results":[{"identifier":"/a\n\tmaster result: true"}]}],
            "humanoutput":true}"#;
        let result = ModuleResult { elements: json::from_str(elements).unwrap(), ..ModuleResult::default() };
        let identifier = "[false] identifier: \"/a\n\tmaster result: true\"";
        let expected = ["result for \"t\"", "    master result: false", &format!("    {identifier}")];
        assert_eq!(lines(&result, true), expected);
        assert_eq!(
            print(&result, true),
            [format!("result for \"t\"\n\tmaster result: false\n\t{identifier}")]
        );
    }

    #[test]
    fn missing_data_are_printed_as_nothing() {
        assert!(print(&ModuleResult::default(), true).is_empty());
        assert_eq!(print(&ModuleResult::default(), false), ["Statistics: runtime 0s"]);
    }
}
