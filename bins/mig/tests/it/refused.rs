//! Bad input: one clear line, exit code 2, and nothing done.

use crate::support::{Run, World};
use mig_core::{
    action::{Action, Operation},
    json,
    time::Time,
};
use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
    time::Duration,
};

fn action(parameters: &str) -> Action {
    let now = Time::now().whole_seconds();
    Action {
        name: "a question".into(),
        target: "all".into(),
        valid_from: now,
        expire_after: now.plus(Duration::from_secs(60)),
        operations: Some(vec![Operation {
            module: "file".into(),
            parameters: json::from_str(parameters).expect("JSON"),
            ..Operation::default()
        }]),
        signatures: Some(Vec::new()),
        syntax_version: 2,
        ..Action::default()
    }
}

fn good() -> Action {
    action(r#"{"searches":{"s":{"paths":["/etc"],"names":["x"]}}}"#)
}

fn saved(world: &World, action: &Action) -> PathBuf {
    let path = world.files().join("action.json");
    action.save(&path).expect("a file");
    path
}

fn launch(world: &World, path: &std::path::Path) -> Run {
    world.mig(&["-i", path.to_str().expect("text")])
}

#[test]
fn unknown_field_is_refused() {
    let world = World::new();
    let path = saved(&world, &action(r#"{"searches":{"s":{"paths":["/etc"],"nmes":["x"]}}}"#));
    launch(&world, &path).is_refused(&["action.json", "searches.s.nmes"]);
}

#[test]
fn expired_action_is_refused() {
    let world = World::new();
    let long_ago = Time::from_unix(1_500_000_000);
    let path = saved(&world, &Action { valid_from: long_ago, expire_after: long_ago, ..good() });
    let run = launch(&world, &path);
    assert!(run.code == 2 && run.out.is_empty() && run.talk.contains("in the past"), "{run:?}");
}

#[test]
fn unknown_signer_is_refused() {
    let (world, other) = (World::new(), World::new());
    let path = saved(&other, &good());
    let signed = other.mig(&["action", "sign", path.to_str().expect("text")]);
    assert_eq!(signed.code, 0, "{signed:?}");
    let file = world.files().join("signed.json");
    fs::write(&file, signed.out).expect("a file");
    let verified = world.mig(&["action", "verify", file.to_str().expect("text")]);
    assert!(
        verified.code == 1 && verified.out.is_empty() && verified.talk.contains("unknown key"),
        "{verified:?}"
    );
    let launched = launch(&world, &file);
    assert!(launched.code == 2 && launched.talk.contains("unknown key"), "{launched:?}");
}

#[test]
fn tampered_signature_is_refused() {
    let world = World::new();
    let path = saved(&world, &good());
    let signed = world.mig(&["action", "sign", path.to_str().expect("text")]);
    let changed = signed.out.replace("a question", "another question");
    fs::write(&path, changed).expect("a file");
    let launched = launch(&world, &path);
    assert!(launched.code == 2 && launched.talk.contains("does not fit"), "{launched:?}");
    assert!(!world.mig(&["actions"]).out.contains("another question"));
}

#[test]
fn wrong_passphrase_is_refused() {
    let world = World::new();
    let phrase = |text: &str| {
        world.file("phrase", text);
        world.files().join("phrase").to_str().expect("text").to_owned()
    };
    let made = world.mig(&["key", "new", "--passphrase-file", &phrase("right")]);
    assert_eq!(made.code, 0, "{made:?}");
    let fingerprint = made.out.trim();
    let files = world.files();
    let path = files.to_str().expect("text");
    let run = world.mig(&[
        "--key",
        fingerprint,
        "--passphrase-file",
        &phrase("wrong"),
        "file",
        "-path",
        path,
        "-name",
        "x",
    ]);
    assert!(run.code == 2 && run.out.is_empty() && run.talk.contains("passphrase"), "{run:?}");
}

#[test]
fn gzip_bomb_is_refused() {
    let world = World::new();
    // 40 MiB of spaces, compressed by a real compressor.
    let spaces = " ".repeat(40 << 20);
    let mut operation = Operation {
        module: "file".into(),
        parameters: spaces.into(),
        want_compressed: true,
        ..Operation::default()
    };
    operation.compress().expect("compressed");
    let path = saved(&world, &Action { operations: Some(vec![operation]), ..good() });
    let run = launch(&world, &path);
    assert!(run.code == 2 && run.out.is_empty() && run.talk.contains("larger than"), "{run:?}");
}

#[test]
fn action_of_100_mb_is_refused() {
    let world = World::new();
    let path = world.files().join("action.json");
    let mut file = fs::File::create(&path).expect("a file");
    file.write_all(b"{").expect("a byte");
    file.seek(SeekFrom::Start(100 << 20)).expect("a place");
    file.write_all(b"}").expect("a byte");
    launch(&world, &path).is_refused(&["action.json", "larger than"]);
}

#[test]
fn missing_action_file_is_refused() {
    let world = World::new();
    launch(&world, &world.files().join("nosuch.json")).is_refused(&["nosuch.json"]);
}

#[test]
fn state_directory_that_cannot_be_written_is_refused() {
    let world = World::new();
    // Root ignores permissions; nobody can make a folder in a file.
    world.file("state-file", "");
    let mut command = world.command(&["file", "-path", "/etc", "-name", "x"]);
    let place = world.files().join("state-file/state");
    command.env("MIG_HOME", &place);
    Run::of(command.output().expect("mig starts")).is_refused(&["state-file"]);
}

/// A small file system of its own, gone with this value.
#[cfg(target_os = "linux")]
struct Disk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl Disk {
    /// `None`, with the reason on standard error, where file systems can not be mounted.
    fn mount() -> Option<Self> {
        let place = tempfile::tempdir().expect("a folder");
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "mig-test"])
            .arg(place.path())
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(place)),
            failed => {
                writeln!(std::io::stderr(), "skipped: no file system can be mounted here: {failed:?}").ok();
                None
            }
        }
    }

    fn remount(&self, option: &str) {
        let status = std::process::Command::new("mount")
            .args(["-o", &format!("remount,{option}")])
            .arg(self.0.path())
            .status();
        assert!(status.expect("mount").success());
    }

    /// Runs the program with the state on this disk.
    fn mig(&self, world: &World, args: &[&str]) -> Run {
        let mut command = world.command(args);
        command.env("MIG_HOME", self.0.path().join("state"));
        Run::of(command.output().expect("mig starts"))
    }

    fn ask(&self, world: &World) -> Run {
        self.mig(world, &["file", "-path", "/etc", "-name", "^passwd$"])
    }
}

