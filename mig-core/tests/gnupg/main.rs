//! Signatures between us and the GnuPG that is installed.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests and their helpers may panic, and read what they wrote"
)]

mod home;
mod keys;
mod signer;

use home::Home;
use mig_core::sign::{KeyAlgorithm, Keyring, Passphrase, SecretKey, Signer, VerifyError, line};
use std::time::{Duration, SystemTime};

fn keyring(armored: &str) -> Keyring {
    let mut keyring = Keyring::default();
    keyring.add(armored).unwrap();
    keyring
}

fn verify(keyring: &Keyring, line: &str) -> Result<(), VerifyError> {
    keyring.verify(b"message", line, SystemTime::now()).map(drop)
}

#[test]
fn we_accept_what_gnupg_signs() {
    for algorithm in ["ed25519", "rsa2048", "nistp256", "dsa2048"] {
        let home = Home::new();
        let keyring = keyring(&home.make_key(algorithm, "never"));
        let line = home.sign("message", &[]);
        verify(&keyring, &line).unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        assert!(matches!(keyring.verify(b"massage", &line, SystemTime::now()), Err(VerifyError::Bad(_))));
    }
}

#[test]
fn gnupg_accepts_what_we_sign() {
    for algorithm in [KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa { bits: 2048 }] {
        let home = Home::new();
        let key = SecretKey::generate("Ann <ann@example.net>", algorithm, None).unwrap();
        home.gpg(&["--import", &home.file("key", key.public_armored().unwrap())]);
        let armored = line::to_armor(&key.sign(b"message").unwrap()).unwrap();
        let signature = home.file("signature", &armored);
        let output = home.gpg(&["--verify", &signature, &home.file("message", "message")]);
        let status = String::from_utf8(output.stdout).unwrap();
        let valid = format!("VALIDSIG {}", key.fingerprint().to_upper());
        assert!(status.contains(&valid), "{algorithm:?}: {status}");
    }
}

#[test]
fn keys_that_we_make_open_with_their_passphrase_only() {
    let phrase = Passphrase::from("correct horse".to_owned());
    let key = SecretKey::generate("Ann", KeyAlgorithm::Ed25519, Some(&phrase)).unwrap();
    let armored = key.to_armored().unwrap();
    let keyring = keyring(&key.public_armored().unwrap());
    for (passphrase, opens) in
        [(Some(&phrase), true), (Some(&Passphrase::from("wrong".to_owned())), false), (None, false)]
    {
        let again = SecretKey::from_armored(&armored, passphrase).unwrap();
        assert_eq!(again.sign(b"message").is_ok_and(|line| verify(&keyring, &line).is_ok()), opens);
    }
    assert!(!format!("{key:?} {phrase:?}").contains("horse"));
}

#[test]
fn an_rsa_signature_of_ours_is_as_long_as_the_modulus() {
    let key = SecretKey::generate("Ann", KeyAlgorithm::Rsa { bits: 2048 }, None).unwrap();
    for message in 0..40_u8 {
        let packet = line::decode(&key.sign(&[message]).unwrap()).unwrap();
        let integer = &packet[packet.len() - 258..];
        assert_eq!(integer[..2], [8, 0], "2048 bits, whatever the value");
    }
}

#[test]
fn a_key_that_has_expired_does_not_count() {
    let home = Home::new();
    let keyring = keyring(&home.make_key("ed25519", "2d"));
    let line = home.sign("message", &[]);
    verify(&keyring, &line).unwrap();
    let later = SystemTime::now() + Duration::from_secs(3 * 86_400);
    assert!(matches!(keyring.verify(b"message", &line, later), Err(VerifyError::KeyNotValid(_))));
}

#[test]
fn a_signature_that_has_expired_does_not_count() {
    let home = Home::new();
    let keyring = keyring(&home.make_key("ed25519", "never"));
    let line = home.sign("message", &["--default-sig-expire", "1d"]);
    verify(&keyring, &line).unwrap();
    let later = SystemTime::now() + Duration::from_secs(2 * 86_400);
    assert!(matches!(keyring.verify(b"message", &line, later), Err(VerifyError::SignatureExpired(_))));
}

#[test]
fn a_signature_from_the_future_does_not_count() {
    let key = SecretKey::generate("Ann", KeyAlgorithm::Ed25519, None).unwrap();
    let keyring = keyring(&key.public_armored().unwrap());
    let line = key.sign(b"message").unwrap();
    let earlier = SystemTime::now() - Duration::from_secs(86_400);
    assert!(matches!(keyring.verify(b"message", &line, earlier), Err(VerifyError::FromFuture(_))));
}

#[test]
fn a_weak_digest_does_not_count() {
    let home = Home::new();
    let keyring = keyring(&home.make_key("rsa2048", "never"));
    let line = home.sign("message", &["--digest-algo", "SHA1", "--allow-weak-digest-algos"]);
    assert!(matches!(verify(&keyring, &line), Err(VerifyError::WeakDigest(..))));
}

#[test]
fn a_text_signature_does_not_count() {
    let home = Home::new();
    let keyring = keyring(&home.make_key("ed25519", "never"));
    assert!(matches!(verify(&keyring, &home.sign("message", &["--textmode"])), Err(VerifyError::Type(_))));
}

#[test]
fn a_critical_notation_that_nobody_knows_does_not_count() {
    let home = Home::new();
    let keyring = keyring(&home.make_key("ed25519", "never"));
    let line = home.sign("message", &["--sig-notation", "!test@example.net=1"]);
    assert!(matches!(verify(&keyring, &line), Err(VerifyError::UnknownCritical(_))));
}
