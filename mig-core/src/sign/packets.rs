//! Framing of OpenPGP packets (RFC 4880, section 4.2), for bytes that must be written exactly.

/// Tag of a signature.
pub(super) const SIGNATURE: u8 = 2;
/// Tag of a primary secret key.
pub(super) const SECRET_KEY: u8 = 5;
/// Tag of a primary public key.
pub(super) const PUBLIC_KEY: u8 = 6;
/// Tag of a secret subkey.
pub(super) const SECRET_SUBKEY: u8 = 7;
/// Tag of a user id.
pub(super) const USER_ID: u8 = 13;
/// Tag of a public subkey.
pub(super) const PUBLIC_SUBKEY: u8 = 14;
/// Tag of a picture or the like in the place of a user id.
pub(super) const USER_ATTRIBUTE: u8 = 17;

/// Bytes that do not begin with a packet of definite length that ends within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unframed {
    /// What the first byte says of the packet's type; `None` if it begins no packet.
    pub(super) tag: Option<u8>,
}

/// Writes a packet in the new format.
pub(super) fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xc0 | (tag & 0x3f)];
    match body.len() {
        length @ 0..192 => packet.extend(u8::try_from(length)),
        length @ 192..8384 => {
            let [high, low] = u16::try_from(length - 192).unwrap_or(0).to_be_bytes();
            packet.extend([high + 192, low]);
        }
        length => {
            packet.push(0xff);
            packet.extend(u32::try_from(length).unwrap_or(0).to_be_bytes());
        }
    }
    packet.extend(body);
    packet
}

/// Splits bytes into packets: tag and body. Nothing follows an error.
pub(super) fn split(mut bytes: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8]), Unframed>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let Some((tag, body, rest)) = first(bytes) else {
            let tag = tag(bytes);
            bytes = &[];
            return Some(Err(Unframed { tag }));
        };
        bytes = rest;
        Some(Ok((tag, body)))
    })
}

fn tag(bytes: &[u8]) -> Option<u8> {
    match bytes.first()? {
        first @ 0xc0.. => Some(first & 0x3f),
        first @ 0x80.. => Some((first >> 2) & 0xf),
        _ => None,
    }
}

fn first(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let tag = tag(bytes)?;
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = if *first >= 0xc0 { new_length(rest)? } else { old_length(first & 3, rest)? };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((tag, body, rest))
}

fn new_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [first @ 0..192, rest @ ..] => Some((usize::from(*first), rest)),
        [first @ 192..224, second, rest @ ..] => {
            Some(((usize::from(*first) - 192) * 256 + usize::from(*second) + 192, rest))
        }
        [0xff, rest @ ..] => big_endian(rest, 4),
        _ => None,
    }
}

fn old_length(kind: u8, bytes: &[u8]) -> Option<(usize, &[u8])> {
    match kind {
        0 => big_endian(bytes, 1),
        1 => big_endian(bytes, 2),
        2 => big_endian(bytes, 4),
        _ => None,
    }
}

fn big_endian(bytes: &[u8], width: usize) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_at_checked(width)?;
    Some((number.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prelude::*};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn framed_packets_split_again(length in 0_usize..9_000, tag in 0_u8..64) {
            let body = vec![7; length];
            let framed = frame(tag, &body);
            prop_assert_eq!(split(&framed).collect::<Vec<_>>(), vec![Ok((tag, body.as_slice()))]);
        }

        #[test]
        fn any_bytes_are_split_or_refused(bytes in collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(split(&bytes).count() <= bytes.len());
        }
    }
}
