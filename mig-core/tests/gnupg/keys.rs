//! Keys that must not count, keyrings, and locks of secret keys.

use crate::{home::Home, keyring, verify};
use mig_core::sign::{KeyAlgorithm, KeyError, Keyring, Passphrase, SecretKey, Signer, VerifyError, line};
use pgp::{
    composed::{
        ArmorOptions, Deserializable, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey,
    },
    crypto::{ecc_curve::ECCCurve, hash::HashAlgorithm, sym::SymmetricKeyAlgorithm},
    packet::{self, PacketTrait, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData},
    ser::Serialize,
    types::{
        EncryptedSecretParams, KeyDetails, KeyVersion, Password, S2kParams, SecretParams, SigningKey,
        StringToKey, Timestamp,
    },
};
use proptest::{prelude::*, sample::Index};
use std::{fs, time::SystemTime};

fn new_key() -> SecretKey {
    SecretKey::generate("Ann", KeyAlgorithm::Ed25519, None).unwrap()
}

fn parsed(armored: &str) -> SignedPublicKey {
    SignedPublicKey::from_string(armored).unwrap().0
}

fn written(key: &SignedPublicKey) -> String {
    key.to_armored_string(ArmorOptions::default()).unwrap()
}

#[test]
fn a_revoked_key_does_not_count() {
    let home = Home::new();
    home.make_key("ed25519", "never");
    let line = home.sign("message", &[]);
    home.gpg(&["--import", &home.file("revocation", home.revocation())]);
    assert!(matches!(verify(&keyring(&home.export()), &line), Err(VerifyError::KeyRevoked(_))));
}

#[test]
fn a_revocation_appended_to_the_key_counts() {
    let home = Home::new();
    let armored = home.make_key("ed25519", "never");
    let line = home.sign("message", &[]);
    let both = keyring(&format!("{armored}\n{}", home.revocation()));
    assert!(matches!(verify(&both, &line), Err(VerifyError::KeyRevoked(_))));
}

#[test]
fn a_revocation_in_any_copy_of_the_key_counts() {
    let home = Home::new();
    let before = home.make_key("ed25519", "never");
    let line = home.sign("message", &[]);
    home.gpg(&["--import", &home.file("revocation", home.revocation())]);
    let after = home.export();
    for copies in [[&before, &after], [&after, &before]] {
        let mut keyring = keyring(copies[0]);
        keyring.add(copies[1]).unwrap();
        assert_eq!(keyring.fingerprints().count(), 1);
        assert!(matches!(verify(&keyring, &line), Err(VerifyError::KeyRevoked(_))));
    }
}

#[test]
fn a_revocation_that_cannot_be_read_refuses_the_key() {
    let home = Home::new();
    home.make_key("ed25519", "never");
    home.gpg(&["--import", &home.file("revocation", home.revocation())]);
    let key = parsed(&home.export());
    let revocation = key.details.revocation_signatures[0].to_bytes().unwrap();
    // Its first subpacket claims to be longer than all of them.
    let mut broken = revocation.clone();
    broken[6] = 0xbf;
    let mut bytes = key.to_bytes().unwrap();
    let at = bytes.windows(revocation.len()).position(|window| window == revocation).unwrap();
    bytes[at..at + broken.len()].copy_from_slice(&broken);
    let skipped = Keyring::default().add_all(&bytes).unwrap();
    assert!(matches!(skipped[0].error, KeyError::Syntax(_)), "{skipped:?}");
}

#[test]
fn a_key_whose_user_ids_are_all_revoked_is_refused() {
    let home = Home::new();
    home.make_key("ed25519", "never");
    home.gpg(&["--quick-add-uid", &home.fingerprints()[0], "Other <other@example.net>"]);
    // GnuPG refuses to revoke the last one.
    home.gpg(&["--quick-revoke-uid", &home.fingerprints()[0], "Ann <ann@example.net>"]);
    let mut key = parsed(&home.export());
    keyring(&written(&key));
    key.details.users.retain(|user| user.id.as_str() == Some("Ann <ann@example.net>"));
    assert_eq!(key.details.users.len(), 1);
    let error = Keyring::default().add(&written(&key)).unwrap_err();
    assert!(matches!(error, KeyError::NoSelfSignature(_)), "{error}");
}

#[test]
fn a_self_signature_with_md5_does_not_count() {
    let home = Home::new();
    home.make_key("rsa2048", "never");
    let secret = secret(&home.export_secret());
    let mut public = secret.to_public_key();
    for (digest, counts) in [(HashAlgorithm::Sha1, true), (HashAlgorithm::Md5, false)] {
        let id = &public.details.users[0].id;
        let mut config = public.details.users[0].signatures[0].config().unwrap().clone();
        config.hash_alg = digest;
        let primary = &secret.primary_key;
        let weak = config
            .sign_certification(primary, &public.primary_key, &Password::empty(), id.tag(), id)
            .unwrap();
        public.details.users[0].signatures = vec![weak];
        assert_eq!(Keyring::default().add(&written(&public)).is_ok(), counts, "{digest}");
    }
}

