//! One provider of TLS primitives in the whole workspace.

use std::process::Command;

#[test]
fn nothing_brings_aws_lc_with_all_features() {
    let arguments =
        ["tree", "--offline", "--workspace", "--all-features", "--edges", "all", "--invert", "aws-lc-sys"];
    let output = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    let complaint = output.stderr.escape_ascii().to_string();
    assert!(output.stdout.is_empty(), "{}", output.stdout.escape_ascii());
    assert!(complaint.contains("did not match any packages"), "{complaint}");
}
