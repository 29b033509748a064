//! What counts as a good signature. Meant to be read from top to bottom.

use super::{
    Fingerprint,
    certificate::{Certificate, SelfSignature, created},
    line::LineError,
    signature::{self, modulus_bytes},
};
use pgp::{
    crypto::hash::HashAlgorithm,
    packet::{Signature, SignatureType, SignatureVersion, Subpacket, SubpacketType},
    types::{EcdsaPublicParams, KeyDetails, PublicParams},
};

/// How far a signer's clock may be ahead of ours, in seconds.
pub(super) const CLOCK_TOLERANCE_SECONDS: u64 = 300;

/// The smallest RSA modulus that counts, in bytes: what is smaller can be factored by one person.
const MIN_MODULUS_BYTES: usize = 128;

/// Digests for signatures over data. Not MD5, SHA-1, RIPEMD-160, or whatever comes.
const DATA_DIGESTS: &[HashAlgorithm] = &[
    HashAlgorithm::Sha224,
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
    HashAlgorithm::Sha3_256,
    HashAlgorithm::Sha3_512,
];

/// Subpackets that are honoured here, or that say nothing about whether a signature counts. A critical one of another
/// type, such as a notation, is not understood.
const KNOWN_SUBPACKETS: &[SubpacketType] = &[
    SubpacketType::SignatureCreationTime,
    SubpacketType::SignatureExpirationTime,
    SubpacketType::KeyExpirationTime,
    SubpacketType::KeyFlags,
    SubpacketType::EmbeddedSignature,
    SubpacketType::IssuerKeyId,
    SubpacketType::IssuerFingerprint,
    SubpacketType::RevocationKey,
    SubpacketType::RevocationReason,
    SubpacketType::Revocable,
    SubpacketType::ExportableCertification,
    SubpacketType::PrimaryUserId,
    SubpacketType::Features,
    SubpacketType::PreferredSymmetricAlgorithms,
    SubpacketType::PreferredHashAlgorithms,
    SubpacketType::PreferredCompressionAlgorithms,
    SubpacketType::PreferredAead,
    SubpacketType::KeyServerPreferences,
];

/// Why a signature is not good.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not a signature in one-line form.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Not OpenPGP packets.
    #[error("the signature cannot be read: {0}")]
    Syntax(String),
    /// No signature packet.
    #[error("there is no signature in the text")]
    Empty,
    /// None of the issuers is in the keyring.
    #[error("the signature is by unknown key {0}")]
    UnknownSigner(String),
    /// Another version than 3 and 4.
    #[error("the signature by {0} is neither of version 3 nor 4")]
    Version(Fingerprint),
    /// Another type than 0x00.
    #[error("the signature by {0} is not over binary data (type 0x00)")]
    Type(Fingerprint),
    /// A digest that is not trusted for signatures over data.
    #[error("the signature by {0} uses the digest {1}, which is too weak")]
    WeakDigest(Fingerprint, String),
    /// A critical part that is not understood.
    #[error("the signature by {0} has a critical part that is not known")]
    UnknownCritical(Fingerprint),
    /// Made later than now.
    #[error("the signature by {0} was made in the future")]
    FromFuture(Fingerprint),
    /// Made before its key.
    #[error("the signature by {0} is older than the key")]
    OlderThanKey(Fingerprint),
    /// Its own time is over.
    #[error("the signature by {0} has expired")]
    SignatureExpired(Fingerprint),
    /// The key, or the subkey that signed, was revoked.
    #[error("key {0} is revoked")]
    KeyRevoked(Fingerprint),
    /// The key, or the subkey that signed, has expired or is not valid yet.
    #[error("key {0} is not valid at this time: it has expired, or was made later")]
    KeyNotValid(Fingerprint),
    /// The key may not sign data.
    #[error("key {0} may not sign data")]
    NotForSigning(Fingerprint),
    /// The key is too small, or on a curve that is not accepted.
    #[error("key {0} is too weak, or of a kind that is not accepted")]
    WeakKey(Fingerprint),
    /// The subkey has not signed back that it belongs to the key.
    #[error("the signing subkey of {0} has not confirmed that it belongs to it")]
    NotCrossSigned(Fingerprint),
    /// The bytes are not what was signed.
    #[error("the signature by {0} does not fit what it should sign")]
    Bad(Fingerprint),
}

/// Checks one signature packet by one key of a certificate, at a time in Unix seconds.
///
/// `subkey` is the place of the subkey that the issuer names, `None` for the primary key. In this order: form, times of
/// the signature, state of the key, mathematics.
pub(super) fn check(
    signature: &Signature,
    certificate: &Certificate,
    subkey: Option<usize>,
    message: &[u8],
    now: u64,
) -> Result<(), VerifyError> {
    let signer = || certificate.fingerprint.clone();
    check_form(signature, &signer)?;
    check_times(signature, now, &signer)?;
    check_key(certificate, subkey, now)?;
    let (key_created, verified) = match subkey.and_then(|index| certificate.subkeys.get(index)) {
        None => {
            (certificate.primary.created_at(), signature::verify(signature, &certificate.primary, message))
        }
        Some(subkey) => (subkey.key.created_at(), signature::verify(signature, &subkey.key, message)),
    };
    verified.map_err(|_| VerifyError::Bad(signer()))?;
    if created(signature) < u64::from(key_created.as_secs()) {
        return Err(VerifyError::OlderThanKey(signer()));
    }
    Ok(())
}

