//! Secret keys that this process holds: making, reading, writing them, and signing.

use super::{
    Fingerprint,
    armor::{KeyError, armor_public_key, syntax},
    certificate::fingerprint,
    line, packets,
};
use pgp::{
    composed::{
        ArmorOptions, Deserializable, EncryptionCaps, KeyType, SecretKeyParamsBuilder, SignedSecretKey,
        SubkeyParamsBuilder,
    },
    crypto::{ecc_curve::ECCCurve, hash::HashAlgorithm},
    packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData},
    types::{EcdsaPublicParams, KeyDetails, KeyVersion, Password, PublicParams, SignatureBytes, Timestamp},
};
use rand08::rngs::OsRng;
use std::{fmt, io::Cursor};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Somebody who can sign, wherever the key lives.
pub trait Signer: fmt::Debug {
    /// The primary key.
    fn fingerprint(&self) -> &Fingerprint;

    /// Signs a message and gives the one-line form.
    ///
    /// # Errors
    /// [`SignError`] if the key is locked or can not sign.
    fn sign(&self, message: &[u8]) -> Result<String, SignError>;
}

/// What opens a locked key. Erased from memory when dropped, never printed.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

impl From<String> for Passphrase {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

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

/// Why nothing was signed.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The passphrase is missing or wrong.
    #[error("key {0} does not open: the passphrase is missing or wrong")]
    Locked(Fingerprint),
    /// The key can not sign.
    #[error("key {fingerprint} cannot sign: {reason}")]
    Failed {
        /// Which key.
        fingerprint: Fingerprint,
        /// What the library says.
        reason: String,
    },
}

/// A secret key, locked or not, with what opens it.
pub struct SecretKey {
    key: SignedSecretKey,
    fingerprint: Fingerprint,
    password: Password,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SecretKey").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl SecretKey {
    /// Makes a key that may certify and sign, with a subkey for encryption, without expiry.
    ///
    /// `user_id` is for people, usually `name <mail>`. With a passphrase the secret half is locked.
    ///
    /// # Errors
    /// [`KeyError`] for RSA sizes outside 2048 to 4096 bits, or an empty user id.
    pub fn generate(
        user_id: &str,
        algorithm: KeyAlgorithm,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, KeyError> {
        if user_id.trim().is_empty() || user_id.contains('\0') {
            return Err(KeyError::Syntax("a user id such as 'Ann <ann@example.net>' is needed".to_owned()));
        }
        let (primary, encryption) = match algorithm {
            KeyAlgorithm::Ed25519 => (KeyType::Ed25519Legacy, KeyType::ECDH(ECCCurve::Curve25519Legacy)),
            KeyAlgorithm::Rsa { bits: bits @ 2048..=4096 } => (KeyType::Rsa(bits), KeyType::Rsa(bits)),
            KeyAlgorithm::Rsa { bits } => {
                return Err(KeyError::Syntax(format!("{bits} bits are not between 2048 and 4096")));
            }
        };
        let phrase = passphrase.map(|passphrase| passphrase.0.clone());
        let subkey = SubkeyParamsBuilder::default()
            .version(KeyVersion::V4)
            .key_type(encryption)
            .can_encrypt(EncryptionCaps::All)
            .passphrase(phrase.clone())
            .build()
            .map_err(|error| KeyError::Syntax(error.to_string()))?;
        let parameters = SecretKeyParamsBuilder::default()
            .version(KeyVersion::V4)
            .key_type(primary)
            .can_certify(true)
            .can_sign(true)
            .primary_user_id(user_id.to_owned())
            .passphrase(phrase)
            .subkey(subkey)
            .build()
            .map_err(|error| KeyError::Syntax(error.to_string()))?;
        let key = parameters.generate(OsRng).map_err(syntax)?;
        Self::new(key, passphrase)
    }

    /// Reads an exported armored secret key. Whether the passphrase opens it shows when it signs.
    ///
    /// # Errors
    /// [`KeyError`] if the text is not exactly one secret key.
    pub fn from_armored(armored: &str, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        let (keys, _) = SignedSecretKey::from_armor_many(Cursor::new(armored)).map_err(syntax)?;
        let mut keys = keys.collect::<Result<Vec<_>, _>>().map_err(syntax)?;
        match (keys.pop(), keys.len()) {
            (Some(key), 0) => Self::new(key, passphrase),
            (None, _) => Err(KeyError::NotOne(0)),
            (Some(_), more) => Err(KeyError::NotOne(more + 1)),
        }
    }

    fn new(key: SignedSecretKey, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        let fingerprint = fingerprint(&key.primary_key)?;
        let password = passphrase.map_or_else(Password::empty, |passphrase| passphrase.0.as_str().into());
        Ok(Self { key, fingerprint, password })
    }

    /// True if a passphrase protects it.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.key.primary_key.secret_params().is_encrypted()
    }

