//! The user's GnuPG as signer.

use crate::{home::Home, keyring, verify};
use mig_core::sign::{
    Fingerprint, Gnupg, GnupgError, GnupgSigner, KeyAlgorithm, Passphrase, SecretKey, SignError, Signer, line,
};
use std::{thread, time::Duration};

/// The only key of a home, opened by an explicit passphrase.
fn signer(home: &Home, passphrase: &str) -> Result<GnupgSigner, GnupgError> {
    let gnupg = Gnupg {
        home: Some(home.path().to_owned()),
        passphrase: Some(Passphrase::from(passphrase.to_owned())),
        ..Gnupg::default()
    };
    gnupg.signer(&fingerprint(home))
}

fn fingerprint(home: &Home) -> Fingerprint {
    home.fingerprints()[0].parse().unwrap()
}

#[test]
fn signatures_of_all_kinds_of_keys_are_accepted() {
    for algorithm in ["ed25519", "rsa2048", "dsa2048", "nistp256", "nistp384", "nistp521"] {
        let home = Home::new();
        let keyring = keyring(&home.make_key(algorithm, "never"));
        let line = signer(&home, "").unwrap().sign(b"message").unwrap();
        verify(&keyring, &line).unwrap_or_else(|error| panic!("{algorithm}: {error}"));
    }
}

#[test]
fn a_key_says_its_owner_and_its_algorithm() {
    for algorithm in ["ed25519", "rsa2048", "dsa2048", "nistp384"] {
        let home = Home::new();
        home.make_key(algorithm, "never");
        let key = SecretKey::from_armored(&home.export_secret(), None).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.user_id(), Some("Ann <ann@example.net>"));
    }
}

#[test]
fn rsa_signatures_are_as_long_as_the_modulus_and_still_good_for_gnupg() {
    let home = Home::new();
    home.make_key("rsa2048", "never");
    let signer = signer(&home, "").unwrap();
    let message = home.file("message", "message");
    for _ in 0..4 {
        let line = signer.sign(b"message").unwrap();
        let packet = line::decode(&line).unwrap();
        assert_eq!(packet[0], 0xc2, "in the new format");
        assert_eq!(packet[packet.len() - 258..][..2], [8, 0], "2048 bits, whatever the value");
        let signature = home.file("signature", line::to_armor(&line).unwrap());
        let status = home.gpg(&["--verify", &signature, &message]).stdout;
        assert!(String::from_utf8(status).unwrap().contains("VALIDSIG"));
    }
}

#[test]
fn a_subkey_signs_for_a_key_that_only_certifies() {
    let home = Home::new();
    let (primary, _) = home.make_subkey();
    let signer = signer(&home, "").unwrap();
    let line = signer.sign(b"message").unwrap();
    verify(&keyring(&home.export()), &line).unwrap();
    assert_eq!(signer.fingerprint().to_upper(), primary);
}

#[test]
fn a_locked_key_opens_with_its_passphrase_only() {
    let home = Home::new();
    home.gpg_with("secret", &["--quick-generate-key", "Ann", "ed25519", "sign,cert", "never"]);
    // The agent of GnuPG keeps a passphrase for a while.
    let forget = || {
        drop(
            std::process::Command::new("gpgconf")
                .arg("--homedir")
                .arg(home.path())
                .args(["--kill", "gpg-agent"])
                .output(),
        )
    };
    forget();
    let refused = signer(&home, "wrong").unwrap().sign(b"message");
    assert!(matches!(refused, Err(SignError::Gnupg(GnupgError::Locked(_)))), "{refused:?}");
    forget();
    let line = signer(&home, "secret").unwrap().sign(b"message").unwrap();
    verify(&keyring(&home.export()), &line).unwrap();
}

#[test]
fn a_missing_program_is_named() {
    let gnupg = Gnupg { program: "/nowhere/gpg".into(), ..Gnupg::default() };
    let error = gnupg.signer(&"0".repeat(40).parse().unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("'/nowhere/gpg' does not start"), "{error}");
}

#[test]
fn a_missing_key_is_named() {
    let home = Home::new();
    let gnupg = Gnupg { home: Some(home.path().to_owned()), ..Gnupg::default() };
    let error = gnupg.signer(&"0".repeat(40).parse().unwrap()).unwrap_err();
    assert!(matches!(error, GnupgError::NoKey(_)), "{error}");
}

#[test]
fn a_missing_secret_half_is_named() {
    let home = Home::new();
    let key = SecretKey::generate("Ann", KeyAlgorithm::Ed25519, None).unwrap();
    home.gpg(&["--import", &home.file("key", key.public_armored().unwrap())]);
    let refused = signer(&home, "").unwrap().sign(b"message");
    assert!(matches!(refused, Err(SignError::Gnupg(GnupgError::NoSecretKey(_)))), "{refused:?}");
}

#[test]
fn an_expired_key_is_named() {
    let home = Home::new();
    home.make_key("ed25519", "seconds=1");
    thread::sleep(Duration::from_secs(2));
    assert!(matches!(signer(&home, ""), Err(GnupgError::Expired(_))));
}

#[test]
fn a_revoked_key_is_named() {
    let home = Home::new();
    home.make_key("ed25519", "never");
    home.gpg(&["--import", &home.file("revocation", home.revocation())]);
    assert!(matches!(signer(&home, ""), Err(GnupgError::Revoked(_))));
}