/// Whether a self-signature counts: one over a user id, a key, or a subkey and back.
///
/// SHA-1 is accepted here, as GnuPG does: keys made by old versions have nothing else, and the owner chooses every byte
/// below it, so that an attacker needs a second preimage and not a collision.
pub(super) fn is_strong_self_signature(signature: &Signature) -> bool {
    let digest = signature.hash_alg();
    digest.is_some_and(|digest| DATA_DIGESTS.contains(&digest) || digest == HashAlgorithm::Sha1)
        && understands(signature)
}

fn check_form(signature: &Signature, signer: &dyn Fn() -> Fingerprint) -> Result<(), VerifyError> {
    if !matches!(signature.version(), SignatureVersion::V3 | SignatureVersion::V4) {
        return Err(VerifyError::Version(signer()));
    }
    if signature.typ() != Some(SignatureType::Binary) {
        return Err(VerifyError::Type(signer()));
    }
    let digest = signature.hash_alg();
    if !digest.is_some_and(|digest| DATA_DIGESTS.contains(&digest)) {
        let name = digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
        return Err(VerifyError::WeakDigest(signer(), name));
    }
    if understands(signature) { Ok(()) } else { Err(VerifyError::UnknownCritical(signer())) }
}

/// True if nothing in the signature is critical and unknown. Both areas count, as in the original.
fn understands(signature: &Signature) -> bool {
    let known = |subpacket: &Subpacket| !subpacket.is_critical || KNOWN_SUBPACKETS.contains(&subpacket.typ());
    signature.config().is_some_and(|config| {
        config.hashed_subpackets().all(known) && config.unhashed_subpackets().all(known)
    })
}

fn check_times(signature: &Signature, now: u64, signer: &dyn Fn() -> Fingerprint) -> Result<(), VerifyError> {
    let made = created(signature);
    if made > now.saturating_add(CLOCK_TOLERANCE_SECONDS) {
        return Err(VerifyError::FromFuture(signer()));
    }
    let lifetime = signature.signature_expiration_time().map_or(0, |span| u64::from(span.as_secs()));
    if lifetime > 0 && now >= made.saturating_add(lifetime) {
        return Err(VerifyError::SignatureExpired(signer()));
    }
    Ok(())
}

/// Whether the primary key or a subkey may sign data at a time in Unix seconds. The primary key must be in force even
/// if a subkey signs.
pub(super) fn check_key(
    certificate: &Certificate,
    subkey: Option<usize>,
    now: u64,
) -> Result<(), VerifyError> {
    let signer = || certificate.fingerprint.clone();
    check_strength(certificate.parameters(None), &signer)?;
    if certificate.revoked {
        return Err(VerifyError::KeyRevoked(signer()));
    }
    let statement =
        in_force(&certificate.self_signatures, now).ok_or_else(|| VerifyError::KeyNotValid(signer()))?;
    check_lifetime(statement, u64::from(certificate.primary.created_at().as_secs()), now, &signer)?;
    match subkey {
        Some(index) => check_subkey(certificate, index, now, &signer),
        // Keys older than key flags have none, and may do everything their algorithm can.
        None if statement.may_sign == Some(false) => Err(VerifyError::NotForSigning(signer())),
        None => Ok(()),
    }
}

fn check_subkey(
    certificate: &Certificate,
    index: usize,
    now: u64,
    signer: &dyn Fn() -> Fingerprint,
) -> Result<(), VerifyError> {
    let subkey = certificate.subkeys.get(index).ok_or_else(|| VerifyError::NotForSigning(signer()))?;
    check_strength(certificate.parameters(Some(index)), signer)?;
    if subkey.revoked {
        return Err(VerifyError::KeyRevoked(signer()));
    }
    let binding = in_force(&subkey.bindings, now).ok_or_else(|| VerifyError::KeyNotValid(signer()))?;
    check_lifetime(binding, u64::from(subkey.key.created_at().as_secs()), now, signer)?;
    if binding.may_sign == Some(false) {
        return Err(VerifyError::NotForSigning(signer()));
    }
    if !binding.cross_signed {
        return Err(VerifyError::NotCrossSigned(signer()));
    }
    Ok(())
}

fn check_strength(key: Option<&PublicParams>, signer: &dyn Fn() -> Fingerprint) -> Result<(), VerifyError> {
    let strong = match key {
        Some(key @ PublicParams::RSA(_)) => {
            modulus_bytes(key).is_some_and(|bytes| bytes >= MIN_MODULUS_BYTES)
        }
        Some(PublicParams::ECDSA(curve)) => matches!(
            curve,
            EcdsaPublicParams::P256 { .. } | EcdsaPublicParams::P384 { .. } | EcdsaPublicParams::P521 { .. }
        ),
        Some(PublicParams::DSA(_) | PublicParams::EdDSALegacy(_) | PublicParams::Ed25519(_)) => true,
        _ => false,
    };
    if strong { Ok(()) } else { Err(VerifyError::WeakKey(signer())) }
}

/// The newest statement that was made by now and has not expired.
fn in_force(statements: &[SelfSignature], now: u64) -> Option<&SelfSignature> {
    let made = statements.iter().filter(|statement| {
        statement.created <= now.saturating_add(CLOCK_TOLERANCE_SECONDS)
            && statement.expires.is_none_or(|expires| now < expires)
    });
    made.max_by_key(|statement| statement.created)
}

fn check_lifetime(
    statement: &SelfSignature,
    key_created: u64,
    now: u64,
    signer: &dyn Fn() -> Fingerprint,
) -> Result<(), VerifyError> {
    let begun = key_created <= now.saturating_add(CLOCK_TOLERANCE_SECONDS);
    let ended = statement.key_lifetime.is_some_and(|lifetime| now >= key_created.saturating_add(lifetime));
    if begun && !ended { Ok(()) } else { Err(VerifyError::KeyNotValid(signer())) }
}
