//! A public key with everything that its owner signed about it, checked once when it is loaded.
//!
//! Times are not judged here: what was in force at a time is asked later, when a signature is verified.

use super::{
    Fingerprint,
    packets::{PUBLIC_SUBKEY, USER_ID},
    policy, signature,
    transferable::{KeyError, Section, TransferableKey, header, signature_type, syntax},
};
use crate::json;
use pgp::{
    packet::{PublicKey, PublicSubkey, Signature, SignatureType, SubpacketData, UserId},
    types::{KeyDetails, KeyVersion, PublicParams, Tag},
};
use std::str::FromStr;

/// A public key, as its owner describes it.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) fingerprint: Fingerprint,
    pub(super) primary: PublicKey,
    /// Names that the key has signed, for people.
    pub(super) user_ids: Vec<String>,
    pub(super) self_signatures: Vec<SelfSignature>,
    pub(super) revoked: bool,
    pub(super) subkeys: Vec<Subkey>,
    /// What it was read from, to be merged with other copies and to be written again.
    pub(super) source: TransferableKey,
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
    pub(super) fn new(source: TransferableKey) -> Result<Self, KeyError> {
        let body = &source.primary.body;
        let primary =
            PublicKey::try_from_reader(header(Tag::PublicKey, body)?, body.as_slice()).map_err(syntax)?;
        let fingerprint = fingerprint(&primary)?;
        let direct = signatures(&source.primary)?;
        let mut self_signatures: Vec<_> = direct
            .iter()
            .filter(|signature| is_kind(signature, SignatureType::Key))
            .filter(|signature| policy::is_strong_self_signature(signature))
            .filter(|signature| signature.verify_key(&primary).is_ok())
            .map(SelfSignature::new)
            .collect();
        let mut user_ids = Vec::new();
        for user in source.others.iter().filter(|section| section.tag == USER_ID) {
            let statements = user_statements(&primary, user)?;
            if !statements.is_empty() {
                user_ids.push(json::lossy(&user.body));
            }
            self_signatures.extend(statements);
        }
        if self_signatures.is_empty() {
            return Err(KeyError::NoSelfSignature(fingerprint));
        }
        let revoked = direct.iter().any(|signature| is_key_revocation(signature, &primary, &direct));
        let subkeys = source.others.iter().filter(|section| section.tag == PUBLIC_SUBKEY);
        let subkeys = subkeys.filter_map(|section| Subkey::new(&primary, section).transpose());
        Ok(Self {
            fingerprint,
            user_ids,
            self_signatures,
            revoked,
            subkeys: subkeys.collect::<Result<_, _>>()?,
            primary,
            source,
        })
    }

    /// Algorithm of the primary key as GnuPG names it, such as `ed25519`, `rsa3072` or `nistp256`.
    pub(super) fn algorithm(&self) -> String {
        let key = self.primary.public_params();
        let name = match key {
            PublicParams::EdDSALegacy(_) => "ed25519".to_owned(),
            PublicParams::ECDSA(key) => key.curve().alias().unwrap_or("ecdsa").to_owned(),
            _ => format!("{:?}", self.primary.algorithm()).to_lowercase(),
        };
        let bits = signature::bits(key).map(|bits| bits.to_string()).unwrap_or_default();
        name + &bits
    }

    /// The parameters of the primary key, or of the subkey at a place.
    pub(super) fn parameters(&self, subkey: Option<usize>) -> Option<&PublicParams> {
        match subkey {
            None => Some(self.primary.public_params()),
            Some(index) => self.subkeys.get(index).map(|subkey| subkey.key.public_params()),
        }
    }

    /// Key ids of the keys, each with the place of its key: `None` for the primary key.
    pub(super) fn key_ids(&self) -> impl Iterator<Item = ([u8; 8], Option<usize>)> {
        let subkeys = self.subkeys.iter().enumerate();
        let subkeys = subkeys.map(|(index, subkey)| (key_id(&subkey.key.legacy_key_id()), Some(index)));
        std::iter::once((key_id(&self.primary.legacy_key_id()), None)).chain(subkeys)
    }
}

