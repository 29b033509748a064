//! Text of others, made safe for a terminal: file names and host names are chosen by whoever controls the endpoint.

use std::{borrow::Cow, error::Error, fmt::Write, iter};

/// One line of text without anything that moves the cursor, changes colours, hides or reorders what follows: such characters
/// are shown as `\n`, `\x1b` or `\u{202e}`. All other text stays as it is.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if is_dangerous(character) => push_escape(&mut safe, character),
            _ => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// An error and its causes as one line of text, without saying twice what an error has taken over from its cause.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in iter::successors(Some(error), |error| (*error).source()) {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    line(&text).into_owned()
}

/// JSON text with the same meaning and nothing dangerous in it: JSON leaves C1 controls and bidirectional marks unescaped.
/// Line feeds between tokens stay.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    let must_change = |character: char| character != '\n' && is_dangerous(character);
    if !text.contains(must_change) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if !must_change(character) {
            safe.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string can not fail.
            write!(safe, "\\u{unit:04x}").ok();
        }
    }
    Cow::Owned(safe)
}

fn push_escape(safe: &mut String, character: char) {
    // Writing to a string can not fail.
    match u32::from(character) {
        byte @ 0..=0xff => write!(safe, "\\x{byte:02x}").ok(),
        other => write!(safe, "\\u{{{other:x}}}").ok(),
    };
}

/// Controls, line and paragraph separators, bidirectional marks, characters without width, tags.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("{text}")]
        struct Layer {
            text: &'static str,
            source: Option<Box<Layer>>,
        }
        let layer = |text, source| Layer { text, source };
        let cause = layer("no such\nfile", None);
        let error = layer("loading", Some(layer("cannot read x: no such\nfile", Some(cause.into())).into()));
        assert_eq!(chain(&error), "loading: cannot read x: no such\\nfile");
    }

    #[test]
    fn plain_text_is_left_alone() {
        for text in ["/etc/passwd", "naïve ☃ 文件 \u{fffd}", ""] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(line("a\x1b[31mb\nc\td\u{9b}2J\x7f"), "a\\x1b[31mb\\nc\\td\\x9b2J\\x7f");
        assert_eq!(line("photo\u{202e}gpj.exe"), "photo\\u{202e}gpj.exe");
        assert_eq!(line("a\u{200b}b\u{2066}"), "a\\u{200b}b\\u{2066}");
    }

    #[test]
    fn safe_json_means_the_same() {
        let dangerous = "{\n \"a\u{9b}\": \"\u{202e}\u{7f}\u{e0001}\"}";
        let safe = json(dangerous);
        assert!(safe.is_ascii(), "{safe}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&safe), read(dangerous));
    }
}
