//! What counts as a good signature. Meant to be read from top to bottom.

use super::{
    Fingerprint,
    certificate::{Certificate, SelfSignature, created},
    line::LineError,
};
use pgp::{
    crypto::hash::HashAlgorithm,
    packet::{Signature, SignatureType, SignatureVersion, Subpacket, SubpacketData},
    types::KeyDetails,
};

/// How far a signer's clock may be ahead of ours, in seconds.
pub(super) const CLOCK_TOLERANCE_SECONDS: u64 = 300;

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
    /// Another version than 4.
    #[error("the signature by {0} is not of version 4")]
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
    /// The subkey has not signed back that it belongs to the key.
    #[error("the signing subkey of {0} has not confirmed that it belongs to it")]
    NotCrossSigned(Fingerprint),
    /// The bytes are not what was signed.
    #[error("the signature by {0} does not fit what it should sign")]
    Bad(Fingerprint),
}

/// Checks one signature packet by one key of a certificate, at a time in Unix seconds.
///
/// `subkey` is the place of the subkey that the issuer names, `None` for the primary key. In this order: form, digest,
/// times of the signature, state of the primary key, state of the subkey, mathematics.
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
    check_primary(certificate, subkey.is_none(), now, &signer)?;
    let verified = match subkey.and_then(|index| certificate.subkeys.get(index)) {
        None => signature.verify(&certificate.primary, message),
        Some(subkey) => {
            if subkey.revoked {
                return Err(VerifyError::KeyRevoked(signer()));
            }
            let binding =
                in_force(&subkey.bindings, now).ok_or_else(|| VerifyError::KeyNotValid(signer()))?;
            check_lifetime(binding, u64::from(subkey.key.created_at().as_secs()), now, &signer)?;
            // A subkey signs only if its binding says so, and it has agreed.
            if binding.may_sign != Some(true) {
                return Err(VerifyError::NotForSigning(signer()));
            }
            if !binding.cross_signed {
                return Err(VerifyError::NotCrossSigned(signer()));
            }
            signature.verify(&subkey.key, message)
        }
    };
    verified.map_err(|_| VerifyError::Bad(signer()))
}

fn check_form(signature: &Signature, signer: &dyn Fn() -> Fingerprint) -> Result<(), VerifyError> {
    if signature.version() != SignatureVersion::V4 {
        return Err(VerifyError::Version(signer()));
    }
    if signature.typ() != Some(SignatureType::Binary) {
        return Err(VerifyError::Type(signer()));
    }
    match signature.hash_alg() {
        Some(
            HashAlgorithm::Sha224
            | HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512,
        ) => {}
        // MD5, SHA-1, RIPEMD-160, and whatever comes.
        weak => return Err(VerifyError::WeakDigest(signer(), format!("{weak:?}"))),
    }
    let unknown = |subpacket: &Subpacket| {
        let known = !matches!(subpacket.data, SubpacketData::Experimental(..) | SubpacketData::Other(..));
        // No notation is known to us, so a critical one is not understood.
        subpacket.is_critical && (!known || matches!(subpacket.data, SubpacketData::Notation(_)))
    };
    if signature.config().is_none_or(|config| config.hashed_subpackets().any(unknown)) {
        return Err(VerifyError::UnknownCritical(signer()));
    }
    Ok(())
}

fn check_times(signature: &Signature, now: u64, signer: &dyn Fn() -> Fingerprint) -> Result<(), VerifyError> {
    let made = created(signature);
    if made > now.saturating_add(CLOCK_TOLERANCE_SECONDS) {
        return Err(VerifyError::FromFuture(signer()));
    }
    let lifetime = signature.signature_expiration_time().map_or(0, |span| u64::from(span.as_secs()));
    if lifetime > 0 && now > made.saturating_add(lifetime) {
        return Err(VerifyError::SignatureExpired(signer()));
    }
    Ok(())
}

/// The primary key must be in force even if a subkey signs.
fn check_primary(
    certificate: &Certificate,
    signs: bool,
    now: u64,
    signer: &dyn Fn() -> Fingerprint,
) -> Result<(), VerifyError> {
    if certificate.revoked {
        return Err(VerifyError::KeyRevoked(signer()));
    }
    let statement =
        in_force(&certificate.self_signatures, now).ok_or_else(|| VerifyError::KeyNotValid(signer()))?;
    check_lifetime(statement, u64::from(certificate.primary.created_at().as_secs()), now, signer)?;
    // Keys older than key flags have none, and may do everything their algorithm can.
    if signs && statement.may_sign == Some(false) {
        return Err(VerifyError::NotForSigning(signer()));
    }
    Ok(())
}

/// The newest statement that was made by now and has not expired.
fn in_force(statements: &[SelfSignature], now: u64) -> Option<&SelfSignature> {
    let made = statements.iter().filter(|statement| {
        statement.created <= now.saturating_add(CLOCK_TOLERANCE_SECONDS)
            && statement.expires.is_none_or(|expires| now <= expires)
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
    let ended = statement.key_lifetime.is_some_and(|lifetime| now > key_created.saturating_add(lifetime));
    if begun && !ended { Ok(()) } else { Err(VerifyError::KeyNotValid(signer())) }
}
