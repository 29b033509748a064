//! Keys as they travel: a primary key, then user ids and subkeys, each followed by the signatures over it.

use super::{
    Fingerprint,
    armor::{self, ArmorError},
    packets::{
        self, PUBLIC_KEY, PUBLIC_SUBKEY, SECRET_KEY, SECRET_SUBKEY, SIGNATURE, USER_ATTRIBUTE, USER_ID,
        Unframed,
    },
};
use pgp::{
    packet::{PacketHeader, SecretKey, SecretSubkey},
    ser::Serialize,
    types::Tag,
};
use std::io;

/// Largest text or file of keys, in bytes.
pub(super) const MAX_KEYS_BYTES: usize = 64 << 20;
/// What armored public keys are called.
pub(super) const PUBLIC_LABEL: &str = "PGP PUBLIC KEY BLOCK";
/// What armored secret keys are called.
pub(super) const SECRET_LABEL: &str = "PGP PRIVATE KEY BLOCK";

/// Why a key can not be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not armored text.
    #[error(transparent)]
    Armor(#[from] ArmorError),
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
    NoSelfSignature(Fingerprint),
    /// A version with another kind of fingerprint.
    #[error("the key is not of version 4")]
    Version,
    /// Text that can not name the owner of a new key.
    #[error("'{0}' is no user id: 'name (comment) <mail>' is wanted, without control characters")]
    UserId(String),
    /// A size of RSA keys that is not offered.
    #[error("{0} bits are not between 2048 and 4096")]
    Bits(u32),
    /// The passphrase is missing or wrong.
    #[error("key {0} does not open: the passphrase is missing or wrong")]
    Locked(Fingerprint),
}

/// One public key, well framed and in order, but not checked otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransferableKey {
    pub(super) primary: Section,
    /// User ids, user attributes and subkeys, in the order of the source.
    pub(super) others: Vec<Section>,
}

/// A packet and the signatures over it, without their frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) tag: u8,
    pub(super) body: Vec<u8>,
    pub(super) signatures: Vec<Vec<u8>>,
}

/// All keys of an armored text, or of binary packets; what can not be read stays in its place as an error.
pub(super) fn keys(source: &[u8]) -> Result<Vec<Result<TransferableKey, KeyError>>, KeyError> {
    if source.len() > MAX_KEYS_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than {MAX_KEYS_BYTES} bytes"),
        )
        .into());
    }
    // The first bit of a packet is always set, that of text never.
    let mut keys = Vec::new();
    if source.first().is_some_and(|byte| byte & 0x80 != 0) {
        add_keys(source, &mut keys);
    } else {
        let text = std::str::from_utf8(source).map_err(|error| KeyError::Syntax(error.to_string()))?;
        armor::blocks(text)?.iter().for_each(|block| add_keys(block, &mut keys));
    }
    Ok(keys)
}

