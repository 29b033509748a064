//! A public key with everything that its owner signed about it, checked once when it is loaded.
//!
//! Times are not judged here: what was in force at a time is asked later, when a signature is verified.

use super::{Fingerprint, armor::KeyError};
use pgp::{
    composed::{SignedPublicKey, SignedPublicSubKey},
    packet::{PublicKey, PublicSubkey, Signature, SignatureType, SubpacketData},
    types::{KeyDetails, KeyVersion, Tag},
};
use std::{collections::BTreeMap, str::FromStr};

/// A public key, as its owner describes it.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) fingerprint: Fingerprint,
    pub(super) primary: PublicKey,
    pub(super) self_signatures: Vec<SelfSignature>,
    pub(super) revoked: bool,
    pub(super) subkeys: Vec<Subkey>,
}

/// A subkey, as the owner of the primary key describes it.
#[derive(Debug)]
pub(super) struct Subkey {
    pub(super) key: PublicSubkey,
    pub(super) bindings: Vec<SelfSignature>,
    pub(super) revoked: bool,
}

/// One valid statement of an owner about a key. Times are Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct SelfSignature {
    /// When it was made.
    pub(super) created: u64,
    /// When it stops to count.
    pub(super) expires: Option<u64>,
    /// How long the key lives from its own creation, in seconds.
    pub(super) key_lifetime: Option<u64>,
    /// Whether the key may sign data; `None` if the statement has no flags.
    pub(super) may_sign: Option<bool>,
    /// For subkeys: whether the subkey signed back that it belongs to the primary key.
    pub(super) cross_signed: bool,
}

impl Certificate {
    /// Checks what the key says of itself.
    pub(super) fn new(key: SignedPublicKey) -> Result<Self, KeyError> {
        let primary = key.primary_key;
        let fingerprint = fingerprint(&primary)?;
        let mut self_signatures: Vec<_> = key
            .details
            .direct_signatures
            .iter()
            .filter(|signature| kind(signature, SignatureType::Key) && signature.verify_key(&primary).is_ok())
            .map(SelfSignature::new)
            .collect();
        for user in &key.details.users {
            self_signatures.extend(user_statements(&primary, user));
        }
        if self_signatures.is_empty() {
            return Err(KeyError::NoSelfSignature(fingerprint.to_string()));
        }
        let revoked = key.details.revocation_signatures.iter().any(|signature| {
            kind(signature, SignatureType::KeyRevocation) && signature.verify_key(&primary).is_ok()
        });
        let subkeys = key.public_subkeys.iter().map(|subkey| Subkey::new(&primary, subkey)).collect();
        Ok(Self { fingerprint, primary, self_signatures, revoked, subkeys })
    }
}

/// The certifications of a user id that its owner has not taken back since.
fn user_statements(primary: &PublicKey, user: &pgp::types::SignedUser) -> Vec<SelfSignature> {
    let valid =
        |signature: &&Signature| signature.verify_certification(primary, Tag::UserId, &user.id).is_ok();
    let revoked_at = user
        .signatures
        .iter()
        .filter(|signature| kind(signature, SignatureType::CertRevocation))
        .filter(valid)
        .map(created)
        .max();
    let certifications =
        user.signatures.iter().filter(|signature| signature.is_certification()).filter(valid);
    certifications
        .filter(|signature| !kind(signature, SignatureType::CertRevocation))
        .filter(|signature| revoked_at.is_none_or(|revoked_at| created(signature) > revoked_at))
        .map(SelfSignature::new)
        .collect()
}

impl Subkey {
    fn new(primary: &PublicKey, subkey: &SignedPublicSubKey) -> Self {
        let valid = |signature: &&Signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok();
        let of_kind =
            |wanted| subkey.signatures.iter().filter(move |signature| kind(signature, wanted)).filter(valid);
        let bindings = of_kind(SignatureType::SubkeyBinding).map(|binding| SelfSignature {
            cross_signed: binding
                .embedded_signature()
                .is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok()),
            ..SelfSignature::new(binding)
        });
        Self {
            bindings: bindings.collect(),
            revoked: of_kind(SignatureType::SubkeyRevocation).next().is_some(),
            key: subkey.key.clone(),
        }
    }
}

impl SelfSignature {
    fn new(signature: &Signature) -> Self {
        let made = created(signature);
        let has_flags = signature.config().is_some_and(|config| {
            config.hashed_subpackets().any(|subpacket| matches!(subpacket.data, SubpacketData::KeyFlags(_)))
        });
        let seconds =
            |duration: pgp::types::Duration| Some(u64::from(duration.as_secs())).filter(|span| *span > 0);
        Self {
            created: made,
            expires: signature.signature_expiration_time().and_then(seconds).map(|span| made + span),
            key_lifetime: signature.key_expiration_time().and_then(seconds),
            may_sign: has_flags.then(|| signature.key_flags().sign()),
            cross_signed: false,
        }
    }
}

pub(super) fn created(signature: &Signature) -> u64 {
    signature.created().map_or(0, |time| u64::from(time.as_secs()))
}

fn kind(signature: &Signature, wanted: SignatureType) -> bool {
    signature.typ() == Some(wanted)
}

/// The fingerprint of a version 4 key.
pub(super) fn fingerprint(key: &impl KeyDetails) -> Result<Fingerprint, KeyError> {
    if key.version() != KeyVersion::V4 {
        return Err(KeyError::Version);
    }
    Fingerprint::from_str(&key.fingerprint().to_string()).map_err(|_| KeyError::Version)
}

/// Key ids of a certificate's keys, each with the place of its key: `None` for the primary key.
pub(super) fn key_ids(certificate: &Certificate) -> BTreeMap<[u8; 8], Option<usize>> {
    let subkeys = certificate.subkeys.iter().enumerate();
    let mut ids: BTreeMap<_, _> =
        subkeys.map(|(index, subkey)| (key_id(&subkey.key.legacy_key_id()), Some(index))).collect();
    ids.insert(key_id(&certificate.primary.legacy_key_id()), None);
    ids
}

/// The eight bytes of a key id.
pub(super) fn key_id(id: &pgp::types::KeyId) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(id.as_ref());
    bytes
}
