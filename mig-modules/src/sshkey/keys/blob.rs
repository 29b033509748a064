//! Public keys as SSH sends them: RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709, and OpenSSH's PROTOCOL.u2f and PROTOCOL.certkeys.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use md5::Md5;
use sha2::{Digest, Sha256};

/// A public key in the form that fingerprints are made of. Its structure was checked, its numbers were not: a key that nobody
/// could use is one all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Takes a key of a known kind that is complete, and nothing behind it. Of a certificate the key that it is about: so that
    /// both have one fingerprint, as in OpenSSH.
    pub(super) fn parse(blob: &[u8]) -> Option<Self> {
        let mut fields = Fields(blob);
        let algorithm = std::str::from_utf8(fields.string()?).ok()?;
        let certificate = CERTIFICATES.iter().find(|(name, _)| *name == algorithm);
        if certificate.is_some() {
            let _nonce = fields.string()?;
        }
        let plain = certificate.map_or(algorithm, |(_, plain)| plain);
        let key = fields.measure(|fields| key_fields(plain, fields))?;
        if certificate.is_some() {
            certificate_fields(&mut fields)?;
        }
        let mut blob = encoded(plain.as_bytes())?;
        blob.extend(key);
        fields.0.is_empty().then_some(Self(blob))
    }

    /// A key from the numbers that its kind names, most significant byte first.
    pub(super) fn from_numbers(algorithm: &str, numbers: &[&[u8]]) -> Option<Self> {
        let numbers: Vec<Vec<u8>> = numbers.iter().map(|number| positive(number)).collect();
        Self::from_strings(algorithm, &numbers.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// A key from byte strings.
    pub(super) fn from_strings(algorithm: &str, strings: &[&[u8]]) -> Option<Self> {
        let fields: Option<Vec<_>> =
            [algorithm.as_bytes()].iter().chain(strings).map(|string| encoded(string)).collect();
        Self::parse(&fields?.concat())
    }

    /// MD5 in 16 pairs of hexadecimal digits with colons between.
    #[must_use]
    pub fn md5_fingerprint(&self) -> String {
        let pairs: Vec<String> = Md5::digest(&self.0).iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(":")
    }

    /// `SHA256:` and the digest in base64 without padding.
    #[must_use]
    pub fn sha256_fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.0)))
    }
}

/// A byte string and its length in front.
fn encoded(string: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(string.len()).ok()?;
    Some([&length.to_be_bytes(), string].concat())
}

/// A number that is not negative: a first byte of 0 says so where the highest bit is set.
fn positive(number: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign = digits.first().is_some_and(|first| *first >= 0x80);
    sign.then_some(0).into_iter().chain(digits).collect()
}

/// What makes a key of this kind.
fn key_fields(algorithm: &str, fields: &mut Fields<'_>) -> Option<()> {
    match algorithm {
        "ssh-rsa" => fields.numbers(2),
        "ssh-dss" => fields.numbers(4),
        "ssh-ed25519" => fields.string_of(32),
        "sk-ssh-ed25519@openssh.com" => fields.string_of(32).and_then(|()| fields.skip(1)),
        "ecdsa-sha2-nistp256" => fields.point("nistp256", 32),
        "ecdsa-sha2-nistp384" => fields.point("nistp384", 48),
        "ecdsa-sha2-nistp521" => fields.point("nistp521", 66),
        "sk-ecdsa-sha2-nistp256@openssh.com" => fields.point("nistp256", 32).and_then(|()| fields.skip(1)),
        _ => None,
    }
}

/// What follows the key in a certificate.
fn certificate_fields(fields: &mut Fields<'_>) -> Option<()> {
    // Serial and type.
    fields.take(8 + 4)?;
    // Key id and principals.
    fields.skip(2)?;
    // From when until when.
    fields.take(8 + 8)?;
    // Critical options, extensions, reserved, the key that signed, the signature.
    fields.skip(5)
}

/// Certificates, and the keys that they are about.
const CERTIFICATES: [(&str, &str); 8] = [
    ("ssh-rsa-cert-v01@openssh.com", "ssh-rsa"),
    ("ssh-dss-cert-v01@openssh.com", "ssh-dss"),
    ("ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519"),
    ("sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com"),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521"),
    ("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"),
];

/// What is left of a sequence of fields (RFC 4251 §5).
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// The bytes that `read` goes over.
    fn measure(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<&'a [u8]> {
        let before = self.0;
        read(self)?;
        before.get(..before.len() - self.0.len())
    }

    fn skip(&mut self, strings: usize) -> Option<()> {
        (0..strings).try_for_each(|_| self.string().map(drop))
    }

    fn string_of(&mut self, length: usize) -> Option<()> {
        (self.string()?.len() == length).then_some(())
    }

    /// Large numbers, each greater than zero.
    fn numbers(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| match self.string()? {
            [0, rest @ ..] => rest.first().filter(|next| **next >= 0x80).map(drop),
            [first, ..] => (*first < 0x80).then_some(()),
            [] => None,
        })
    }

    /// The name of a curve and a point on it, not compressed.
    fn point(&mut self, curve: &str, bytes: usize) -> Option<()> {
        let named = self.string()? == curve.as_bytes();
        let point = self.string()?;
        (named && point.first() == Some(&4) && point.len() == 1 + 2 * bytes).then_some(())
    }
}
