//! Keys that were made for these tests, with what `ssh-keygen -l` says of them.

use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHQEbsdQLSA2RkWNULg4xbctvcx5nVl/3i+GRiFO4YD";
const ED25519_SHA256: &str = "SHA256:/HeuPL4FvKQUW8OdYunI5noO7uOjYKQPyoODgdymx0U";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBF+Oxvb9ye/d+R+qE+bltVyReO7yrZTbE4jfArNY8LbMF6gGmYXet3JjUZM59+u+EqAwQoFEAAvyId+2/Y+TKpw=";
const ECDSA_SHA256: &str = "SHA256:8zZLH3kzlhztc0bX8My7976bXDHOIJoE9C3looItxQ4";

const OPENSSH_ED25519: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACCh0BG7HUC0gNkZFjVC4OMW3Lb3MeZ1Zf94vhkYhTuGAwAAAJgV/SCdFf0g
nQAAAAtzc2gtZWQyNTUxOQAAACCh0BG7HUC0gNkZFjVC4OMW3Lb3MeZ1Zf94vhkYhTuGAw
AAAEC/JbEW8mVWafzTd09g5gIoC0dMpRePBInR9Kvfrzwk2aHQEbsdQLSA2RkWNULg4xbc
tvcx5nVl/3i+GRiFO4YDAAAAEnRocm93YXdheSB0ZXN0IGtleQECAw==
-----END OPENSSH PRIVATE KEY-----
";

const OPENSSH_ENCRYPTED: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAj0yNR1M
HrWDjkXRPHcg6iAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIKSReoe1gfGKHxX2
YR4Kfog+cKeeiwT/BvuYfGK3+H/oAAAAkLbNrz2wjlMBbo0Le0J+KlhbU+h7uwtP2JQtiq
Av/NhWDzgv+vJ0dWcB71Qy7eHHa1G4XMMjoE2QJMXc1SLZ/Pti3d+EdiolvHHRKwQ+gNLh
KAqKDXgEqOCh+bH20XXuqef/pOrSJMY/ixXZTxbzv76lXVE5BlKSL40NGY6Vh+yrNGv38C
3zgKALXDu/6cShPQ==
-----END OPENSSH PRIVATE KEY-----
";

const PKCS8_ED25519: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIFM3x3YPK3/LzwKYoHB+Rsyahpf8XdQjOjrP7KRAi0wP
-----END PRIVATE KEY-----
";

const PKCS8_EC_P384: &str = "\
-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDpHtUdNmEHTREjvGDe
bIuZezQxhscmZjMHqgeyEfqpTGnV/QKhk6hsxqmgkqAlou2hZANiAATnANZLYJgm
Hn8yDG9Yo2TmPaYBrVpGTcjJOZ2Cb7rxLO+F7vmjKb9R2+f9Otjeect6UTUaWSUO
1K7SEP8ZJmc5wEkZdHEJXO/3iUu5CrASAhTvJukbbBVWmfZ4kIavQ5s=
-----END PRIVATE KEY-----
";

const EC_P521_WITH_PARAMETERS: &str = "\
-----BEGIN EC PARAMETERS-----
BgUrgQQAIw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MIHcAgEBBEIBUVgKR4w700fBxSEjqADcyhhCBeVQVuGU9RdCFf673lHpmaenr/vE
JIzsC6QTwqdI5v3kA1bHeqIkyeNKg22dB/KgBwYFK4EEACOhgYkDgYYABACZ5O8H
jyhfBAHlmDBZCkdMZdFx1GbLtX6ZDwTdFnTT081PMv+A5q6Gv/uYvUHlZqunZ1Cm
ODxqx+vq9G3pkEHQKwE/C8PmkBAT6bnrk94cnmAZkzvksDSyUfwsW2HaXwTVxgsY
isGF+nrt+ktWZ8o2AWA/bE/SbsMhpET7KfBvBmcS+Q==
-----END EC PRIVATE KEY-----
";

/// The certificate of [`ECDSA`].
const CERTIFICATE: &str = "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgXg+BlVANdO24zHRRWn44f2WfLOM/MuIuHbWbzHTUMYoAAAAIbmlzdHAyNTYAAABBBF+Oxvb9ye/d+R+qE+bltVyReO7yrZTbE4jfArNY8LbMF6gGmYXet3JjUZM59+u+EqAwQoFEAAvyId+2/Y+TKpwAAAAAAAAAAAAAAAEAAAACaWQAAAAIAAAABHVzZXIAAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgodARux1AtIDZGRY1QuDjFty29zHmdWX/eL4ZGIU7hgMAAABTAAAAC3NzaC1lZDI1NTE5AAAAQNh71oAdLG1+i6AIsFtC7qyJUrvYcoOCz1Ok1jRvEGYFMMdPS/frgLIQnZSFHFCPa1OIz/NoXaIFjwuhI5PJCAQ=";

fn find(name: &str, content: &str) -> Option<KeyFile> {
    read(name.as_ref(), content.as_bytes())
}

/// The fingerprint of a plain private key.
fn private(content: &str) -> String {
    match find("id", content) {
        Some(KeyFile::Private { public: Some(key), encrypted: false }) => key.sha256_fingerprint(),
        other => panic!("{other:?}"),
    }
}