    /// The secret key as armored text, locked as it is.
    ///
    /// # Errors
    /// If the key can not be written.
    pub fn to_armored(&self) -> Result<String, KeyError> {
        self.key.to_armored_string(ArmorOptions::default()).map_err(syntax)
    }

    /// The public half as armored text.
    ///
    /// # Errors
    /// If the key can not be written.
    pub fn public_armored(&self) -> Result<String, KeyError> {
        armor_public_key(&self.key.to_public_key())
    }

    /// Size of the primary key's modulus in bytes, if it is an RSA key.
    fn modulus_bytes(&self) -> Option<usize> {
        use pgp::crypto::public_key::PublicKeyAlgorithm;
        match self.key.primary_key.public_params() {
            PublicParams::RSA(_) if self.key.primary_key.algorithm() == PublicKeyAlgorithm::RSA => {
                // The parameters are an integer each for modulus and exponent, the modulus first.
                let bytes = pgp::ser::Serialize::to_bytes(self.key.primary_key.public_params()).ok()?;
                let bits = u16::from_be_bytes(*bytes.first_chunk()?);
                Some(usize::from(bits).div_ceil(8))
            }
            _ => None,
        }
    }
}

impl Signer for SecretKey {
    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Signs with the primary key and type 0x00, as the original does.
    fn sign(&self, message: &[u8]) -> Result<String, SignError> {
        let failed = |error: pgp::errors::Error| SignError::Failed {
            fingerprint: self.fingerprint.clone(),
            reason: error.to_string(),
        };
        let key = &self.key.primary_key;
        let unlocked = key.unlock(&self.password, |_, _| Ok(()));
        if !matches!(unlocked, Ok(Ok(()))) {
            return Err(SignError::Locked(self.fingerprint.clone()));
        }
        let digest = digest(key.public_params());
        let mut config = SignatureConfig::v4(SignatureType::Binary, key.algorithm(), digest);
        config.hashed_subpackets = vec![
            Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::now())).map_err(failed)?,
            Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id())).map_err(failed)?,
        ];
        let signature = config.sign(key, &self.password, message).map_err(failed)?;
        let mut body = pgp::ser::Serialize::to_bytes(&signature).map_err(failed)?;
        if let (Some(modulus), Some(SignatureBytes::Mpis(integers))) =
            (self.modulus_bytes(), signature.signature())
        {
            let short: usize = integers.iter().map(|integer| integer.len() + 2).sum();
            let value = integers.first().map(AsRef::as_ref).unwrap_or_default();
            body.truncate(body.len().saturating_sub(short));
            body.extend(padded_integer(value, modulus));
        }
        Ok(line::encode(&packets::frame(packets::SIGNATURE, &body)))
    }
}

/// An RSA value as agents of the original need it: as many bytes as the modulus, with a bit count to match.
fn padded_integer(value: &[u8], modulus_bytes: usize) -> Vec<u8> {
    let bits = u16::try_from(modulus_bytes * 8).unwrap_or(u16::MAX);
    let mut integer = bits.to_be_bytes().to_vec();
    integer.resize(2 + modulus_bytes.saturating_sub(value.len()), 0);
    integer.extend(value);
    integer
}

/// SHA-256 as the original, but for curves that need a longer digest.
fn digest(parameters: &PublicParams) -> HashAlgorithm {
    match parameters {
        PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) => HashAlgorithm::Sha384,
        PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) => HashAlgorithm::Sha512,
        _ => HashAlgorithm::Sha256,
    }
}
