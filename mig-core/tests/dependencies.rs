//! What programs that embed the libraries must not be made to link.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which may panic")]

use std::process::Command;

/// The normal dependencies of a package, one `name version` a line.
fn dependencies(package: &str, options: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix=none", "--edges=normal", "--package", package])
        .args(options)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", std::str::from_utf8(&output.stderr).unwrap());
    String::from_utf8(output.stdout).unwrap()
}

fn depends_on(tree: &str, name: &str) -> bool {
    tree.lines().any(|line| line.split(' ').next() == Some(name))
}

#[test]
fn mig_core_without_features_needs_no_runtime() {
    assert!(!depends_on(&dependencies("mig-core", &["--no-default-features"]), "tokio"));
    assert!(!depends_on(&dependencies("mig-core", &["--features=testing"]), "tokio"));
}

#[test]
fn the_engines_are_what_brings_the_runtime() {
    assert!(depends_on(&dependencies("mig-core", &["--features=engine"]), "tokio"));
}

#[test]
fn mig_modules_need_no_runtime_whatever_the_features() {
    for options in [&["--no-default-features"][..], &[], &["--all-features"]] {
        assert!(!depends_on(&dependencies("mig-modules", options), "tokio"), "{options:?}");
    }
}

#[test]
fn nobody_links_a_second_provider_of_cryptography() {
    for package in ["mig-core", "mig-modules", "mig-transport", "mig-store", "mig", "mig-agent"] {
        let tree = dependencies(package, &["--all-features"]);
        for name in ["aws-lc-sys", "aws-lc-rs", "openssl-sys"] {
            assert!(!depends_on(&tree, name), "{package} links {name}");
        }
    }
}
