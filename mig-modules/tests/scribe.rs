//! Policies on real files: images, links, what can not be read, chains, and limits.
#![cfg(feature = "scribe")]
#![allow(clippy::unwrap_used, reason = "helpers of tests, which may panic")]

use mig_core::{
    json,
    module::{Machine, Module, Session, Stop},
    testing::TestSession,
};
use mig_modules::scribe::{self, InstalledPackage, Packages, Policy, ScribeModule, TestResult};
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::{
    fs,
    num::NonZeroUsize,
    time::{Duration, Instant, SystemTime},
};
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

/// A test session that looks at an image.
#[derive(Debug)]
struct OnImage(TestSession, Machine);

impl Session for OnImage {
    fn checkpoint(&self) -> Result<(), Stop> {
        self.0.checkpoint()
    }

    fn count(&self, results: u64) -> Result<(), Stop> {
        self.0.count(results)
    }

    fn soft_error(&self, error: String) {
        self.0.soft_error(error);
    }

    fn threads(&self) -> NonZeroUsize {
        Session::threads(&self.0)
    }

    fn started(&self) -> SystemTime {
        Session::started(&self.0)
    }

    fn machine(&self) -> &Machine {
        &self.1
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

#[cfg(unix)]
#[test]
fn links_of_an_image_lead_where_they_would_on_the_machine() {
    let root = tree(&[("opt/real/app.conf", "version=1.5\n"), ("etc/own.conf", "version=2.0\n")]);
    let outside = tree(&[("app.conf", "version=9.9\n")]);
    symlink("/opt/real/app.conf", root.path().join("etc/absolute.conf")).unwrap();
    symlink(outside.path().join("app.conf"), root.path().join("etc/outside.conf")).unwrap();
    symlink("/opt/real", root.path().join("etc/directory")).unwrap();
    let session = OnImage(TestSession::new(), Machine::image(root.path()).unwrap());
    let found = outcomes(
        r#"{"objects":[
            {"object":"content","filecontent":{"path":"/etc","file":"\\.conf$","expression":"^version=(.*)"}},
            {"object":"line","hasline":{"path":"/etc","file":"\\.conf$","expression":"=1"}},
            {"object":"name","filename":{"path":"/etc","file":"^(.*)\\.conf$"}},
            {"object":"link","filename":{"path":"/etc/directory","file":"(.*)"}},
            {"object":"file","filecontent":{"path":"/etc/absolute.conf","file":"conf","expression":"(=.*)"}}],
        "tests":[
            {"test":"content","object":"content","evr":{"operation":"<","value":"1.9"}},
            {"test":"line","object":"line","exactmatch":{"value":"true"}},
            {"test":"name","object":"name","regexp":{"value":"abs"}},
            {"test":"link","object":"link"},
            {"test":"file","object":"file"}]}"#,
        &session,
    );
    assert_eq!(
        found,
        [
            vec!["/etc/absolute.conf:true", "/etc/own.conf:false"],
            vec!["/etc/absolute.conf:true", "/etc/own.conf:false"],
            vec!["/etc/absolute.conf:true", "/etc/own.conf:false"],
            vec![],
            vec!["/opt/real/app.conf:true"],
        ]
    );
    let errors = session.0.soft_errors();
    assert_eq!(errors, ["warning: /etc/directory is a link to /opt/real and was not followed"]);
}

#[cfg(unix)]
#[test]
fn links_to_files_are_followed_and_those_to_directories_are_named() {
    let root = tree(&[("real/v.conf", "version=1\n"), ("links/own.conf", "")]);
    symlink("../real/v.conf", root.path().join("links/v")).unwrap();
    symlink("../real", root.path().join("links/inner")).unwrap();
    symlink("nowhere", root.path().join("links/dangling")).unwrap();
    symlink("real", root.path().join("to_real")).unwrap();
    let session = TestSession::new();
    let place = place(&root);
    let found = outcomes(
        &format!(
            r#"{{"objects":[
                {{"object":"a","filecontent":{{"path":"{place}/links","file":".","expression":"version=(.)"}}}},
                {{"object":"b","filecontent":{{"path":"{place}/to_real","file":".","expression":"version=(.)"}}}},
                {{"object":"c","filecontent":{{"path":"{place}/missing","file":".","expression":"(.)"}}}}],
            "tests":[{{"test":"a","object":"a"}},{{"test":"b","object":"b"}},{{"test":"c","object":"c"}}]}}"#
        ),
        &session,
    );
    assert_eq!(found, [vec![format!("{place}/links/v:true")], vec![], vec![]]);
    let wanted = format!("warning: {place}/to_real is a link to {place}/real and was not followed");
    assert_eq!(session.soft_errors(), [wanted], "what is missing hides nothing");
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

#[cfg(unix)]
#[test]
fn a_stop_ends_the_run_without_half_an_answer() {
    let text = r#"{"objects":[{"object":"a","hasline":{"path":"/usr","file":".","expression":"x"}}],
        "tests":[{"test":"a","object":"a"}]}"#;
    let session = TestSession::new().stop_after(50, Stop::Cancelled);
    let begin = Instant::now();
    assert_eq!(policy(text).evaluate(&NoPackages, &session).unwrap_err(), Stop::Cancelled);
    assert!(begin.elapsed() < Duration::from_secs(2));
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
