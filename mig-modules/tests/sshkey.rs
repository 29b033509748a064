//! The sshkey module on trees of its own: images, homes, limits.
#![cfg(feature = "sshkey")]

mod common;

use common::session::TestSession;
use mig_core::{
    json::{self, Value},
    module::{Machine, Module, Outcome, Stop},
};
use mig_modules::sshkey::SshKeyModule;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::{fs, path::Path, sync::atomic::Ordering};
use tempfile::TempDir;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHQEbsdQLSA2RkWNULg4xbctvcx5nVl/3i+GRiFO4YD a\n";

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, content).expect("a file");
}

fn image() -> (TempDir, TestSession) {
    let root = tempfile::tempdir().expect("a directory");
    let session = TestSession::on(Machine::image(root.path()).expect("an image"));
    (root, session)
}

fn run(params: &str, session: &TestSession) -> Outcome {
    let params = json::from_str(params).expect("JSON");
    SshKeyModule.prepare(&params).expect("parameters").run(session).expect("an outcome")
}

fn paths(outcome: &Outcome) -> Vec<String> {
    let keys = outcome.elements.get("keys").and_then(Value::as_list).unwrap_or_default();
    keys.iter().filter_map(|key| Some(with_slashes(key.get("path")?.as_str()?))).collect()
}

fn errors(session: &TestSession) -> Vec<String> {
    session.errors.lock().expect("no panic elsewhere").iter().map(|error| with_slashes(error)).collect()
}

/// Paths as Unix writes them.
fn with_slashes(text: &str) -> String {
    if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() }
}

#[cfg(unix)]
#[test]
fn the_homes_of_an_image_are_searched_also_behind_links() {
    let (root, session) = image();
    write(root.path(), "var/roothome/.ssh/authorized_keys", KEY);
    write(root.path(), "srv/key.pub", KEY);
    symlink("var/roothome", root.path().join("root")).expect("a link");
    assert_eq!(paths(&run("{}", &session)), ["/var/roothome/.ssh/authorized_keys"]);
    assert!(errors(&session).is_empty(), "no /home is no error");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_key_of_the_host_is_not_followed() {
    let (root, session) = image();
    let host = tempfile::tempdir().expect("a directory");
    write(host.path(), "id.pub", KEY);
    fs::create_dir(root.path().join("root")).expect("a directory");
    symlink(host.path().join("id.pub"), root.path().join("root/id.pub")).expect("a link");
    assert!(!run("{}", &session).found);
    assert!(errors(&session)[0].contains("followSymLink"), "{:?}", errors(&session));
}

#[test]
fn keys_of_all_kinds_are_found_wherever_they_stand_in_a_line() {
    let (root, session) = image();
    write(root.path(), "k/authorized_keys", format!("# me\nno-pty {KEY}\ngarbage\n"));
    write(root.path(), "k/known_hosts", format!("host {KEY}"));
    write(root.path(), "k/large.pub", [KEY.as_bytes(), &vec![b'\n'; 1 << 20]].concat());
    write(root.path(), "k/text", "about ssh-ed25519 keys\n");
    assert_eq!(paths(&run(r#"{"paths":["/k"]}"#, &session)), ["/k/authorized_keys", "/k/known_hosts"]);
    assert_eq!(errors(&session), ["/k/authorized_keys contained unparsable data"]);
}

#[test]
fn no_key_is_null_and_a_path_that_is_missing_an_error() {
    let (_root, session) = image();
    let outcome = run(r#"{"paths":["/none"]}"#, &session);
    assert!(!outcome.found && outcome.elements.get("keys") == Some(&Value::Null));
    let errors = errors(&session);
    assert!(errors.len() == 1 && errors[0].starts_with("ERROR: open /none: "), "{errors:?}");
    let params = json::from_str(r#"{"paths":["/none"]}"#).expect("JSON");
    let prepared = SshKeyModule.prepare(&params).expect("parameters");
    let refused = prepared.check_here(&Machine::Running).expect_err("a path that is not there");
    assert!(with_slashes(&refused.reason).starts_with("cannot look into '/none'"), "{refused}");
}

#[cfg(unix)]
#[test]
fn what_can_not_be_read_is_told() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    let (root, session) = image();
    write(root.path(), "k/id.pub", KEY);
    fs::set_permissions(root.path().join("k/id.pub"), fs::Permissions::from_mode(0o000)).expect("a mode");
    assert!(!run(r#"{"paths":["/k"]}"#, &session).found);
    assert!(errors(&session)[0].contains("/k/id.pub: permission denied"), "{:?}", errors(&session));
}

#[test]
fn a_stop_is_obeyed() {
    let (root, session) = image();
    write(root.path(), "k/id.pub", KEY);
    session.cancelled.store(true, Ordering::Relaxed);
    assert_eq!(run(r#"{"paths":["/k"]}"#, &session).stopped, Some(Stop::Cancelled));
}
