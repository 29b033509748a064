//! Strings: Go's escapes, Go's way with bytes that are not UTF-8, and Go's folding of field names.

/// Reads bytes as text. Every byte that is not part of a complete character becomes its own U+FFFD, as in Go;
/// `String::from_utf8_lossy` merges some of them into one.
#[must_use]
pub fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// A JSON string in quotes, escaped as Go does. A byte that is not UTF-8 is written as the six characters `\ufffd`,
/// while a real U+FFFD stays as it is.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        write_escaped(&mut out, chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| "\\ufffd"));
    }
    out.push('"');
    out
}

/// Appends a JSON string in quotes.
pub(super) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    write_escaped(out, text);
    out.push('"');
}

fn write_escaped(out: &mut String, text: &str) {
    for piece in text.split_inclusive(needs_escape) {
        let Some(last) = piece.chars().next_back().filter(|last| needs_escape(*last)) else {
            out.push_str(piece);
            continue;
        };
        out.push_str(piece.strip_suffix(last).unwrap_or(piece));
        match last {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }
}

/// Go escapes what could end a script element or a line of JavaScript, beside what JSON demands.
fn needs_escape(character: char) -> bool {
    matches!(character, '\0'..='\x1f' | '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

/// True if Go takes `key` of a document for the field `name`: ASCII letters fold, and so do the two letters outside
/// ASCII whose other case is ASCII.
pub(crate) fn is_spelling_of(key: &str, name: &str) -> bool {
    key.chars().map(fold).eq(name.chars().map(fold))
}

fn fold(character: char) -> char {
    match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_spelling_of, lossy, quote};

    #[test]
    fn every_bad_byte_becomes_its_own_replacement_character() {
        assert_eq!(lossy(b"\xe2\x82x"), "\u{fffd}\u{fffd}x");
        assert_eq!(lossy(b"\xf0\x9f\x98"), "\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(lossy(b"\xed\xa0\x80"), "\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(lossy("né".as_bytes()), "né");
    }

    #[test]
    fn a_real_replacement_character_is_not_escaped() {
        assert_eq!(quote("\u{fffd}".as_bytes()), "\"\u{fffd}\"");
        assert_eq!(quote(b"\xff"), "\"\\ufffd\"");
    }

    #[test]
    fn field_names_fold_two_letters_outside_ascii() {
        assert!(is_spelling_of("PARAMETER\u{17f}", "parameters"));
        assert!(is_spelling_of("apı\u{212a}ey".replace('ı', "i").as_str(), "apikey"));
        assert!(!is_spelling_of("is-compressed", "is_compressed"));
        assert!(!is_spelling_of("nam", "name"));
    }
}
