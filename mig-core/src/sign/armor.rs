//! Armor: OpenPGP bytes as text (RFC 4880, section 6.2).

use super::line::{checksum, push_wrapped};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// Why text is not armor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmorError {
    /// No line that begins a block.
    #[error("there is no '-----BEGIN PGP …-----' line")]
    NoBlock,
    /// A block without the empty line behind its headers.
    #[error("the {0} has no empty line after its header")]
    NoBody(String),
    /// A block without its last line.
    #[error("the {0} has no '-----END' line")]
    NoEnd(String),
    /// The lines between are not base64.
    #[error("the {0} is not base64: {1}")]
    Base64(String, base64::DecodeError),
}

/// The packets of each block of a text, in order; erased from memory when dropped, since they may be a secret key. Text around them is ignored, and so are their checksums, as RFC 9580 wants it.
pub(super) fn blocks(text: &str) -> Result<Vec<Zeroizing<Vec<u8>>>, ArmorError> {
    let mut lines = text.lines().map(str::trim_end);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(label) = label(line, "BEGIN ") {
            blocks.push(block(label, &mut lines)?);
        }
    }
    if blocks.is_empty() { Err(ArmorError::NoBlock) } else { Ok(blocks) }
}

fn block<'a>(
    label: &str,
    lines: &mut impl Iterator<Item = &'a str>,
) -> Result<Zeroizing<Vec<u8>>, ArmorError> {
    let name = || label.to_owned();
    if !lines.any(str::is_empty) {
        return Err(ArmorError::NoBody(name()));
    }
    let mut body = Vec::new();
    loop {
        match lines.next() {
            None => return Err(ArmorError::NoEnd(name())),
            Some(line) if self::label(line, "END ") == Some(label) => break,
            Some(line) if line.starts_with('=') => {}
            Some(line) => body.push(line),
        }
    }
    let payload = joined(&body);
    let packets = STANDARD.decode(payload.as_bytes()).map_err(|error| ArmorError::Base64(name(), error))?;
    Ok(Zeroizing::new(packets))
}

/// The lines in one, in a buffer of the final size: growing would leave copies of a secret key behind.
fn joined(lines: &[&str]) -> Zeroizing<String> {
    let length = lines.iter().map(|line| line.len()).sum();
    let mut all = Zeroizing::new(String::with_capacity(length));
    lines.iter().for_each(|line| all.push_str(line));
    all
}

/// The label of a line such as `-----BEGIN PGP SIGNATURE-----`.
fn label<'a>(line: &'a str, which: &str) -> Option<&'a str> {
    let label = line.strip_prefix("-----")?.strip_prefix(which)?.strip_suffix("-----")?;
    label.starts_with("PGP ").then_some(label)
}

/// Writes packets as the original does: no headers, lines of 64, a checksum, no line feed at the end.
pub(super) fn armor(label: &str, packets: &[u8]) -> String {
    let payload = Zeroizing::new(STANDARD.encode(packets));
    // Of the final size at once: growing would leave copies of a secret key behind.
    let mut armored = String::with_capacity(payload.len() + payload.len() / 64 + 2 * label.len() + 64);
    armored.push_str("-----BEGIN ");
    armored.push_str(label);
    armored.push_str("-----\n\n");
    push_wrapped(&payload, &mut armored);
    armored.push_str(&checksum(packets));
    armored.push_str("\n-----END ");
    armored.push_str(label);
    armored.push_str("-----");
    armored
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prelude::*};

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = format!("Hello\n{}\r\n\nand\n{}", armor("PGP A", b"a"), armor("PGP B", b"b"));
        assert_eq!(blocks(&text).unwrap(), [b"a".to_vec().into(), b"b".to_vec().into()]);
    }

    #[test]
    fn headers_and_carriage_returns_are_ignored() {
        let text = "-----BEGIN PGP A-----\r\nVersion: 1\r\n\r\nYQ==\r\n=xxxx\r\n-----END PGP A-----\r\n";
        assert_eq!(blocks(text).unwrap(), [b"a".to_vec().into()]);
    }

    #[test]
    fn the_text_of_a_secret_key_is_copied_into_a_buffer_that_never_grows() {
        let line = "A".repeat(64);
        let payload = joined(&vec![line.as_str(); 1000]);
        assert_eq!((payload.len(), payload.capacity()), (64_000, 64_000));
    }

    #[test]
    fn half_a_block_is_refused() {
        let name = || "PGP A".to_owned();
        assert_eq!(blocks("abc"), Err(ArmorError::NoBlock));
        assert_eq!(blocks("-----BEGIN PGP A-----\nYQ=="), Err(ArmorError::NoBody(name())));
        assert_eq!(blocks("-----BEGIN PGP A-----\n\nYQ=="), Err(ArmorError::NoEnd(name())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn armored_bytes_are_read_again(bytes in collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(blocks(&armor("PGP A", &bytes)).unwrap(), [Zeroizing::new(bytes)]);
        }
    }
}
