//! The public half of private keys in ASN.1: RSA (RFC 8017 A.1.2), DSA (as OpenSSL writes them), EC (RFC 5915), PKCS#8 (RFC 5958).

use super::blob::PublicKey;
use der::{
    Decode, Error, ErrorKind, Reader, Result, SliceReader, Tag, TagMode, TagNumber, Tagged,
    asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef},
};
use ed25519_dalek::SigningKey;

/// A private key of which this is known; `None` if it does not hold its public half.
pub(super) type Public = Option<PublicKey>;

/// `RSAPrivateKey`: version, modulus, public exponent, and six secret numbers.
pub(super) fn rsa(bytes: &[u8]) -> Result<Public> {
    let [_, modulus, exponent, ..] = numbers::<9>(bytes)?;
    Ok(PublicKey::from_numbers("ssh-rsa", &[exponent.as_bytes(), modulus.as_bytes()]))
}

/// version, p, q, g, y, x.
pub(super) fn dsa(bytes: &[u8]) -> Result<Public> {
    let [_, p, q, g, y, _] = numbers::<6>(bytes)?;
    Ok(PublicKey::from_numbers("ssh-dss", &[p, q, g, y].map(|number| number.as_bytes())))
}

/// A sequence that begins with these numbers.
fn numbers<const COUNT: usize>(bytes: &[u8]) -> Result<[UintRef<'_>; COUNT]> {
    let mut fields = fields(AnyRef::from_der(bytes)?)?;
    let mut numbers = [UintRef::new(&[])?; COUNT];
    for number in &mut numbers {
        *number = fields.decode()?;
    }
    Ok(numbers)
}

/// The fields of a sequence; what follows those that we know is of no interest.
fn fields(sequence: AnyRef<'_>) -> Result<SliceReader<'_>> {
    sequence.tag().assert_eq(Tag::Sequence)?;
    SliceReader::new(sequence.value())
}

/// `ECPrivateKey`: version, secret, curve, public point. The curve may stand outside.
pub(super) fn ec(bytes: &[u8], outside: Option<ObjectIdentifier>) -> Result<Public> {
    let mut fields = fields(AnyRef::from_der(bytes)?)?;
    let _version: UintRef<'_> = fields.decode()?;
    let _secret: OctetStringRef<'_> = fields.decode()?;
    let inside = fields.context_specific(TagNumber::N0, TagMode::Explicit)?;
    let point: Option<BitStringRef<'_>> = fields.context_specific(TagNumber::N1, TagMode::Explicit)?;
    let curve = inside.or(outside).and_then(|curve| CURVES.iter().find(|(id, _)| *id == curve));
    let (_, curve) = curve.ok_or_else(|| Error::from(ErrorKind::Failed))?;
    Ok(point.and_then(|point| {
        PublicKey::from_strings(&format!("ecdsa-sha2-{curve}"), &[curve.as_bytes(), point.as_bytes()?])
    }))
}

/// `OneAsymmetricKey`: version, algorithm, and a key in a form of its own.
pub(super) fn pkcs8(bytes: &[u8]) -> Result<Public> {
    let mut fields = fields(AnyRef::from_der(bytes)?)?;
    let _version: UintRef<'_> = fields.decode()?;
    let mut algorithm = self::fields(fields.decode()?)?;
    let kind: ObjectIdentifier = algorithm.decode()?;
    let key = fields.decode::<OctetStringRef<'_>>()?.as_bytes();
    match kind {
        RSA => rsa(key),
        EC => ec(key, algorithm.decode().ok()),
        ED25519 => ed25519(key),
        DSA => UintRef::from_der(key).map(|_| None),
        _ => Err(ErrorKind::OidUnknown { oid: kind }.into()),
    }
}

/// RFC 8410 §7: the seed as a string in a string. The public half has to be computed.
fn ed25519(key: &[u8]) -> Result<Public> {
    let seed = OctetStringRef::from_der(key)?.as_bytes();
    let seed = seed.try_into().map_err(|_| Error::from(ErrorKind::Length { tag: Tag::OctetString }))?;
    let public = SigningKey::from_bytes(seed).verifying_key();
    Ok(PublicKey::from_strings("ssh-ed25519", &[public.as_bytes()]))
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Curves by their numbers (RFC 5480 §2.1.1.1), and what SSH calls them.
const CURVES: [(ObjectIdentifier, &str); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), "nistp256"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), "nistp384"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), "nistp521"),
];
