//! Digests: all that are wanted of a file, over one read.

use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512, digest::DynDigest};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use std::fmt;

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of the standards say it all")]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 9] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
    ];

    /// Length of a digest in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    fn hasher(self) -> Box<dyn DynDigest + Send> {
        match self {
            Self::Md5 => Box::new(md5::Md5::default()),
            Self::Sha1 => Box::new(Sha1::default()),
            Self::Sha256 => Box::new(Sha256::default()),
            Self::Sha384 => Box::new(Sha384::default()),
            Self::Sha512 => Box::new(Sha512::default()),
            Self::Sha3_224 => Box::new(Sha3_224::default()),
            Self::Sha3_256 => Box::new(Sha3_256::default()),
            Self::Sha3_384 => Box::new(Sha3_384::default()),
            Self::Sha3_512 => Box::new(Sha3_512::default()),
        }
    }
}

/// The digest of some data.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    bytes: Box<[u8]>,
}

impl Digest {
    /// Reads hexadecimal digits of any case; `None` unless they are as many as the algorithm's digests have.
    #[must_use]
    pub fn from_hex(algorithm: Algorithm, digits: &str) -> Option<Self> {
        if digits.len() != 2 * algorithm.length() {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes =
            digits.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
        Some(Self { algorithm, bytes: bytes.collect::<Option<_>>()? })
    }

    /// What it was computed with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Upper case hexadecimal digits, as results of the original have them.
impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02X}"))
    }
}

/// Computes several digests of the same data.
pub(super) struct Hashers(Vec<(Algorithm, Box<dyn DynDigest + Send>)>);

impl Hashers {
    /// One hasher for each algorithm.
    pub(super) fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        Self(algorithms.into_iter().map(|algorithm| (algorithm, algorithm.hasher())).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets the algorithms that `keep` does not want.
    pub(super) fn retain(&mut self, keep: impl Fn(Algorithm) -> bool) {
        self.0.retain(|(algorithm, _)| keep(*algorithm));
    }

    /// Takes the next piece of the data.
    pub(super) fn feed(&mut self, data: &[u8]) {
        for (_, hasher) in &mut self.0 {
            hasher.update(data);
        }
    }

    /// The digests of all that was fed.
    pub(super) fn finish(self) -> Vec<Digest> {
        let digests = self.0.into_iter();
        digests.map(|(algorithm, hasher)| Digest { algorithm, bytes: hasher.finalize() }).collect()
    }
}

impl fmt::Debug for Hashers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|(algorithm, _)| algorithm)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digests_of_abc_are_those_of_the_standards() {
        let expected = [
            "900150983CD24FB0D6963F7D28E17F72",
            "A9993E364706816ABA3E25717850C26C9CD0D89D",
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
            "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED8086072BA1E7CC2358BAECA134C825A7",
            "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F",
            "E642824C3F8CF24AD09234EE7D3C766FC9A3A5168D0C94AD73B46FDF",
            "3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532",
            "EC01498288516FC926459F58E2C6AD8DF9B473CB0FC08C2596DA7CF0E49BE4B298D88CEA927AC7F539F1EDF228376D25",
            "B751850B1A57168A5693CD924B6B096E08F621827444F70D884F5D0240D2712E10E116E9192AF3C91A7EC57647E3934057340B4CF408D5A56592F8274EEC53F0",
        ];
        let mut hashers = Hashers::new(Algorithm::ALL);
        hashers.feed(b"abc");
        let digests: Vec<_> = hashers.finish().iter().map(ToString::to_string).collect();
        assert_eq!(digests, expected);
        for (digest, algorithm) in expected.iter().zip(Algorithm::ALL) {
            assert_eq!(Digest::from_hex(algorithm, &digest.to_lowercase()).unwrap().to_string(), *digest);
        }
    }

    #[test]
    fn digits_that_are_none_or_too_few_are_refused() {
        for digits in ["", "abc", "zz0150983cd24fb0d6963f7d28e17f72", "+00150983cd24fb0d6963f7d28e17f72"] {
            assert_eq!(Digest::from_hex(Algorithm::Md5, digits), None, "{digits}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn data_in_pieces_has_the_digest_of_the_whole(
            data in proptest::collection::vec(any::<u8>(), 0..600),
            piece in 1..200_usize,
        ) {
            let mut pieces = Hashers::new(Algorithm::ALL);
            data.chunks(piece).for_each(|piece| pieces.feed(piece));
            let mut whole = Hashers::new(Algorithm::ALL);
            whole.feed(&data);
            prop_assert_eq!(pieces.finish(), whole.finish());
        }
    }
}
