//! Secret keys that this process holds: reading, writing, and signing with them.

use super::{
    Fingerprint, Passphrase, SignError, Signer, VerifyError, armor,
    certificate::{Certificate, key_id},
    keyring::unix_seconds,
    policy, signature,
    transferable::{self, KeyError, SECRET_LABEL, syntax},
    unlock,
};
use pgp::{
    composed::{Deserializable, SignedSecretKey},
    packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData},
    ser::Serialize,
    types::{KeyDetails, Password, SigningKey, Timestamp},
};
use rand08::rngs::OsRng;
use std::{fmt, time::SystemTime};
use zeroize::Zeroizing;

/// A secret key, and what its public half says about it. Erased from memory when dropped, never printed.
pub struct SecretKey {
    /// As it was read, locked or not.
    stored: SignedSecretKey,
    /// The same, without the locks that the passphrase opens.
    open: SignedSecretKey,
    certificate: Certificate,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SecretKey")
            .field("fingerprint", &self.certificate.fingerprint)
            .finish_non_exhaustive()
    }
}

impl SecretKey {
    /// Reads an exported armored secret key. Whether the passphrase opens it shows when it signs.
    ///
    /// # Errors
    /// [`KeyError`] if the text is not exactly one secret key.
    pub fn from_armored(armored: &str, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for block in armor::blocks(armored)? {
            let read = SignedSecretKey::from_bytes_many(block.as_slice()).map_err(syntax)?;
            keys.extend(read.collect::<Result<Vec<_>, _>>().map_err(syntax)?);
        }
        match (keys.pop(), keys.len()) {
            (Some(key), 0) => Self::new(key, passphrase),
            (None, _) => Err(KeyError::NotOne(0)),
            (Some(_), more) => Err(KeyError::NotOne(more + 1)),
        }
    }

    pub(super) fn new(stored: SignedSecretKey, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(stored.to_bytes().map_err(syntax)?);
        let source = transferable::keys(&bytes)?.pop().ok_or(KeyError::NotOne(0))??;
        let certificate = Certificate::new(source)?;
        let open = unlock::open(&stored, &passphrase.map_or_else(Password::empty, Password::from))?;
        Ok(Self { stored, open, certificate })
    }

    /// True if a passphrase protects it.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.stored.primary_key.secret_params().is_encrypted()
    }

    /// The first name that the key has signed, such as `Ada <ada@example.org>`. Whoever made the key chose it: it proves
    /// nothing, and may hold control characters.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.certificate.user_ids.first().map(String::as_str)
    }

    /// Its algorithm as GnuPG names it, such as `ed25519`, `rsa3072` or `nistp256`.
    #[must_use]
    pub fn algorithm(&self) -> String {
        self.certificate.algorithm()
    }

    /// The same key, locked with another passphrase, or with none.
    ///
    /// # Errors
    /// [`KeyError::Locked`] if this key is not open.
    pub fn with_passphrase(&self, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        let mut key = self.open.clone();
        if unlock::is_locked(&key) {
            return Err(KeyError::Locked(self.certificate.fingerprint.clone()));
        }
        if let Some(passphrase) = passphrase {
            let password = Password::from(passphrase);
            key.primary_key.set_password(OsRng, &password).map_err(syntax)?;
            for subkey in &mut key.secret_subkeys {
                subkey.key.set_password(OsRng, &password).map_err(syntax)?;
            }
        }
        Self::new(key, passphrase)
    }

    /// The secret key as armored text, locked as it was read or made.
    ///
    /// # Errors
    /// If the key can not be written.
    pub fn to_armored(&self) -> Result<Zeroizing<String>, KeyError> {
        let bytes = Zeroizing::new(self.stored.to_bytes().map_err(syntax)?);
        Ok(Zeroizing::new(armor::armor(SECRET_LABEL, &bytes)))
    }

    /// The public half as armored text.
    ///
    /// # Errors
    /// If the key can not be written.
    pub fn public_armored(&self) -> Result<String, KeyError> {
        Ok(self.certificate.source.to_armored())
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key to sign with now: the primary key as the original does, or else a subkey that may.
    fn signing_place(&self) -> Result<Option<usize>, VerifyError> {
        let now = unix_seconds(SystemTime::now());
        let usable = |place: &Option<usize>| policy::check_key(&self.certificate, *place, now).is_ok();
        let subkeys = (0..self.certificate.subkeys.len()).map(Some);
        match policy::check_key(&self.certificate, None, now) {
            Ok(()) => Ok(None),
            Err(error) => subkeys.filter(|place| self.secret(*place).is_some()).find(usable).ok_or(error),
        }
    }

    /// The opened secret key at a place of the certificate; `None` if it is locked or not there.
    fn secret(&self, place: Option<usize>) -> Option<&dyn SigningKey> {
        let Some(index) = place else {
            let primary = &self.open.primary_key;
            return (!primary.secret_params().is_encrypted()).then_some(primary);
        };
        let wanted = key_id(&self.certificate.subkeys.get(index)?.key.legacy_key_id());
        let subkeys = self.open.secret_subkeys.iter().map(|subkey| &subkey.key);
        let mut open = subkeys.filter(|subkey| !subkey.secret_params().is_encrypted());
        open.find(|subkey| key_id(&subkey.legacy_key_id()) == wanted).map(|subkey| subkey as &dyn SigningKey)
    }
}

impl Signer for SecretKey {
    fn fingerprint(&self) -> &Fingerprint {
        &self.certificate.fingerprint
    }

    /// Signs with type 0x00. The digest is SHA-256 as in the original, longer for curves that need it.
    fn sign(&self, message: &[u8]) -> Result<String, SignError> {
        let failed = |error: pgp::errors::Error| SignError::Failed {
            fingerprint: self.certificate.fingerprint.clone(),
            reason: error.to_string(),
        };
        let place = self.signing_place().map_err(SignError::Refused)?;
        let locked = || SignError::Locked(self.certificate.fingerprint.clone());
        let key = self.secret(place).ok_or_else(locked)?;
        let mut config =
            SignatureConfig::v4(SignatureType::Binary, key.algorithm(), key.public_params().hash_alg());
        config.hashed_subpackets = vec![
            Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::now())).map_err(failed)?,
            Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id())).map_err(failed)?,
        ];
        let signature = config.sign(&Box::new(key), &Password::empty(), message).map_err(failed)?;
        let body = signature.to_bytes().map_err(failed)?;
        Ok(signature::to_line(&body, key.public_params()))
    }
}
