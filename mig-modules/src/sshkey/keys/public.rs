//! Lines of `authorized_keys`, which those of `.pub` files are too (sshd(8)): options, kind, key, comment.

use super::blob::PublicKey;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

/// As lenient as the readers of OpenSSH: bits behind the last byte may be anything.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Whether a line says nothing.
pub(super) fn is_blank(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), None | Some(b'#'))
}

/// The key of a line.
pub(super) fn parse(line: &[u8]) -> Option<PublicKey> {
    let line = line.trim_ascii();
    if is_blank(line) {
        return None;
    }
    key_after_word(line).or_else(|| key_after_word(after_options(line)))
}

/// What stands in the second word. The first only repeats the kind, and programs do not care.
fn key_after_word(line: &[u8]) -> Option<PublicKey> {
    let (_, rest) = split_word(line);
    let (key, _) = split_word(rest);
    PublicKey::parse(&BASE64.decode(key).ok()?)
}

/// The first word, and what follows.
fn split_word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(is_blank_byte).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    (word, rest.trim_ascii_start())
}

/// What follows the options: these end at the first blank outside of quotes; a quote behind a backslash is none.
fn after_options(line: &[u8]) -> &[u8] {
    let mut quoted = false;
    let mut before = b' ';
    let end = line.iter().position(|byte| {
        quoted ^= *byte == b'"' && before != b'\\';
        before = *byte;
        !quoted && is_blank_byte(byte)
    });
    end.and_then(|end| line.get(end..)).unwrap_or_default().trim_ascii_start()
}

fn is_blank_byte(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
