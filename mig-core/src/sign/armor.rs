//! Keys as armored text.

use super::{
    line::{checksum, push_wrapped},
    packets::{self, PUBLIC_KEY},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use pgp::{
    armor::Dearmor,
    composed::{PublicOrSecret, SignedPublicKey},
    ser::Serialize,
};
use std::io::{self, Cursor, Read};

/// Largest text or file of keys, in bytes.
pub(super) const MAX_KEYS_BYTES: usize = 64 << 20;

/// Why a key can not be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not OpenPGP, or of a kind that is not supported.
    #[error("the key cannot be read: {0}")]
    Syntax(String),
    /// Not exactly one key.
    #[error("the text holds {0} keys, exactly one is needed")]
    NotOne(usize),
    /// The file can not be read.
    #[error("the key cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Nothing that the key itself signed says who it is and what it may do.
    #[error("key {0} has no user id with a valid self-signature")]
    NoSelfSignature(String),
    /// A version with another kind of fingerprint.
    #[error("the key is not of version 4")]
    Version,
}

/// All keys of an armored text, or of binary packets; unreadable ones in their place.
pub(super) fn keys(text: &[u8]) -> Result<Vec<Result<SignedPublicKey, KeyError>>, KeyError> {
    if text.len() > MAX_KEYS_BYTES {
        return Err(too_large());
    }
    let (keys, _) = PublicOrSecret::from_reader_many_buf(Cursor::new(text)).map_err(syntax)?;
    Ok(keys
        .map(|key| match key.map_err(syntax)? {
            PublicOrSecret::Public(key) => Ok(key),
            PublicOrSecret::Secret(key) => Ok(key.to_public_key()),
        })
        .collect())
}

/// The one key of an armored text.
pub(super) fn one_key(armored: &str) -> Result<SignedPublicKey, KeyError> {
    let mut keys = keys(armored.as_bytes())?;
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => key,
        (None, _) => Err(KeyError::NotOne(0)),
        (Some(_), more) => Err(KeyError::NotOne(more + 1)),
    }
}

/// Writes the first public key of an armored text again, as the original does: packets in the new format and otherwise
/// to the byte, no headers, lines of 64, a checksum, no line feed at the end. Unlike the original it keeps revocations.
///
/// # Errors
/// [`KeyError`] if there is no public key.
pub fn rearmor_public_key(armored: &str) -> Result<String, KeyError> {
    if armored.len() > MAX_KEYS_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    Dearmor::new(Cursor::new(armored)).read_to_end(&mut bytes)?;
    let all =
        packets::split(&bytes).ok_or_else(|| KeyError::Syntax("packets without a length".to_owned()))?;
    let ends = |(index, (tag, _)): (usize, &(u8, &[u8]))| index > 0 && *tag == PUBLIC_KEY;
    let end = all.iter().enumerate().position(ends).unwrap_or(all.len());
    match all.get(..end) {
        Some(first @ [(PUBLIC_KEY, _), ..]) => {
            Ok(armor(&first.iter().flat_map(|(tag, body)| packets::frame(*tag, body)).collect::<Vec<u8>>()))
        }
        _ => Err(KeyError::NotOne(0)),
    }
}

pub(super) fn armor_public_key(key: &SignedPublicKey) -> Result<String, KeyError> {
    Ok(armor(&key.to_bytes().map_err(syntax)?))
}

fn armor(packets: &[u8]) -> String {
    let mut armored = String::from("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n");
    push_wrapped(&STANDARD.encode(packets), &mut armored);
    armored.push_str(&checksum(packets));
    armored.push_str("\n-----END PGP PUBLIC KEY BLOCK-----");
    armored
}

fn too_large() -> KeyError {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {MAX_KEYS_BYTES} bytes")).into()
}

#[allow(clippy::needless_pass_by_value, reason = "the form of an error mapping")]
pub(super) fn syntax(error: pgp::errors::Error) -> KeyError {
    KeyError::Syntax(error.to_string())
}
