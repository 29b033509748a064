//! The pkg module against the tools of this machine, and on images with advisories.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests, which may panic")]

mod common;

use common::session::TestSession;
use mig_core::{
    agent::{Budget, RunSession, worker},
    command::ModuleResult,
    json::{self, Value},
    module::{Machine, Module, Session, Stop},
};
use mig_modules::{pkg::PkgModule, version::Scheme};
use std::{cmp::Ordering, collections::BTreeMap, fs, path::Path, process::Command};
use tempfile::TempDir;

fn ask(machine: Machine, parameters: &str) -> ModuleResult {
    let session = RunSession::new(Budget::default()).on(machine);
    worker::run_in_session(&PkgModule, &json::from_str(parameters).unwrap(), session).0
}

fn image(tree: &[(&str, &str)]) -> (TempDir, Machine) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in tree {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let machine = Machine::image(root.path()).unwrap();
    (root, machine)
}

/// `name version type` of what was found, in order.
fn found(result: &ModuleResult) -> Vec<String> {
    let packages = result.elements.get("packages").and_then(Value::as_list).unwrap_or_default();
    let text =
        |package: &Value, field| package.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut found: Vec<String> = packages
        .iter()
        .map(|package| [text(package, "name"), text(package, "version"), text(package, "type")].join(" "))
        .collect();
    found.sort();
    found
}

/// `advisory package fixed` of what applies, in order.
fn applying(result: &ModuleResult) -> Vec<String> {
    let advisories = result.elements.get("advisories").and_then(Value::as_list).unwrap_or_default();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("-").to_owned();
    let mut applying: Vec<String> = advisories
        .iter()
        .map(|advisory| {
            let name = advisory.get("package").and_then(|package| package.get("name"));
            [text(advisory.get("id")), text(name), text(advisory.get("fixed"))].join(" ")
        })
        .collect();
    applying.sort();
    applying
}

/// What dpkg itself lists; `None` where it is not installed.
fn listed_by_dpkg() -> Option<Vec<String>> {
    let format = "${db:Status-Status}\t${binary:Package} ${Version} dpkg\n";
    let output = Command::new("dpkg-query").args(["-W", "-f", format]).output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    let installed = ["installed", "triggers-pending", "triggers-awaited"];
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    let mut listed: Vec<String> =
        lines.filter(|(state, _)| installed.contains(state)).map(|(_, line)| line.to_owned()).collect();
    listed.sort();
    Some(listed)
}