#[test]
fn a_signing_subkey_counts_for_its_primary_key() {
    let home = Home::new();
    let (primary, _) = home.make_subkey();
    let signer = keyring(&home.export()).verify(b"message", &home.sign("message", &[]), SystemTime::now());
    assert_eq!(signer.unwrap().to_upper(), primary);
}

#[test]
fn a_signing_subkey_without_cross_signature_does_not_count() {
    let home = Home::new();
    home.make_subkey();
    let line = home.sign("message", &[]);
    let mut key = parsed(&home.export());
    let binding = &mut key.public_subkeys[0].signatures[0];
    let is_back = |data: &SubpacketData| matches!(data, SubpacketData::EmbeddedSignature(_));
    let place = binding.config().unwrap().unhashed_subpackets().position(|part| is_back(&part.data)).unwrap();
    binding.unhashed_subpacket_remove(place).unwrap();
    assert!(matches!(verify(&keyring(&written(&key)), &line), Err(VerifyError::NotCrossSigned(_))));
}

#[test]
fn an_expired_subkey_does_not_count() {
    let home = Home::new();
    let (primary, subkey) = home.make_subkey();
    home.gpg(&["--quick-set-expire", &primary, "2d", &subkey]);
    let line = home.sign("message", &[]);
    let keyring = keyring(&home.export());
    verify(&keyring, &line).unwrap();
    let later = SystemTime::now() + std::time::Duration::from_secs(3 * 86_400);
    assert!(matches!(keyring.verify(b"message", &line, later), Err(VerifyError::KeyNotValid(_))));
}

#[test]
fn a_revoked_subkey_does_not_count() {
    let home = Home::new();
    let (primary, _) = home.make_subkey();
    let line = home.sign("message", &[]);
    let commands = home.file("commands", "key 1\nrevkey\ny\n0\n\ny\nsave\n");
    let file = fs::File::open(commands).unwrap();
    let status = std::process::Command::new("gpg")
        .arg("--homedir")
        .arg(home.path())
        .args([
            "--no-tty",
            "--command-fd",
            "0",
            "--status-fd",
            "1",
            "--pinentry-mode",
            "loopback",
            "--edit-key",
            &primary,
        ])
        .stdin(file)
        .output()
        .unwrap();
    assert!(matches!(verify(&keyring(&home.export()), &line), Err(VerifyError::KeyRevoked(_))), "{status:?}");
}

#[test]
fn a_key_that_only_certifies_does_not_sign_data() {
    let home = Home::new();
    home.gpg(&["--quick-generate-key", "Ann", "ed25519", "cert", "never"]);
    let secret = secret(&home.export_secret());
    let refused = verify(&keyring(&home.export()), &sign(&secret, data_signature(&secret), 0));
    assert!(matches!(refused, Err(VerifyError::NotForSigning(_))), "{refused:?}");
}

#[test]
fn a_signature_of_version_3_counts() {
    let key = new_key();
    let secret = secret(&key.to_armored().unwrap());
    let now = Timestamp::now();
    let config = SignatureConfig::v3(
        SignatureType::Binary,
        secret.algorithm(),
        HashAlgorithm::Sha256,
        now,
        secret.legacy_key_id(),
    );
    verify(&keyring(&key.public_armored().unwrap()), &sign(&secret, config, 0)).unwrap();
}

#[test]
fn a_signature_on_p521_counts_although_the_original_takes_a_short_digest() {
    let secret = SecretKeyParamsBuilder::default()
        .version(KeyVersion::V4)
        .key_type(KeyType::ECDSA(ECCCurve::P521))
        .can_certify(true)
        .can_sign(true)
        .primary_user_id("Ann".to_owned())
        .build()
        .unwrap()
        .generate(rand08::rngs::OsRng)
        .unwrap();
    let keyring = keyring(&written(&secret.to_public_key()));
    verify(&keyring, &sign(&secret, data_signature(&secret), 64)).unwrap();
}

fn secret(armored: &str) -> SignedSecretKey {
    SignedSecretKey::from_string(armored).unwrap().0
}

/// What the original writes into a signature.
fn data_signature(key: &SignedSecretKey) -> SignatureConfig {
    let mut config = SignatureConfig::v4(SignatureType::Binary, key.algorithm(), HashAlgorithm::Sha256);
    let parts = [
        SubpacketData::SignatureCreationTime(Timestamp::now()),
        SubpacketData::IssuerKeyId(key.legacy_key_id()),
    ];
    config.hashed_subpackets = parts.map(|part| Subpacket::regular(part).unwrap()).to_vec();
    config
}

