//! The program from outside: messages on standard input, actions in files.
#![allow(clippy::unwrap_used, reason = "helpers of tests, which may panic")]

use mig_core::{
    acl::Acl,
    action::{Action, Operation},
    command::ModuleResult,
    json,
    sign::{KeyAlgorithm, SecretKey, Signer},
    time::Time,
};
use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;

fn agent(args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mig-agent"));
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input is no fault of the test.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

/// Runs the file module on a message; it always answers with a result, and exits with 0.
fn answer(input: &str) -> ModuleResult {
    let output = agent(&["-m", "file"], input);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!output.stdout.ends_with(b"\n"), "a result has no line feed");
    json::from_slice(&output.stdout).unwrap()
}

fn fails_with(input: &str, reason: &str) {
    let result = answer(input);
    let errors = result.errors.unwrap_or_default();
    assert!(!result.success && errors.last().is_some_and(|last| last.contains(reason)), "{errors:?}");
}

fn search(field: &str) -> String {
    format!(r#"{{"class":"parameters","parameters":{{"searches":{{"s":{{"paths":["/etc"],{field}}}}}}}}}"#)
}

#[test]
fn a_message_is_answered_with_a_result() {
    let result = answer(&search(r#""names":["^passwd$"],"options":{"matchall":true}"#));
    assert!(result.success && result.found_anything, "{result:?}");
}

#[test]
fn results_are_printed_for_people() {
    let output = agent(&["-m", "file", "-p"], &search(r#""names":["^passwd$"]"#));
    assert!(String::from_utf8(output.stdout).unwrap().contains("/etc/passwd ["));
}

#[test]
fn malformed_json_is_a_failed_result() {
    fails_with("{\"class\":", "ReadInputParameters() -> ReadInput() -> ");
    fails_with("", "ReadInputParameters() -> ReadInput() -> EOF");
}

#[test]
fn an_unknown_module_is_named() {
    let output = agent(&["-m", "nosuch"], "");
    assert_eq!(output.stdout, br#"{"errors": ["module 'nosuch' is not available"]}"#);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_unknown_field_is_ignored_as_in_the_original() {
    assert!(answer(&search(r#""names":["^passwd$"],"nosuch":1"#)).success);
}

#[test]
fn an_invalid_regex_size_mode_mtime_or_digest_is_a_failed_result() {
    fails_with(&search(r#""names":["("]"#), "Invalid regexp '('");
    fails_with(&search(r#""sizes":["1x"]"#), "Invalid size format for size '1x'");
    fails_with(&search(r#""modes":["["]"#), "Invalid regexp '['");
    fails_with(&search(r#""mtimes":["soon"]"#), "Invalid mtime format for mtime 'soon'");
    fails_with(&search(r#""sha2":["abc"]"#), "Invalid checksum format for hash 'ABC'");
}

#[test]
fn a_missing_path_is_a_soft_error() {
    let result = answer(
        r#"{"class":"parameters","parameters":{"searches":{"s":{"paths":["/no/such"],"names":["x"]}}}}"#,
    );
    assert!(result.success && result.errors.unwrap().concat().contains("open /no/such"));
}

/// An image with a file of its own, and a link to one of the machine that the test runs on.
fn image() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("etc")).unwrap();
    fs::write(root.path().join("etc/of-the-image"), "root:").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", root.path().join("etc/evil")).unwrap();
    root
}

#[test]
fn an_image_is_searched_below_its_root_and_not_left() {
    let root = image();
    let message = search(r#""contents":["root:"]"#);
    let output = agent(&["-m", "file", "--root", root.path().to_str().unwrap(), "-p"], &message);
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with('/')).collect();
    assert!(found.len() == 1 && found[0].starts_with("/etc/of-the-image ["), "{text}");
    assert!(text.contains("lstat /etc/passwd: no such file"), "{text}");
}

#[test]
fn a_root_that_is_not_there_is_named() {
    let output = agent(&["-m", "file", "--root", "/no/such/root"], &search(r#""names":["x"]"#));
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() != Some(0) && talk.contains("/no/such/root"), "{talk}");
}

/// Keys, access control and an action in files.
struct Files {
    place: TempDir,
    key: SecretKey,
}

impl Files {
    fn new() -> Self {
        let (place, key) =
            (tempfile::tempdir().unwrap(), SecretKey::generate("Ann", KeyAlgorithm::Ed25519, None).unwrap());
        fs::create_dir(place.path().join("keys")).unwrap();
        fs::write(place.path().join("keys/ann.asc"), key.public_armored().unwrap()).unwrap();
        let acl = json::to_string(&Acl::allowing(&[("Ann", key.fingerprint())])).unwrap();
        fs::write(place.path().join("acl.cfg"), acl).unwrap();
        Self { place, key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn action(&self) -> Action {
        let parameters =
            r#"{"searches":{"s":{"paths":["/etc"],"names":["^passwd$"],"options":{"matchall":true}}}}"#;
        let now = Time::now().whole_seconds();
        Action {
            name: "a question".into(),
            target: "all".into(),
            valid_from: now.minus(Duration::from_secs(60)),
            expire_after: now.plus(Duration::from_secs(600)),
            operations: Some(vec![Operation {
                module: "file".into(),
                parameters: json::from_str(parameters).unwrap(),
                ..Operation::default()
            }]),
            syntax_version: 2,
            ..Action::default()
        }
    }

    fn signed(&self, mut action: Action, key: &SecretKey) -> Action {
        action.signatures = Some(vec![key.sign(action.signing_string().unwrap().as_bytes()).unwrap()]);
        action
    }

    fn run(&self, action: &Action, more: &[&str]) -> (i32, String, String) {
        let file = self.path("action.json");
        action.save(&file).unwrap();
        let (keys, acl) = (self.path("keys"), self.path("acl.cfg"));
        let args = [file.to_str(), keys.to_str(), acl.to_str()].map(Option::unwrap);
        let output = agent(&[&["-i", args[0], "--keyring", args[1], "--acl", args[2]], more].concat(), "");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn refuses(&self, action: &Action, reason: &str) {
        let (code, out, talk) = self.run(action, &[]);
        assert!(code == 2 && out.is_empty() && talk.lines().count() == 1, "{code} {out} {talk}");
        assert!(talk.contains("action.json") && talk.contains(reason), "{talk}");
    }
}

#[test]
fn a_signed_action_of_a_permitted_key_runs() {
    let files = Files::new();
    let (code, out, talk) = files.run(&files.signed(files.action(), &files.key), &[]);
    let results: Vec<ModuleResult> = json::from_str(&out).unwrap();
    assert!(
        code == 0 && results.len() == 1 && results.iter().all(|result| result.found_anything),
        "{out} {talk}"
    );
}

#[test]
fn an_unknown_signer_is_refused() {
    let files = Files::new();
    let eve = SecretKey::generate("Eve", KeyAlgorithm::Ed25519, None).unwrap();
    files.refuses(&files.signed(files.action(), &eve), "unknown key");
}

#[test]
fn a_tampered_signature_is_refused() {
    let files = Files::new();
    let mut action = files.signed(files.action(), &files.key);
    action.name.push('!');
    files.refuses(&action, "does not fit");
}

#[test]
fn an_expired_action_is_refused() {
    let files = Files::new();
    let long_ago = Time::from_unix(1_500_000_000);
    let action = Action { valid_from: long_ago, expire_after: long_ago, ..files.action() };
    files.refuses(&files.signed(action, &files.key), "in the past");
}

#[test]
fn an_action_for_another_machine_is_refused() {
    let files = Files::new();
    let action = Action { target: "name = 'another'".into(), ..files.action() };
    files.refuses(&files.signed(action, &files.key), "not meant for this agent");
}

#[test]
fn a_target_syntax_error_is_refused() {
    let files = Files::new();
    let action = Action { target: "nme = 'x'".into(), ..files.action() };
    files.refuses(&files.signed(action, &files.key), "character 1");
}

#[test]
fn an_unsigned_action_runs_only_the_way_of_the_original() {
    let files = Files::new();
    files.refuses(&files.action(), "pgpsignatures is empty");
    let (code, out, _) = files.run(&files.action(), &["--unverified"]);
    assert!(code == 0 && out.contains("/etc/passwd"), "{out}");
}

#[test]
fn file_names_can_not_forge_lines_of_the_answer() {
    let world = tempfile::tempdir().unwrap();
    fs::write(world.path().join("x\u{1b}[2Jy\nforged line"), "").unwrap();
    let path = world.path().display();
    let question = format!(
        r#"{{"class":"parameters","parameters":{{"searches":{{"s":{{"paths":["{path}"],"names":["."]}}}}}}}}"#
    );
    let output = agent(&["-m", "file", "-p"], &question);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(r"x\x1b[2Jy\nforged line"), "{text}");
}

#[test]
fn a_wrong_option_is_refused_in_one_line() {
    let output = agent(&["--nosuch"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && text.lines().count() == 1, "{text}");
    assert!(text.starts_with("mig-agent: ") && text.contains("--nosuch"), "{text}");
}

#[test]
fn flags_have_one_dash_or_two() {
    for args in [&["--m", "file", "--p"][..], &["-m", "file", "-p"], &["--m=file", "-p"]] {
        let output = agent(args, &search(r#""names":["^passwd$"]"#));
        assert!(String::from_utf8(output.stdout).unwrap().contains("/etc/passwd ["));
    }
    let talk = String::from_utf8(agent(&["--i", "/no/such", "-keyring", "k", "-acl=a"], "").stderr).unwrap();
    assert!(talk.starts_with("mig-agent: ") && talk.contains("/no/such"), "{talk}");
}

#[test]
fn without_a_mode_it_is_the_agent_and_needs_a_configuration() {
    let output = agent(&["-c", "/no/such/mig-agent.cfg"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.starts_with("mig-agent: cannot read the configuration /no/such/mig-agent.cfg: "), "{text}");
    let help = String::from_utf8(agent(&["-h"], "").stdout).unwrap();
    assert!(help.contains("Usage") && help.contains("--keyring"), "{help}");
}

#[test]
fn whoever_stops_reading_is_no_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mig-agent"));
    command.args(["-m", "file"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(search(r#""names":["^passwd$"]"#).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_missing_action_is_named_with_one_cause() {
    let output = agent(&["-i", "/no/such/action.json"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.matches("No such file").count(), 1, "{text}");
}