/// The one key of an armored text.
pub(super) fn one_key(armored: &str) -> Result<TransferableKey, KeyError> {
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
/// [`KeyError`] if there is no key.
pub fn rearmor_public_key(armored: &str) -> Result<String, KeyError> {
    let first = keys(armored.as_bytes())?.into_iter().next().ok_or(KeyError::NotOne(0))?;
    Ok(first?.to_armored())
}

/// Adds the keys of packets. Packets before the first primary key go on with the last key of the block before, like a
/// revocation certificate behind an exported key.
fn add_keys(bytes: &[u8], keys: &mut Vec<Result<TransferableKey, KeyError>>) {
    for packet in packets::split(bytes) {
        match (packet, keys.last_mut()) {
            (Ok((tag @ (PUBLIC_KEY | SECRET_KEY), body)), _) => keys.push(TransferableKey::start(tag, body)),
            // What follows an unreadable primary key belongs to it.
            (Ok(_), Some(Err(_))) => {}
            (Ok((tag, body)), Some(Ok(key))) => {
                if let Err(error) = key.push(tag, body) {
                    keys.pop();
                    keys.push(Err(error));
                }
            }
            (Ok((tag, _)), None) => {
                keys.push(Err(KeyError::Syntax(format!("it begins with a packet of type {tag}"))));
            }
            (Err(Unframed { tag }), _) => {
                if !matches!(tag, Some(PUBLIC_KEY | SECRET_KEY)) {
                    // Not the beginning of another key, so it is the last one that is incomplete.
                    keys.pop();
                }
                keys.push(Err(KeyError::Syntax("a packet does not end where it says".to_owned())));
            }
        }
    }
}

impl TransferableKey {
    fn start(tag: u8, body: &[u8]) -> Result<Self, KeyError> {
        Ok(Self { primary: Section::new(tag, body)?, others: Vec::new() })
    }

    /// Adds a packet that follows the primary key. Markers, trust and what nobody knows are left out.
    fn push(&mut self, tag: u8, body: &[u8]) -> Result<(), KeyError> {
        match tag {
            SIGNATURE => {
                let last = self.others.last_mut().filter(|_| !is_about_primary_key(body));
                last.unwrap_or(&mut self.primary).signatures.push(body.to_vec());
            }
            USER_ID | USER_ATTRIBUTE | PUBLIC_SUBKEY | SECRET_SUBKEY => {
                self.others.push(Section::new(tag, body)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds what another copy of the same key knows more. Copies grow apart: one may hold a revocation that the other
    /// lacks, and the revocation must count.
    pub(super) fn merge(&mut self, other: Self) {
        self.primary.merge(other.primary);
        for section in other.others {
            match self.others.iter_mut().find(|mine| mine.tag == section.tag && mine.body == section.body) {
                Some(mine) => mine.merge(section),
                None => self.others.push(section),
            }
        }
    }

    /// The key as armored text.
    pub(super) fn to_armored(&self) -> String {
        let sections = std::iter::once(&self.primary).chain(&self.others);
        let packets: Vec<u8> = sections.flat_map(Section::to_bytes).collect();
        armor::armor(PUBLIC_LABEL, &packets)
    }
}

impl Section {
    /// A secret key counts as its public half.
    fn new(tag: u8, body: &[u8]) -> Result<Self, KeyError> {
        let (tag, body) = match tag {
            SECRET_KEY => {
                let key = SecretKey::try_from_reader(header(Tag::SecretKey, body)?, body).map_err(syntax)?;
                (PUBLIC_KEY, key.public_key().to_bytes().map_err(syntax)?)
            }
            SECRET_SUBKEY => {
                let key =
                    SecretSubkey::try_from_reader(header(Tag::SecretSubkey, body)?, body).map_err(syntax)?;
                (PUBLIC_SUBKEY, key.public_key().to_bytes().map_err(syntax)?)
            }
            tag => (tag, body.to_vec()),
        };
        Ok(Self { tag, body, signatures: Vec::new() })
    }

    fn merge(&mut self, other: Self) {
        for signature in other.signatures {
            if !self.signatures.contains(&signature) {
                self.signatures.push(signature);
            }
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().flat_map(|signature| packets::frame(SIGNATURE, signature));
        packets::frame(self.tag, &self.body).into_iter().chain(signatures).collect()
    }
}

/// True for signatures over the primary key alone, which belong right behind it: appended to an exported key, a
/// revocation certificate must not be taken for a signature over the last subkey, and be lost.
fn is_about_primary_key(signature: &[u8]) -> bool {
    matches!(signature_type(signature), Some(0x1f | 0x20))
}

/// The type of a signature of version 3 or 4, also if the rest can not be read.
pub(super) fn signature_type(signature: &[u8]) -> Option<u8> {
    match signature {
        [4, kind, ..] | [3, _, kind, ..] => Some(*kind),
        _ => None,
    }
}

/// The header that the library wants to see before a body.
pub(super) fn header(tag: Tag, body: &[u8]) -> Result<PacketHeader, KeyError> {
    let length = u32::try_from(body.len()).map_err(|error| KeyError::Syntax(error.to_string()))?;
    Ok(PacketHeader::new_fixed(tag, length))
}

#[allow(clippy::needless_pass_by_value, reason = "the form of an error mapping")]
pub(super) fn syntax(error: pgp::errors::Error) -> KeyError {
    KeyError::Syntax(error.to_string())
}