/// Signs without asking whether the key should, with a digest that is filled up with zeros.
fn sign(key: &SignedSecretKey, config: SignatureConfig, digest_bytes: usize) -> String {
    let mut hasher = config.hash_alg.new_hasher().unwrap();
    config.hash_data_to_sign(&mut hasher, &b"message"[..]).unwrap();
    let length = config.hash_signature_data(&mut hasher).unwrap();
    hasher.update(&config.trailer(length).unwrap());
    let digest = hasher.finalize();
    let padded = [vec![0; digest_bytes.saturating_sub(digest.len())], digest.to_vec()].concat();
    let numbers = key.primary_key.sign(&Password::empty(), config.hash_alg, &padded).unwrap();
    let signature = Signature::from_config(config, [digest[0], digest[1]], numbers).unwrap();
    let mut packet = Vec::new();
    signature.to_writer_with_header(&mut packet).unwrap();
    line::encode(&packet)
}

#[test]
fn a_keyring_of_a_thousand_keys_finds_the_signer() {
    let mut all = Keyring::default();
    let mut last = None;
    for index in 0..1_000 {
        let key = SecretKey::generate(&format!("Investigator {index}"), KeyAlgorithm::Ed25519, None).unwrap();
        all.add(&key.public_armored().unwrap()).unwrap();
        last = Some(key);
    }
    let key = last.unwrap();
    let signer = all.verify(b"message", &key.sign(b"message").unwrap(), SystemTime::now()).unwrap();
    assert_eq!(&signer, key.fingerprint());
    assert_eq!(all.fingerprints().count(), 1_000);
}

#[test]
fn a_key_that_cannot_be_read_is_skipped_and_named() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("ann.asc"), new_key().public_armored().unwrap()).unwrap();
    fs::write(directory.path().join("bad.asc"), "no key").unwrap();
    let mut keyring = Keyring::default();
    let skipped = keyring.add_directory(directory.path()).unwrap();
    assert_eq!(keyring.fingerprints().count(), 1);
    assert!(skipped.len() == 1 && skipped[0].place.ends_with("bad.asc"), "{skipped:?}");
}

#[test]
fn an_unreadable_key_in_a_ring_takes_no_other_along() {
    let binary = |key: &SecretKey| parsed(&key.public_armored().unwrap()).to_bytes().unwrap();
    let mut broken = binary(&new_key());
    // The version of its primary key, behind a header of two bytes.
    broken[2] = 9;
    let ring = [binary(&new_key()), broken, binary(&new_key())].concat();
    let mut keyring = Keyring::default();
    let skipped = keyring.add_all(&ring).unwrap();
    assert_eq!(keyring.fingerprints().count(), 2);
    assert!(skipped.len() == 1 && skipped[0].place == "key 2", "{skipped:?}");
}

#[test]
fn every_block_of_an_armored_ring_is_read() {
    let ring = [new_key().public_armored().unwrap(), new_key().public_armored().unwrap()].join("\n");
    let mut keyring = Keyring::default();
    assert!(keyring.add_all(ring.as_bytes()).unwrap().is_empty());
    assert_eq!(keyring.fingerprints().count(), 2);
    assert!(matches!(keyring.add(&ring), Err(KeyError::NotOne(2))));
}

#[test]
fn a_key_cut_short_is_skipped_and_the_one_before_it_is_not() {
    let whole = parsed(&new_key().public_armored().unwrap()).to_bytes().unwrap();
    let cut = parsed(&new_key().public_armored().unwrap()).to_bytes().unwrap();
    let mut keyring = Keyring::default();
    let skipped = keyring.add_all(&[&whole[..], &cut[..20]].concat()).unwrap();
    assert_eq!((keyring.fingerprints().count(), skipped.len()), (1, 1));
}

