//! The one-line form of a detached signature: base64 and checksum of its armor, without headers and line feeds.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 64 << 10;

/// Text that is not a signature in one of the two forms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No header with an empty line after it.
    #[error("the armored signature has no empty line after its header")]
    NoBody,
    /// No footer.
    #[error("the armored signature has no footer")]
    NoFooter,
    /// A carriage return: the original's form has line feeds only.
    #[error("the armored signature has carriage returns")]
    CarriageReturn,
    /// The first empty line stands before the block and not in it.
    #[error("the armored signature has an empty line before its header")]
    HeaderInBody,
    /// No checksum.
    #[error("the signature line has no '=' before its checksum")]
    NoChecksum,
    /// Longer than [`MAX_LINE_BYTES`].
    #[error("the signature line has {0} bytes, more than {MAX_LINE_BYTES}")]
    TooLong(usize),
    /// The payload is not base64.
    #[error("the signature line is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
}

/// Makes one line of an armored signature: what stands between the first empty line and the footer, without its line feeds.
/// What it says is not looked at.
///
/// # Errors
/// [`LineError`] if the text is not armor with line feeds.
pub fn from_armor(armored: &str) -> Result<String, LineError> {
    if armored.contains('\r') {
        return Err(LineError::CarriageReturn);
    }
    let (_, body) = armored.split_once("\n\n").ok_or(LineError::NoBody)?;
    let (body, footer) = body.split_once("\n-----").ok_or(LineError::NoFooter)?;
    if body.starts_with("-----BEGIN") || footer.starts_with("BEGIN") {
        return Err(LineError::HeaderInBody);
    }
    Ok(body.replace('\n', ""))
}

/// Makes an armored signature of one line, without a line feed at its end.
///
/// # Errors
/// [`LineError::NoChecksum`] if there is no `=`.
pub fn to_armor(line: &str) -> Result<String, LineError> {
    let split = line.rfind('=').ok_or(LineError::NoChecksum)?;
    let (payload, checksum) = line.split_at(split);
    let mut armored = String::from("-----BEGIN PGP SIGNATURE-----\n\n");
    push_wrapped(payload, &mut armored);
    armored.push_str(checksum);
    armored.push_str("\n-----END PGP SIGNATURE-----");
    Ok(armored)
}

/// Appends text in lines of 64 characters.
pub(super) fn push_wrapped(text: &str, out: &mut String) {
    for (index, character) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push('\n');
}

/// The signature packets of a line. The checksum is not compared: the signature itself protects them.
///
/// # Errors
/// [`LineError`] if the line is too long or not base64.
pub fn decode(line: &str) -> Result<Vec<u8>, LineError> {
    if line.len() > MAX_LINE_BYTES {
        return Err(LineError::TooLong(line.len()));
    }
    let line: String = line.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    // A checksum has four characters; without one, a '=' near the end is padding.
    let payload = match line.len().checked_sub(5).and_then(|split| line.split_at_checked(split)) {
        Some((payload, checksum)) if checksum.starts_with('=') && !checksum.ends_with('=') => payload,
        _ => line.as_str(),
    };
    Ok(STANDARD.decode(payload)?)
}

/// The line of signature packets.
#[must_use]
pub fn encode(packets: &[u8]) -> String {
    format!("{}{}", STANDARD.encode(packets), checksum(packets))
}

/// The checksum line of armor: `=` and the base64 of CRC-24 (RFC 4880, section 6.1).
pub(super) fn checksum(bytes: &[u8]) -> String {
    let mut crc = 0x00b7_04ce_u32;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    let [_, high, middle, low] = crc.to_be_bytes();
    format!("={}", STANDARD.encode([high, middle, low]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prelude::*};

    #[test]
    fn an_empty_line_before_the_block_is_refused() {
        let armored = to_armor(&encode(b"packets")).unwrap();
        for before in ["\n\n", "Hello\n\n\n", "Hello\n\nthere\n"] {
            assert_eq!(from_armor(&format!("{before}{armored}")), Err(LineError::HeaderInBody));
        }
    }

    #[test]
    fn nothing_but_line_feeds_is_deleted_between_empty_line_and_footer() {
        let armored =
            "-----BEGIN PGP SIGNATURE-----\nComment: c\n\nQU I\n\n=\tab\n-----END PGP SIGNATURE-----";
        assert_eq!(from_armor(armored).unwrap(), "QU I=\tab");
    }

    #[test]
    fn a_missing_checksum_is_no_padding() {
        for packets in [&b"ab"[..], b"abc", b"abcd"] {
            let line = encode(packets);
            let bare = line.rsplit_once('=').unwrap().0;
            assert_eq!(decode(bare).unwrap(), packets);
            assert_eq!(decode(&format!(" {line}\n")).unwrap(), packets);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn lines_survive_decoding_and_armor(packets in collection::vec(any::<u8>(), 1..600)) {
            let line = encode(&packets);
            prop_assert_eq!(decode(&line).unwrap(), packets);
            prop_assert_eq!(from_armor(&to_armor(&line).unwrap()).unwrap(), line);
        }

        #[test]
        fn any_text_is_decoded_or_refused(text in ".{0,200}") {
            drop(decode(&text));
            drop(from_armor(&text));
            drop(to_armor(&text));
        }
    }
}