fn public(content: &str) -> Option<String> {
    match find("id.pub", content)? {
        KeyFile::Public(key) => Some(key.sha256_fingerprint()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn fingerprints_of_private_keys_are_those_of_ssh_keygen() {
    for (key, fingerprint) in [
        (OPENSSH_ED25519, ED25519_SHA256),
        (PKCS8_ED25519, "SHA256:3fQvEzIoczSyqIj6E16tBPTf2tihks59fg90F5sX8bo"),
        (PKCS8_EC_P384, "SHA256:RpUD5cexiFz+uDVmarrqcDKuo6rSxdeffTpZKpZqOxI"),
        (EC_P521_WITH_PARAMETERS, "SHA256:HD1UIR1ZJUrz+qVbm2iMrSNwdCnqywyTsB6z6HXCtg4"),
    ] {
        assert_eq!(private(key), fingerprint);
        assert_eq!(private(&key.replace('\n', "\r\n")), fingerprint, "with carriage returns");
        assert_eq!(private(&format!("notes\n\n{key}more")), fingerprint, "between other text");
    }
}

#[test]
fn keys_that_need_a_passphrase_have_no_fingerprint() {
    let pkcs8 = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let header = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA";
    let legacy = format!("-----BEGIN EC PRIVATE KEY-----\n{header}\n-----END EC PRIVATE KEY-----\n");
    for key in [OPENSSH_ENCRYPTED, pkcs8, &legacy] {
        assert_eq!(find("id", key), Some(KeyFile::Private { public: None, encrypted: true }), "{key}");
    }
}

#[test]
fn what_only_looks_like_a_private_key_is_none() {
    let whole = PKCS8_EC_P384;
    for broken in [
        whole.replace("-----END PRIVATE", "-----END RSA PRIVATE"),
        whole.replace("-----END PRIVATE KEY-----", ""),
        whole.replace("MIG2", "MIG!"),
        whole.replace("MIG2", "MIG1"),
        format!("text {whole}"),
    ] {
        assert_eq!(find("id", &broken), None, "{broken}");
    }
}

#[test]
fn a_public_key_may_have_options_a_comment_or_neither() {
    let options = r#"from="10.0.0.0/8, *.x",command="echo \"a b\" ssh-rsa",no-pty"#;
    for line in [
        ED25519.to_owned(),
        format!("  \t{ED25519} me@here and there\r"),
        format!("{options} {ED25519} me"),
        format!("# comment\n\nno key\n{ED25519}\n{ECDSA}"),
        format!("host.example,10.0.0.1 {ED25519}"),
    ] {
        assert_eq!(public(&line).as_deref(), Some(ED25519_SHA256), "{line}");
    }
    for line in [&format!("# {ED25519}"), "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa notbase64 x", "", "\0"]
    {
        assert_eq!(public(line), None, "{line}");
    }
}

#[test]
fn a_certificate_has_the_fingerprint_of_its_key() {
    assert_eq!(public(CERTIFICATE).as_deref(), Some(ECDSA_SHA256));
    assert_eq!(public(ECDSA).as_deref(), Some(ECDSA_SHA256));
}

#[test]
fn every_line_of_authorized_keys_counts_and_comments_are_no_error() {
    let content = format!("# all\n\n{ED25519} a\n  \nno-pty {ECDSA}\n");
    let count = |content: &str| match find("authorized_keys2", content) {
        Some(KeyFile::Authorized { keys, unparsable }) => (keys.len(), unparsable),
        other => panic!("{other:?}"),
    };
    assert_eq!(count(&content), (2, false));
    assert_eq!(count(&format!("{content}garbage line")), (2, true));
}

#[test]
fn bytes_behind_a_key_or_missing_at_its_end_make_it_none() {
    let blob = STANDARD.decode(ED25519.split(' ').nth(1).unwrap()).unwrap();
    assert!(PublicKey::parse(&blob).is_some());
    assert_eq!(PublicKey::parse(&[&blob[..], &[0]].concat()), None);
    for length in 0..blob.len() {
        assert_eq!(PublicKey::parse(&blob[..length]), None, "{length} bytes");
    }
}

#[test]
fn a_file_full_of_begins_takes_no_longer_than_another() {
    let begins = "-----BEGIN PRIVATE KEY-----\n".repeat(35_000);
    let start = std::time::Instant::now();
    assert_eq!(find("id", &begins), None);
    assert_eq!(find("id", &format!("{begins}\n-----END PRIVATE KEY-----\n")), None);
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(private(&format!("{begins}{PKCS8_EC_P384}")), private(PKCS8_EC_P384));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_are_read_without_a_panic(content in proptest::collection::vec(any::<u8>(), 0..300)) {
        let is_authorized = matches!(read("authorized_keys".as_ref(), &content), Some(KeyFile::Authorized { .. }));
        prop_assert!(is_authorized);
        _ = PublicKey::parse(&content);
    }

    #[test]
    fn keys_with_bytes_changed_and_cut_off_are_read_without_a_panic(
        key in 0..4_usize, at in 0..300_usize, byte in any::<u8>(), length in 0..700_usize,
    ) {
        let key = [OPENSSH_ED25519, OPENSSH_ENCRYPTED, PKCS8_EC_P384, EC_P521_WITH_PARAMETERS][key];
        let body = key.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let mut bytes = STANDARD.decode(body.trim_start_matches("BgUrgQQAIw==")).unwrap();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(length);
        for label in ["OPENSSH PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "DSA PRIVATE KEY"] {
            let text = STANDARD.encode(&bytes);
            _ = find("id", &format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n"));
        }
    }
}
