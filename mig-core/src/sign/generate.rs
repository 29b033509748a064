//! Making new keys.

use super::{
    Passphrase, SecretKey,
    signature::{is_full_length, modulus_bytes},
    transferable::{KeyError, syntax},
};
use pgp::{
    composed::{
        EncryptionCaps, KeyType, SecretKeyParams, SecretKeyParamsBuilder, SubkeyParams, SubkeyParamsBuilder,
    },
    crypto::{ecc_curve::ECCCurve, hash::HashAlgorithm, sym::SymmetricKeyAlgorithm},
    types::{CompressionAlgorithm, KeyVersion},
};
use rand08::rngs::OsRng;
use std::fmt::Display;

/// Longest user id of a new key, in bytes.
const MAX_USER_ID_BYTES: usize = 256;

/// The kind of a new key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Ed25519 with a Curve25519 subkey for encryption. Agents of the original can not read a keyring with such a key.
    #[default]
    Ed25519,
    /// RSA of 2048 to 4096 bits, with a subkey of the same size: for fleets that still have agents of the original.
    Rsa {
        /// Size in bits.
        bits: u32,
    },
}

impl SecretKey {
    /// Makes a key that may certify and sign, with a subkey for encryption, without expiry.
    ///
    /// `user_id` is for people: `name`, `name <mail>` or `name (comment) <mail>`. With a passphrase the secret half is
    /// locked.
    ///
    /// # Errors
    /// [`KeyError`] for RSA sizes outside 2048 to 4096 bits, or a user id of another form.
    pub fn generate(
        user_id: &str,
        algorithm: KeyAlgorithm,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, KeyError> {
        if !is_user_id(user_id) {
            return Err(KeyError::UserId(user_id.chars().take(80).collect()));
        }
        let key = loop {
            let made = parameters(user_id, algorithm)?.generate(OsRng).map_err(syntax)?;
            let key = Self::new(made, None)?;
            // One RSA key in 128 has a self-signature that is too short for the original.
            if original_reads(&key) {
                break key;
            }
        };
        if passphrase.is_some() { key.with_passphrase(passphrase) } else { Ok(key) }
    }
}

fn parameters(user_id: &str, algorithm: KeyAlgorithm) -> Result<SecretKeyParams, KeyError> {
    let (primary, encryption) = match algorithm {
        KeyAlgorithm::Ed25519 => (KeyType::Ed25519Legacy, KeyType::ECDH(ECCCurve::Curve25519Legacy)),
        KeyAlgorithm::Rsa { bits: bits @ 2048..=4096 } => (KeyType::Rsa(bits), KeyType::Rsa(bits)),
        KeyAlgorithm::Rsa { bits } => return Err(KeyError::Bits(bits)),
    };
    SecretKeyParamsBuilder::default()
        .version(KeyVersion::V4)
        .key_type(primary)
        .can_certify(true)
        .can_sign(true)
        .primary_user_id(user_id.to_owned())
        .preferred_symmetric_algorithms(
            vec![SymmetricKeyAlgorithm::AES256, SymmetricKeyAlgorithm::AES128].into(),
        )
        .preferred_hash_algorithms(vec![HashAlgorithm::Sha256, HashAlgorithm::Sha512].into())
        .preferred_compression_algorithms(vec![CompressionAlgorithm::ZLIB].into())
        .subkey(encryption_subkey(encryption)?)
        .build()
        .map_err(invalid)
}

fn encryption_subkey(key_type: KeyType) -> Result<SubkeyParams, KeyError> {
    SubkeyParamsBuilder::default()
        .version(KeyVersion::V4)
        .key_type(key_type)
        .can_encrypt(EncryptionCaps::All)
        .build()
        .map_err(invalid)
}

fn invalid(error: impl Display) -> KeyError {
    KeyError::Syntax(error.to_string())
}

/// The original does not pad short RSA values, and drops a key whose self-signatures it can not verify.
fn original_reads(key: &SecretKey) -> bool {
    let certificate = key.certificate();
    let Some(modulus) = certificate.parameters(None).and_then(modulus_bytes) else { return true };
    let sections = certificate.source.others.iter();
    sections.flat_map(|section| &section.signatures).all(|body| is_full_length(body, modulus))
}

/// True for `name`, `name <mail>`, `name (comment)` and `name (comment) <mail>`, whose parts hold none of `( ) < >`.
fn is_user_id(text: &str) -> bool {
    let (rest, mail) = strip_part(text, " <", '>');
    let (name, comment) = strip_part(rest, " (", ')');
    let clean = |part: &str| !part.contains(['(', ')', '<', '>']) && !part.contains(char::is_control);
    text.len() <= MAX_USER_ID_BYTES
        && !name.trim().is_empty()
        && [name, comment.unwrap_or_default(), mail.unwrap_or_default()].into_iter().all(clean)
}

/// Splits off a part at the end that is enclosed by `opening` and `closing`.
fn strip_part<'a>(text: &'a str, opening: &str, closing: char) -> (&'a str, Option<&'a str>) {
    match text.strip_suffix(closing).and_then(|text| text.rsplit_once(opening)) {
        Some((rest, part)) => (rest, Some(part)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::is_user_id;

    #[test]
    fn user_ids_are_a_name_a_comment_and_a_mail() {
        for good in
            ["Ann", "Ann <ann@example.net>", "Ann (work) <ann@example.net>", "Änn (x)", "ann@example.net"]
        {
            assert!(is_user_id(good), "{good}");
        }
    }

    #[test]
    fn user_ids_with_brackets_or_control_characters_in_a_part_are_refused() {
        for bad in
            ["", " ", "A(nn", "Ann <a<b>", "Ann (a(b)) <c>", "Ann\0", "Ann\n<a@b>", " <ann@example.net>"]
        {
            assert!(!is_user_id(bad), "{bad:?}");
        }
        assert!(!is_user_id(&"a".repeat(257)));
    }
}
