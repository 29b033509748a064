//! Policies on real files: images, links, what can not be read, chains, and limits.
#![cfg(feature = "scribe")]
#![allow(clippy::unwrap_used, reason = "helpers of tests, which may panic")]

#[cfg(unix)]
#[path = "scribe/unix.rs"]
mod unix;

use mig_core::{
    json,
    module::{Module, Session, Stop},
    testing::TestSession,
};
use mig_modules::scribe::{self, InstalledPackage, Packages, Policy, ScribeModule, TestResult};
use std::fs;
use tempfile::TempDir;

#[derive(Debug)]
struct NoPackages;

impl Packages for NoPackages {
    fn installed(&self, _session: &dyn Session) -> Result<Vec<InstalledPackage>, Stop> {
        Ok(Vec::new())
    }
}

#[derive(Debug)]
struct SomePackages(&'static [(&'static str, &'static str)]);

impl Packages for SomePackages {
    fn installed(&self, _session: &dyn Session) -> Result<Vec<InstalledPackage>, Stop> {
        let package = |(name, version): &(&str, &str)| InstalledPackage {
            name: (*name).into(),
            version: (*version).into(),
        };
        Ok(self.0.iter().map(package).collect())
    }
}

fn policy(text: &str) -> Policy {
    Policy::new(scribe::parse_document(text.as_bytes()).unwrap()).unwrap()
}

fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// Sub-results as `identifier:result`, or the error.
fn outcome(test: &TestResult) -> Vec<String> {
    if test.is_error {
        return vec![format!("error: {}", test.error)];
    }
    let results = test.results.iter().flatten();
    results.map(|sub| format!("{}:{}", with_slashes(&sub.identifier), sub.result)).collect()
}

/// A path as Unix writes it, which every system reads.
fn with_slashes(text: &str) -> String {
    if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() }
}

/// The path of a tree as policies and results have it.
fn place(root: &TempDir) -> String {
    let path = root.path().canonicalize().unwrap();
    with_slashes(path.to_str().unwrap().trim_start_matches(r"\\?\"))
}

fn outcomes(text: &str, session: &dyn Session) -> Vec<Vec<String>> {
    policy(text).evaluate(&NoPackages, session).unwrap().iter().map(outcome).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_can_not_be_read_has_no_value_and_is_named() {
    let session = TestSession::new();
    let found = outcomes(
        r#"{"objects":[{"object":"a","hasline":{"path":"/proc/self/mem","file":"mem","expression":"x"}}],
            "tests":[{"test":"a","object":"a"}]}"#,
        &session,
    );
    assert_eq!(found, [Vec::<String>::new()], "neither true nor false");
    let errors = session.soft_errors();
    assert!(errors.len() == 1 && errors[0].contains("/proc/self/mem"), "{errors:?}");
}

#[test]
fn long_lines_are_whole() {
    let long = format!("{}needle=7{}\n", "x".repeat(300_000), "y".repeat(300_000));
    let root = tree(&[("f", &long)]);
    let text = format!(
        r#"{{"objects":[{{"object":"a","filecontent":{{"path":"{}","file":"f","expression":"^x+needle=(.)y+$"}}}}],
            "tests":[{{"test":"a","object":"a","exactmatch":{{"value":"7"}}}}]}}"#,
        place(&root)
    );
    assert_eq!(outcomes(&text, &TestSession::new()), [[format!("{}/f:true", place(&root))]]);
}

#[test]
fn chains_join_what_lies_beside_a_file_and_may_not_go_in_circles() {
    let root = tree(&[("a/main", "major=1\n"), ("a/minor", "minor=5\n"), ("b/main", "major=2\n")]);
    let place = place(&root);
    let found = outcomes(
        &format!(
            r#"{{"objects":[
                {{"object":"top","filecontent":{{"path":"{place}","file":"^main$","expression":"major=(.)",
                    "concat":".","import-chain":["minor"]}}}},
                {{"object":"minor","filecontent":{{"path":"${{chain_root}}","file":"^minor$","expression":"minor=(.)"}}}},
                {{"object":"circle","filecontent":{{"path":"{place}","file":"^main$","expression":"major=(.)",
                    "import-chain":["other"]}}}},
                {{"object":"other","filecontent":{{"path":"${{chain_root}}","file":"^minor$","expression":"minor=(.)",
                    "import-chain":["circle"]}}}},
                {{"object":"failing","filecontent":{{"path":"{place}","file":"^main$","expression":"major=(.)",
                    "import-chain":["broken"]}}}},
                {{"object":"broken","filename":{{"path":"/x","file":"("}}}}],
            "tests":[
                {{"test":"a","object":"top","exactmatch":{{"value":"1.5"}}}},
                {{"test":"b","object":"top","exactmatch":{{"value":"2"}}}},
                {{"test":"c","object":"circle"}},
                {{"test":"d","object":"failing"}}]}}"#
        ),
        &TestSession::new(),
    );
    let (a, b) = (format!("{place}/a/main"), format!("{place}/b/main"));
    assert_eq!(found[0], [format!("{a}:true"), format!("{b}:false")]);
    assert_eq!(found[1], [format!("{a}:false"), format!("{b}:true")]);
    assert!(found[2][0].starts_with("error: import-chain leads in a circle"), "{:?}", found[2]);
    assert_eq!(found[3], ["error: result in file module call was missing"]);
}

