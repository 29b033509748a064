//! Framing of OpenPGP packets (RFC 4880, section 4.2), for bytes that must be written exactly.

/// Tag of a signature.
pub(super) const SIGNATURE: u8 = 2;
/// Tag of a primary public key.
pub(super) const PUBLIC_KEY: u8 = 6;

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

/// Splits bytes into packets of definite length: tag and body. `None` if they are not framed so.
pub(super) fn split(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut packets = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        let (tag, length, rest) = match first {
            0xc0.. => new_length(rest).map(|(length, rest)| (first & 0x3f, length, rest))?,
            0x80.. => old_length(first & 3, rest).map(|(length, rest)| ((first >> 2) & 0xf, length, rest))?,
            _ => return None,
        };
        let (body, rest) = rest.split_at_checked(length)?;
        packets.push((tag, body));
        bytes = rest;
    }
    Some(packets)
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
            prop_assert_eq!(split(&framed).unwrap(), vec![(tag, body.as_slice())]);
        }

        #[test]
        fn any_bytes_are_split_or_refused(bytes in collection::vec(any::<u8>(), 0..100)) {
            drop(split(&bytes));
        }
    }
}