#[test]
#[allow(clippy::print_stderr, reason = "says why nothing was tested")]
fn this_machine_has_what_dpkg_lists() {
    let Some(listed) = listed_by_dpkg() else {
        eprintln!("skipped: no dpkg-query");
        return;
    };
    let result = ask(Machine::Running, r#"{"pkgmatch":{"matches":[""]}}"#);
    let mut found = found(&result);
    found.retain(|package| package.ends_with(" dpkg"));
    assert!(found.len() > 50, "{}", found.len());
    assert_eq!(found, listed);
}

#[test]
#[allow(clippy::print_stderr, reason = "says why nothing was tested")]
fn versions_are_ordered_as_dpkg_orders_them() {
    if Command::new("dpkg").arg("--version").output().is_err() {
        eprintln!("skipped: no dpkg");
        return;
    }
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    let parts =
        ["0", "1", "2", "10", "09", ".", "~", "+", "a", "b", "rc", "-", "-", ":", "deb12u1", "ubuntu"];
    let mut version = || {
        let parts: String = (0..next(6)).map(|_| parts[next(parts.len())]).collect();
        format!("{}{parts}", next(3))
    };
    for _ in 0..500 {
        let (left, right) = (version(), version());
        let asked = |operator| {
            let output =
                Command::new("dpkg").args(["--compare-versions", &left, operator, &right]).output().unwrap();
            (output.status.code() == Some(0), output.status.code() == Some(2) || !output.stderr.is_empty())
        };
        let ((is_less, is_bad), (is_equal, _)) = (asked("lt"), asked("eq"));
        match Scheme::Dpkg.compare(&left, &right) {
            Ok(order) => {
                assert_eq!(is_less, order == Ordering::Less, "{left} lt {right}");
                assert_eq!(is_equal, order == Ordering::Equal, "{left} eq {right}");
            }
            Err(error) => assert!(is_bad, "{left} and {right}: {error}"),
        }
    }
}

const DEBIAN: &[(&str, &str)] = &[
    ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
    (
        "var/lib/dpkg/status",
        "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nSource: openssl\nVersion: 3.0.9-1\n\n\
         Package: openssl\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 3.0.11-1~deb12u2\n\n\
         Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2+b2\n\n",
    ),
];

fn advisory(id: &str, ecosystem: &str, name: &str, events: &str) -> String {
    format!(
        r#"{{"id":"{id}","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},
        "ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]}}]}}"#
    )
}

#[test]
fn an_advisory_about_a_source_applies_to_what_was_built_from_it() {
    let (_root, machine) = image(DEBIAN);
    let fixed = r#"{"introduced":"0"},{"fixed":"3.0.11-1~deb12u2"}"#;
    let advisories = [
        advisory("DSA-1", "Debian:12", "openssl", fixed),
        advisory("DSA-2", "Debian:11", "openssl", fixed),
        advisory("USN-1", "Ubuntu:22.04:LTS", "openssl", fixed),
        advisory("DSA-3", "Debian:12", "bash", r#"{"introduced":"0"}"#),
        advisory("DSA-4", "Debian:12", "libssl3", fixed),
    ]
    .join(",");
    let result = ask(machine.clone(), &format!(r#"{{"osv":[{advisories}]}}"#));
    assert_eq!((result.errors.as_deref(), result.found_anything), (None, true));
    assert_eq!(applying(&result), ["DSA-1 libssl3:amd64 3.0.11-1~deb12u2", "DSA-3 bash -"]);
    assert_eq!(found(&result), ["bash 5.2.15-2+b2 dpkg", "libssl3:amd64 3.0.9-1 dpkg"]);
    let named = format!(r#"{{"pkgmatch":{{"matches":["^openssl"]}},"osv":[{advisories}]}}"#);
    let result = ask(machine, &named);
    assert_eq!((applying(&result).len(), found(&result).len(), result.found_anything), (0, 0, false));
}

#[test]
fn what_can_not_be_judged_is_an_error_and_no_silent_no() {
    let (_root, machine) = image(DEBIAN);
    let advisories = [
        advisory("GHSA-1", "Maven", "org.example:x", r#"{"introduced":"0"}"#),
        advisory("DSA-1", "Debian:12", "bash", r#"{"introduced":"0"},{"fixed":"5-"}"#),
        r#"{"id":"DSA-2"}"#.to_owned(),
        r#"{"id":"DSA-3","withdrawn":"2024-01-01T00:00:00Z"}"#.to_owned(),
    ];
    let errors = ask(machine, &format!(r#"{{"osv":[{}]}}"#, advisories.join(","))).errors.unwrap();
    assert_eq!(
        errors,
        [
            "not judged: advisory DSA-2: it names no package",
            "not judged: advisory GHSA-1: packages of 'Maven' are not looked for",
            "not judged: advisory DSA-1 for bash 5.2.15-2+b2: '5-' is no dpkg version: it has an empty revision",
        ]
    );
    let (_root, unnamed) = image(&DEBIAN[1..]);
    let advisory = advisory("DSA-1", "Debian:12", "bash", r#"{"introduced":"0"}"#);
    let result = ask(unnamed, &format!(r#"{{"osv":[{advisory}]}}"#));
    assert!(result.errors.unwrap()[0].ends_with("the machine does not tell its distribution"));
}

#[test]
fn bounds_are_compared_by_the_order_of_each_distribution() {
    let apk = "P:musl\nV:1.2.4_git20230717-r4\nA:x86_64\n\nP:busybox\nV:unknown\nA:x86_64\n\n";
    let (_root, machine) = image(&[DEBIAN[1], ("lib/apk/db/installed", apk)]);
    let asked = |bounds: &str| {
        let parameters = format!(r#"{{"pkgmatch":{{"matches":["musl","ssl"]}},"vercmp":"{bounds}"}}"#);
        found(&ask(machine.clone(), &parameters))
    };
    assert_eq!(asked("<1.2.4"), [""; 0], "a snapshot is newer");
    assert_eq!(asked(">=1.2.4,<2"), ["musl 1.2.4_git20230717-r4 apk"]);
    assert_eq!(asked("<3.0.11-1~deb12u2"), ["libssl3:amd64 3.0.9-1 dpkg"]);
    let result = ask(machine, r#"{"pkgmatch":{"matches":["busybox"]},"vercmp":"<2"}"#);
    assert_eq!(
        result.errors.unwrap(),
        ["not compared: busybox unknown: 'unknown' is no apk version: it has a part that is not understood"]
    );
}

#[test]
fn packages_of_arch_have_a_directory_each() {
    let desc = |name: &str| format!("%NAME%\n{name}\n\n%VERSION%\n1:2.3-1\n\n%ARCH%\nx86_64\n\n");
    let (_root, machine) = image(&[
        ("var/lib/pacman/local/ALPM_DB_VERSION", "9\n"),
        ("var/lib/pacman/local/zlib-1:2.3-1/desc", &desc("zlib")),
        ("var/lib/pacman/local/broken-1-1/desc", "%NAME%\n"),
        ("var/lib/pacman/local/missing-1-1/files", ""),
    ]);
    let result = ask(machine, r#"{"pkgmatch":{"matches":["."]},"vercmp":"=1:2.3"}"#);
    assert_eq!(found(&result), ["zlib 1:2.3-1 pacman"]);
    let errors = result.errors.unwrap();
    assert!(errors[0].contains("broken-1-1/desc") && errors[1].contains("missing-1-1/desc"), "{errors:?}");
}

#[test]
fn a_stop_is_obeyed() {
    let session = TestSession::new();
    session.cancelled.store(true, std::sync::atomic::Ordering::Relaxed);
    let run = PkgModule.prepare(&json::from_str(r#"{"pkgmatch":{"matches":["."]}}"#).unwrap()).unwrap();
    let outcome = run.run(&session).unwrap();
    assert_eq!(outcome.stopped, Some(Stop::Cancelled));
    assert!(session.checkpoint().is_err());
}

/// Each paragraph about as long as those of a real machine.
fn large_status(packages: usize) -> String {
    let paragraph = |number: usize| {
        format!(
            "Package: package-{number}\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 100\n\
             Maintainer: Nobody <nobody@example.net>\nArchitecture: amd64\nSource: source-{number}\nVersion: 1.{number}-1\n\
             Depends: libc6 (>= 2.36), libgcc-s1 (>= 3.0), libstdc++6 (>= 12)\nDescription: A package\n{}\n",
            " A line of its description, of the usual length of such lines.\n".repeat(8)
        )
    };
    (0..packages).map(paragraph).collect()
}

/// How long it takes is measured by `scripts/bench-modules.sh`.
#[test]
fn one_of_two_thousand_packages_is_found() {
    let status = large_status(2_000);
    let (_root, machine) = image(&[("var/lib/dpkg/status", &status)]);
    let result = ask(machine, r#"{"pkgmatch":{"matches":["^package-1999$"]},"vercmp":"<1.2000-1"}"#);
    assert_eq!(found(&result), ["package-1999 1.1999-1 dpkg"]);
}

#[test]
fn links_of_an_image_do_not_lead_to_this_machine() {
    let (root, machine) = image(&[("etc/hostname", "x")]);
    fs::create_dir_all(root.path().join("var/lib")).unwrap();
    std::os::unix::fs::symlink("/var/lib/dpkg", root.path().join("var/lib/dpkg")).unwrap();
    let result = ask(machine, r#"{"pkgmatch":{"matches":["."]}}"#);
    assert!(found(&result).is_empty());
    assert!(Path::new("/var/lib").exists());
    let errors: BTreeMap<usize, String> = result.errors.into_iter().flatten().enumerate().collect();
    assert!(errors.values().all(|error| error.starts_with("/var/lib/dpkg")), "{errors:?}");
}