/// The certifications of a user id that its owner has not taken back since.
fn user_statements(primary: &PublicKey, section: &Section) -> Result<Vec<SelfSignature>, KeyError> {
    let id = UserId::try_from_reader(header(Tag::UserId, &section.body)?, section.body.as_slice())
        .map_err(syntax)?;
    let signatures = signatures(section)?;
    let valid = |signature: &&Signature| signature.verify_certification(primary, Tag::UserId, &id).is_ok();
    let revocations = signatures.iter().filter(|signature| is_kind(signature, SignatureType::CertRevocation));
    let revoked_at = revocations.filter(valid).map(created).max();
    let certifications = signatures
        .iter()
        .filter(|signature| {
            signature.is_certification() && !is_kind(signature, SignatureType::CertRevocation)
        })
        .filter(|signature| policy::is_strong_self_signature(signature))
        .filter(valid);
    Ok(certifications
        .filter(|signature| revoked_at.is_none_or(|revoked_at| created(signature) > revoked_at))
        .map(SelfSignature::new)
        .collect())
}

/// True for a revocation by the key itself, whatever its digest, and for one by a key that the owner appointed. The
/// latter is believed unseen: the other key may not be at hand, and to distrust a key by mistake is the lesser harm.
fn is_key_revocation(signature: &Signature, primary: &PublicKey, direct: &[Signature]) -> bool {
    let appointed = |fingerprint: &[u8]| {
        let mine = direct.iter().filter(|signature| signature.verify_key(primary).is_ok());
        mine.filter_map(Signature::revocation_key).any(|key| key.fingerprint.ends_with(fingerprint))
    };
    is_kind(signature, SignatureType::KeyRevocation)
        && (signature.verify_key(primary).is_ok()
            || signature.issuer_key_id().iter().any(|id| appointed(id.as_ref()))
            || signature.issuer_fingerprint().iter().any(|fingerprint| appointed(fingerprint.as_bytes())))
}

impl Subkey {
    /// `None` for a subkey of a kind that can not be read, and so can not verify anything.
    fn new(primary: &PublicKey, section: &Section) -> Result<Option<Self>, KeyError> {
        let header = header(Tag::PublicSubkey, &section.body)?;
        let Ok(key) = PublicSubkey::try_from_reader(header, section.body.as_slice()) else { return Ok(None) };
        let signatures = signatures(section)?;
        let valid = |signature: &&Signature| signature.verify_subkey_binding(primary, &key).is_ok();
        let of_kind =
            |kind| signatures.iter().filter(move |signature| is_kind(signature, kind)).filter(valid);
        let bindings = of_kind(SignatureType::SubkeyBinding)
            .filter(|binding| policy::is_strong_self_signature(binding))
            .map(|binding| SelfSignature {
                cross_signed: is_cross_signed(binding, &key, primary),
                ..SelfSignature::new(binding)
            })
            .collect();
        let revoked = of_kind(SignatureType::SubkeyRevocation).next().is_some();
        Ok(Some(Self { bindings, revoked, key }))
    }
}

/// Whether the subkey agrees to a binding. Without that, anybody could claim the signatures of another's subkey.
fn is_cross_signed(binding: &Signature, subkey: &PublicSubkey, primary: &PublicKey) -> bool {
    binding.embedded_signature().is_some_and(|back| {
        policy::is_strong_self_signature(back) && back.verify_primary_key_binding(subkey, primary).is_ok()
    })
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

/// The signatures of a section. One that can not be read counts for nothing - unless it is a revocation, which may
/// have been meant: then the key is not used.
fn signatures(section: &Section) -> Result<Vec<Signature>, KeyError> {
    let mut signatures = Vec::new();
    for body in &section.signatures {
        match Signature::try_from_reader(header(Tag::Signature, body)?, body.as_slice()) {
            Ok(signature) => signatures.push(signature),
            Err(error) if matches!(signature_type(body), Some(0x20 | 0x28)) => return Err(syntax(error)),
            Err(_) => {}
        }
    }
    Ok(signatures)
}

/// When a signature was made, in Unix seconds; 0 if it does not say.
pub(super) fn created(signature: &Signature) -> u64 {
    signature.created().map_or(0, |time| u64::from(time.as_secs()))
}

fn is_kind(signature: &Signature, kind: SignatureType) -> bool {
    signature.typ() == Some(kind)
}

/// The fingerprint of a version 4 key.
fn fingerprint(key: &impl KeyDetails) -> Result<Fingerprint, KeyError> {
    if key.version() != KeyVersion::V4 {
        return Err(KeyError::Version);
    }
    Fingerprint::from_str(&key.fingerprint().to_string()).map_err(|_| KeyError::Version)
}

/// The eight bytes of a key id.
pub(super) fn key_id(id: &pgp::types::KeyId) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(id.as_ref());
    bytes
}