#[test]
fn locks_of_all_kinds_open() {
    let plain = secret(&new_key().to_armored().unwrap());
    let sym_alg = SymmetricKeyAlgorithm::AES128;
    let simple = StringToKey::Simple { hash_alg: HashAlgorithm::Sha256 };
    let salted = StringToKey::Salted { hash_alg: HashAlgorithm::Sha256, salt: [1; 8] };
    let iterated =
        StringToKey::IteratedAndSalted { hash_alg: HashAlgorithm::Sha256, salt: [2; 8], count: 96 };
    for s2k in [simple, salted, iterated] {
        let iv = pgp::bytes::Bytes::from(vec![3; 16]);
        let usage_254 = S2kParams::Cfb { sym_alg, s2k: s2k.clone(), iv: iv.clone() };
        let usage_255 = S2kParams::MalleableCfb { sym_alg, s2k, iv };
        for lock in [usage_254, usage_255] {
            let mut locked = plain.clone();
            locked.primary_key = lock_primary(&plain.primary_key, "secret", &lock);
            let armored = locked.to_armored_string(ArmorOptions::default()).unwrap();
            let passphrase = |text: &str| Passphrase::from(text.to_owned());
            let opened = SecretKey::from_armored(&armored, Some(&passphrase("secret"))).unwrap();
            opened.sign(b"message").unwrap_or_else(|error| panic!("{lock:?}: {error}"));
            let closed = SecretKey::from_armored(&armored, Some(&passphrase("wrong"))).unwrap();
            assert!(closed.sign(b"message").is_err());
        }
    }
}

/// Locks a key, also in the way that the library reads but does not write: with a checksum of two bytes.
fn lock_primary(key: &packet::SecretKey, password: &str, lock: &S2kParams) -> packet::SecretKey {
    let mut locked = key.clone();
    let S2kParams::MalleableCfb { sym_alg, s2k, iv } = lock else {
        locked.set_password_with_s2k(&password.into(), lock.clone()).unwrap();
        return locked;
    };
    let mut secret = Vec::new();
    key.secret_params().to_writer(&mut secret, key.version()).unwrap();
    // The first byte says that it is not locked.
    let mut secret = secret.split_off(1);
    let derived = s2k.derive_key(password.as_bytes(), sym_alg.key_size()).unwrap();
    sym_alg.encrypt_with_iv_regular(derived.as_ref(), iv, &mut secret).unwrap();
    let params = SecretParams::Encrypted(EncryptedSecretParams::new(secret.into(), lock.clone()));
    packet::SecretKey::new(key.public_key().clone(), params).unwrap()
}

#[test]
fn a_lock_is_put_on_and_taken_off() {
    let phrase = Passphrase::from("secret".to_owned());
    let locked = new_key().with_passphrase(Some(&phrase)).unwrap();
    let armored = locked.to_armored().unwrap();
    let without = SecretKey::from_armored(&armored, None).unwrap();
    assert!(matches!(without.with_passphrase(None), Err(KeyError::Locked(_))));
    let open = SecretKey::from_armored(&armored, Some(&phrase)).unwrap().with_passphrase(None).unwrap();
    SecretKey::from_armored(&open.to_armored().unwrap(), None).unwrap().sign(b"message").unwrap();
}

#[test]
fn gnupg_reads_the_locked_key_that_we_export() {
    let home = Home::new();
    let phrase = Passphrase::from("secret".to_owned());
    let key =
        SecretKey::generate("Ann (work) <ann@example.net>", KeyAlgorithm::Ed25519, Some(&phrase)).unwrap();
    let imported = home.gpg(&["--import", &home.file("key", key.to_armored().unwrap().as_bytes())]);
    assert!(imported.status.success(), "{imported:?}");
    let file = home.file("message", "message");
    let output = home.gpg_with("secret", &["--detach-sign", "--output", "-", &file]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn user_ids_of_another_form_and_odd_sizes_are_refused() {
    assert!(matches!(SecretKey::generate("A(nn", KeyAlgorithm::Ed25519, None), Err(KeyError::UserId(_))));
    let tiny = KeyAlgorithm::Rsa { bits: 1024 };
    assert!(matches!(SecretKey::generate("Ann", tiny, None), Err(KeyError::Bits(1024))));
}

/// Bytes with a few of them changed.
fn damage(bytes: &[u8], changes: &[(Index, u8)]) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    for (place, value) in changes {
        damaged[place.index(bytes.len())] = *value;
    }
    damaged
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn damaged_signatures_and_keys_do_no_harm(changes in proptest::collection::vec(any::<(Index, u8)>(), 1..8)) {
        let rsa = include_str!("../vectors/signature_line.json");
        let line = rsa.split("\"line\": \"").nth(1).unwrap().split('"').next().unwrap();
        let key = KEY.with(|key| key.public_armored().unwrap());
        let own = KEY.with(|key| line::decode(&key.sign(b"message").unwrap()).unwrap());
        let keyring = keyring(&key);
        for packet in [line::decode(line).unwrap(), own] {
            let damaged = line::encode(&damage(&packet, &changes));
            // The unhashed part is not protected, so it may still be good.
            drop(verify(&keyring, &damaged));
        }
        let binary = parsed(&key).to_bytes().unwrap();
        drop(Keyring::default().add_all(&damage(&binary, &changes)));
    }
}

thread_local! {
    static KEY: SecretKey = new_key();
}
