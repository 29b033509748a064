//! The mathematics of one signature, and how its packet is written.

use super::{line, packets};
use pgp::{
    errors::Error,
    packet::Signature,
    ser::Serialize,
    types::{EcdsaPublicParams, PublicParams, VerifyingKey},
};

/// Checks a signature of type 0x00 over a message by a key.
pub(super) fn verify(signature: &Signature, key: &impl VerifyingKey, message: &[u8]) -> Result<(), Error> {
    match (key.public_params(), signature.config(), signature.signature()) {
        // The original signs with SHA-256 whatever the curve, which is too short for the library.
        (PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }), Some(config), Some(numbers)) => {
            let mut hasher = config.hash_alg.new_hasher()?;
            config.hash_data_to_sign(&mut hasher, message)?;
            let length = config.hash_signature_data(&mut hasher)?;
            hasher.update(&config.trailer(length)?);
            key.verify(config.hash_alg, &as_long_as(&hasher.finalize(), 64), numbers)
        }
        _ => signature.verify(key, message),
    }
}

/// A digest as the same number with leading zero bytes.
fn as_long_as(digest: &[u8], bytes: usize) -> Vec<u8> {
    let mut padded = vec![0; bytes.saturating_sub(digest.len())];
    padded.extend(digest);
    padded
}

/// The one-line form of a signature packet's body, by a key with these parameters.
///
/// An RSA value is written with as many bytes as the modulus and a bit count to match, like the original does: agents
/// of the original refuse the shorter form, which every 256th signature has. Everything before is copied untouched.
pub(super) fn to_line(body: &[u8], key: &PublicParams) -> String {
    let padded = modulus_bytes(key).and_then(|modulus| pad(body, modulus));
    line::encode(&packets::frame(packets::SIGNATURE, padded.as_deref().unwrap_or(body)))
}

fn pad(body: &[u8], modulus_bytes: usize) -> Option<Vec<u8>> {
    let (before, integer) = body.split_at_checked(integers_offset(body)?)?;
    let value = integer.get(2..).filter(|value| value.len() <= modulus_bytes)?;
    let bits = u16::try_from(modulus_bytes * 8).ok()?;
    Some([before, &bits.to_be_bytes(), &as_long_as(value, modulus_bytes)].concat())
}

/// Where the integers of a version 4 signature begin: behind four bytes, two areas of subpackets with their lengths,
/// and two bytes of the digest.
fn integers_offset(body: &[u8]) -> Option<usize> {
    let length = |at: usize| {
        let bytes: [u8; 2] = body.get(at..at + 2)?.try_into().ok()?;
        Some(usize::from(u16::from_be_bytes(bytes)))
    };
    let unhashed = 4 + 2 + length(4)?;
    (body.first() == Some(&4)).then_some(unhashed + 2 + length(unhashed)? + 2)
}

/// Size of an RSA modulus or a DSA prime in bits; `None` for other algorithms.
pub(super) fn bits(key: &PublicParams) -> Option<u16> {
    let (PublicParams::RSA(_) | PublicParams::DSA(_)) = key else { return None };
    // Written out, the parameters begin with the bit count.
    key.to_bytes().ok()?.first_chunk().map(|bits| u16::from_be_bytes(*bits))
}

/// Size of an RSA modulus in bytes; `None` for other algorithms.
pub(super) fn modulus_bytes(key: &PublicParams) -> Option<usize> {
    let PublicParams::RSA(_) = key else { return None };
    bits(key).map(|bits| usize::from(bits).div_ceil(8))
}

/// True if an RSA signature's value has as many bytes as the modulus.
pub(super) fn is_full_length(body: &[u8], modulus_bytes: usize) -> bool {
    integers_offset(body).is_some_and(|offset| body.len() == offset + 2 + modulus_bytes)
}