#[test]
fn only_the_newest_of_packages_counts_where_it_is_wanted() {
    let packages =
        SomePackages(&[("kernel", "2.6-71"), ("kernel", "2.6-573.8"), ("kernel", "2.6-504"), ("bash", "5")]);
    let policy = policy(
        r#"{"variables":[{"key":"k","value":"kernel"}],"objects":[
            {"object":"all","package":{"name":"${k}"}},
            {"object":"new","package":{"name":"kernel","onlynewest":true}},
            {"object":"none","package":{"name":"zsh","onlynewest":true}}],
        "tests":[
            {"test":"a","object":"all","evr":{"operation":"<","value":"2.6-573"}},
            {"test":"b","object":"new","evr":{"operation":"<","value":"2.6-573"}},
            {"test":"c","object":"none"}]}"#,
    );
    let results = policy.evaluate(&packages, &TestSession::new()).unwrap();
    let found: Vec<_> = results.iter().map(outcome).collect();
    assert_eq!(found[0], ["kernel:true", "kernel:false", "kernel:true"]);
    assert_eq!(found[1], ["kernel:false"]);
    assert!(found[2].is_empty());
}

#[test]
fn dependencies_go_deep_and_circles_end_as_false() {
    let raw = r#"{"object":"r","raw":{"identifiers":[{"identifier":"i","value":"1"}]}}"#;
    let deep: Vec<String> = (0..20_000)
        .map(|test| match test {
            19_999 => format!(r#"{{"test":"{test}","object":"r"}}"#),
            _ => format!(r#"{{"test":"{test}","object":"r","if":["{}"]}}"#, test + 1),
        })
        .collect();
    let text = format!(r#"{{"objects":[{raw}],"tests":[{}]}}"#, deep.join(","));
    let results = policy(&text).evaluate(&NoPackages, &TestSession::new()).unwrap();
    assert!(results.len() == 20_000 && results.iter().all(|test| test.master_result));
    let circle = format!(
        r#"{{"objects":[{raw}],"tests":[{{"test":"a","object":"r","if":["b"]}},{{"test":"b","object":"r","if":["a"]}}]}}"#
    );
    let results = policy(&circle).evaluate(&NoPackages, &TestSession::new()).unwrap();
    assert!(results.iter().all(|test| !test.master_result && test.has_true_results && !test.is_error));
}

#[test]
fn more_values_than_fit_are_an_error_of_the_object() {
    let root = tree(&[("f", &"x\n".repeat(1_100_000))]);
    let text = format!(
        r#"{{"objects":[{{"object":"a","filecontent":{{"path":"{}","file":"f","expression":"(x)"}}}},
                {{"object":"b","raw":{{"identifiers":[{{"identifier":"i","value":"v"}}]}}}}],
            "tests":[{{"test":"a","object":"a"}},{{"test":"b","object":"b"}}]}}"#,
        place(&root)
    );
    let found = outcomes(&text, &TestSession::new());
    assert!(found[0][0].starts_with("error: all values take more than"), "{}", found[0][0]);
    assert_eq!(found[1], ["i:true"]);
}

#[test]
fn what_can_only_become_an_error_is_a_remark_with_its_place() {
    let text = r#"{"scribedoc":{"objects":[{"object":"x","filename":{"path":"/x","file":"("}}],
        "tests":[{"test":"t","object":"y","evr":{"operation":"~","value":"1"}}]}}"#;
    let params = json::from_str(text).unwrap();
    let remarks = ScribeModule.remarks(&params, &ScribeModule.failure("failed".into()));
    assert_eq!(
        remarks,
        [
            "failed",
            "object 'x', filename.file '(': error parsing regexp: missing closing ): `(`",
            "test 't', object 'y': unknown object \"y\"",
            "test 't', evr.operation '~': invalid evr operation ~",
        ]
    );
}

#[test]
fn an_expression_is_looked_for_below_a_path_that_is_a_file() {
    let root = tree(&[("deep/file.conf", "a=1\n")]);
    let file = format!("{}/deep/file.conf", place(&root));
    let text = format!(
        r#"{{"objects":[{{"object":"a","filecontent":{{"path":"{}","file":"conf$","expression":"a=(1)"}}}}],
            "tests":[{{"test":"a","object":"a"}}]}}"#,
        file
    );
    assert_eq!(outcomes(&text, &TestSession::new()), [[format!("{file}:true")]]);
}

#[cfg(not(target_os = "linux"))]
#[test]
fn packages_that_the_system_can_not_tell_are_an_error_of_the_object() {
    let parameters = r#"{"scribedoc":{"objects":[{"object":"p","package":{"name":"x"}}],
        "tests":[{"test":"t","object":"p","evr":{"operation":"<","value":"1"}}]}}"#;
    let run = ScribeModule.prepare(&json::from_str(parameters).unwrap()).unwrap();
    let outcome = json::to_string(&run.run(&TestSession::new()).unwrap().elements).unwrap();
    assert!(outcome.contains("listing the packages of the system is not supported on "), "{outcome}");
}
