//! TLS is rustls on ring, and nothing else.

use std::process::Command;

#[test]
fn no_other_cryptography_comes_along() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args(["tree", "--offline", "-p", "mig-transport", "--features", "http,http-gateway", "-e", "normal"])
        .args(["--prefix", "none", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("rustls v") && tree.contains("ring v"), "{tree}");
    for other in ["aws-lc", "openssl", "native-tls"] {
        assert!(!tree.contains(other), "{other}");
    }
}