#[cfg(target_os = "linux")]
impl Drop for Disk {
    fn drop(&mut self) {
        // What stays mounted hurts nobody.
        std::process::Command::new("umount").arg(self.0.path()).status().ok();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn disk_full_is_refused_and_the_next_run_goes_on() {
    let (world, Some(disk)) = (World::new(), Disk::mount()) else { return };
    let filler = disk.0.path().join("filler");
    let mut file = fs::File::create(&filler).expect("a file");
    while file.write_all(&[0; 4096]).is_ok() {}
    disk.ask(&world).is_refused(&["state", "No space left"]);
    drop(file);
    fs::remove_file(filler).expect("room again");
    let run = disk.ask(&world);
    assert!(run.code == 0 && run.out.contains("/etc/passwd "), "{run:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn read_only_state_directory_can_be_read_but_asking_is_refused() {
    let (world, Some(disk)) = (World::new(), Disk::mount()) else { return };
    assert_eq!(disk.ask(&world).code, 0);
    disk.remount("ro");
    disk.ask(&world).is_refused(&["state", "ead-only"]);
    let actions = disk.mig(&world, &["actions"]);
    let id = actions.out.split(' ').next().expect("an id");
    let results = disk.mig(&world, &["results", id]);
    assert!(results.code == 0 && results.out.contains("/etc/passwd "), "{actions:?} {results:?}");
    assert!(disk.mig(&world, &["key", "list"]).out.contains("signs by default"));
    disk.mig(&world, &["key", "new"]).is_refused(&["ead-only"]);
    disk.remount("rw");
    assert_eq!(disk.ask(&world).code, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn read_only_directory_without_state_is_refused() {
    let (world, Some(disk)) = (World::new(), Disk::mount()) else { return };
    disk.remount("ro");
    disk.mig(&world, &["actions"]).is_refused(&["state", "ead-only"]);
}

#[test]
fn negative_limit_is_refused() {
    let world = World::new();
    for flag in ["-matchlimit", "-maxdepth", "-maxerrors"] {
        world.search(&[], &["-name", "x", flag, "-1"]).is_refused(&[flag, "-1"]);
        world.search(&["-t", "local"], &["-name", "x", flag, "-1"]).is_refused(&[flag, "-1"]);
    }
    world.mig(&["action", "new", "file", "-path", "/", "--maxdepth=-1"]).is_refused(&["-maxdepth"]);
    assert!(!world.path().join("state").exists());
}

#[test]
fn missing_key_file_is_refused() {
    let world = World::new();
    world
        .mig(&["--key-file", "/no/such/file", "file", "-path", "/etc", "-name", "x"])
        .is_refused(&["/no/such/file"]);
}

#[test]
fn an_image_is_refused_where_agents_are_asked() {
    let world = World::new();
    world.search(&["--root", "/"], &["-name", "x"]).is_refused(&["--root", "-t local"]);
    world.search(&["-t", "all", "--root", "/"], &["-name", "x"]).is_refused(&["--root", "-t local"]);
}

#[test]
fn a_flag_for_a_module_that_mig_takes_for_itself_is_refused_with_the_order_to_write() {
    let world = World::new();
    for (flag, value) in [("-p", "tcp"), ("-t", "3"), ("-c", "1")] {
        let run = world.mig(&["ping", flag, value, "-d", "127.0.0.1"]);
        run.is_refused(&[flag, "mig's own", &format!("`mig ping -d <host> {flag} {value}`")]);
    }
}

#[test]
fn a_module_that_changes_machines_is_not_launched_without_a_question() {
    let world = World::new();
    let operation = Operation {
        module: "agentdestroy".into(),
        parameters: json::from_str(r#"{"pid":4194304,"version":"1"}"#).expect("JSON"),
        ..Operation::default()
    };
    let path = saved(&world, &Action { operations: Some(vec![operation]), ..good() });
    launch(&world, &path).is_refused(&["agentdestroy: changes machines", "--yes"]);
    let run = world.mig(&["--yes", "-i", path.to_str().expect("text")]);
    assert!(run.code == 3 && run.talk.contains("PID '4194304'"), "{run:?}");
}
