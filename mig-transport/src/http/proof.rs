//! How an agent proves that a request is its own.

#[cfg(feature = "http-gateway")]
use super::wire::is_queue_location;
use base64::{Engine as _, engine::general_purpose::STANDARD};
#[cfg(feature = "http-gateway")]
use mig_core::enrolment::AgentPublicKey;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What the value of `authorization` begins with.
const SCHEME: &str = "MIG-Agent ";
/// The first part of a proof; another one is another way to prove.
const VERSION: &str = "1";
/// Longest value that is looked at, in bytes.
#[cfg(feature = "http-gateway")]
const MAX_PROOF_BYTES: usize = 2048;
/// Random bytes that make each proof another one.
pub(super) const NONCE_BYTES: usize = 16;

/// SHA-256 of a body.
pub(super) type BodyDigest = [u8; 32];
/// Random bytes that make each proof another one.
pub(super) type Nonce = [u8; NONCE_BYTES];

pub(super) fn digest(body: &[u8]) -> BodyDigest {
    Sha256::digest(body).into()
}

/// Who asks, when, and with which body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) queue_location: String,
    /// Seconds since 1970.
    pub(super) time: i64,
    pub(super) nonce: Nonce,
    pub(super) body: BodyDigest,
}

impl Claim {
    /// The text that is signed: it says also what is asked, so that a proof is good for nothing else.
    fn text(&self, method: &str, path: &str) -> String {
        format!("MIG agent request\n{method}\n/{path}\n{}\n", self.values())
    }

    fn values(&self) -> String {
        let mut text = format!("{VERSION};{};{};", self.queue_location, self.time);
        self.nonce.iter().for_each(|byte| {
            // Writing to a String can not fail.
            let _ok = write!(text, "{byte:02x}");
        });
        text.push(';');
        text.push_str(&STANDARD.encode(self.body));
        text
    }
}

/// A claim and the signature over it.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) claim: Claim,
    signature: [u8; 64],
}

impl Proof {
    /// Proves a claim about the request `method path`; the path is the one below the server's URL, with its query.
    #[cfg(feature = "http")]
    pub(super) fn new(claim: Claim, key: &mig_core::enrolment::AgentKey, method: &str, path: &str) -> Self {
        let signature = key.sign(claim.text(method, path).as_bytes());
        Self { claim, signature }
    }

    /// The value of the header `authorization`.
    #[cfg(feature = "http")]
    pub(super) fn header(&self) -> String {
        format!("{SCHEME}{};{}", self.claim.values(), STANDARD.encode(self.signature))
    }

    /// Reads the value of a header; `None` if it is no proof.
    #[cfg(feature = "http-gateway")]
    pub(super) fn parse(header: &str) -> Option<Self> {
        let values = Some(header).filter(|header| header.len() <= MAX_PROOF_BYTES)?.strip_prefix(SCHEME)?;
        let mut parts = values.split(';');
        let mut next = || parts.next();
        let (VERSION, queue_location, time, nonce, body, signature) =
            (next()?, next()?, next()?, next()?, next()?, next()?)
        else {
            return None;
        };
        if next().is_some() || !is_queue_location(queue_location) {
            return None;
        }
        let claim = Claim {
            queue_location: queue_location.to_owned(),
            time: time.parse().ok()?,
            nonce: hexadecimal(nonce)?,
            body: STANDARD.decode(body).ok()?.try_into().ok()?,
        };
        Some(Self { claim, signature: STANDARD.decode(signature).ok()?.try_into().ok()? })
    }

    /// Whether this key proves the request.
    #[cfg(feature = "http-gateway")]
    pub(super) fn is_by(&self, key: &AgentPublicKey, method: &str, path: &str) -> bool {
        key.has_signed(self.claim.text(method, path).as_bytes(), &self.signature)
    }
}

#[cfg(feature = "http-gateway")]
fn hexadecimal(text: &str) -> Option<Nonce> {
    let digits = text.as_bytes();
    if digits.len() != 2 * NONCE_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut nonce = [0; NONCE_BYTES];
    for (byte, pair) in nonce.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(nonce)
}

#[cfg(all(test, feature = "http", feature = "http-gateway"))]
mod tests {
    use super::*;
    use mig_core::enrolment::AgentKey;

    fn claim() -> Claim {
        Claim {
            queue_location: "linux.one".to_owned(),
            time: 1_800_000_000,
            nonce: [0xa5; 16],
            body: digest(b"{}"),
        }
    }

    #[test]
    fn a_proof_is_good_for_one_request_and_one_key() {
        let key = AgentKey::generate().unwrap();
        let header = Proof::new(claim(), &key, "POST", "agent/v1/results").header();
        let proof = Proof::parse(&header).unwrap();
        assert_eq!(proof.claim, claim());
        assert!(proof.is_by(&key.public(), "POST", "agent/v1/results"));
        assert!(!proof.is_by(&key.public(), "GET", "agent/v1/results"));
        assert!(!proof.is_by(&key.public(), "POST", "agent/v1/results?x=1"));
        assert!(!proof.is_by(&AgentKey::generate().unwrap().public(), "POST", "agent/v1/results"));
    }

    #[test]
    fn each_value_is_covered() {
        let key = AgentKey::generate().unwrap();
        let good = Proof::new(claim(), &key, "POST", "agent/v1/results");
        let changes: [fn(&mut Claim); 4] = [
            |claim| claim.queue_location = "linux.two".to_owned(),
            |claim| claim.time += 1,
            |claim| claim.nonce[0] ^= 1,
            |claim| claim.body[0] ^= 1,
        ];
        for change in changes {
            let mut changed = good.claim.clone();
            change(&mut changed);
            let changed = Proof { claim: changed, signature: good.signature };
            assert!(!changed.is_by(&key.public(), "POST", "agent/v1/results"), "{changed:?}");
        }
    }

    #[test]
    fn other_text_is_no_proof() {
        let key = AgentKey::generate().unwrap();
        let good = Proof::new(claim(), &key, "GET", "x").header();
        let long = format!("{good}{}", " ".repeat(3000));
        for text in [
            "",
            "MIG-Agent ",
            "Bearer x",
            good.trim_end_matches('='),
            &format!("{good};"),
            &good.replace("1;", "2;"),
            &long,
        ] {
            assert!(Proof::parse(text).is_none(), "{text}");
        }
    }
}
