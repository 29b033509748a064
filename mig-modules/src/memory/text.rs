//! A piece of memory as the text that regular expressions see: each byte that is not UTF-8 is U+FFFD.

use super::matcher::{CONTEXT_BYTES, View};
use mig_core::json;
use regex_automata::{Input, meta::Regex};
use std::ops::Range;

/// A piece as text, and the part of it that is searched.
#[derive(Debug)]
pub(super) struct Text {
    text: String,
    searched: Range<usize>,
}

impl Text {
    pub(super) fn new(view: View<'_>) -> Self {
        let inner = whole_characters(view.bytes, view.inner(CONTEXT_BYTES));
        let mut text = json::lossy(&view.bytes[..inner.start]);
        let start = text.len();
        text.push_str(&json::lossy(&view.bytes[inner.clone()]));
        let searched = start..text.len();
        text.push_str(&json::lossy(&view.bytes[inner.end..]));
        Self { text, searched }
    }

    pub(super) fn is_match(&self, exact: &Regex) -> bool {
        exact.is_match(Input::new(&self.text).range(self.searched.clone()))
    }
}

/// Moves both ends back to where a character begins; what is cut off belongs to a neighbouring piece.
fn whole_characters(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let start = character_start(bytes, range.start);
    start..character_start(bytes, range.end).max(start)
}

/// The begin of the character that a place lies in; the place itself, if it lies in none.
fn character_start(bytes: &[u8], place: usize) -> usize {
    let begins = (place.saturating_sub(3)..place).rev();
    for begin in begins {
        let end = (begin + 4).min(bytes.len());
        let length = bytes[begin..end]
            .utf8_chunks()
            .next()
            .map_or(0, |chunk| chunk.valid().chars().next().map_or(0, char::len_utf8));
        if begin + length > place {
            return begin;
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_never_cut() {
        let bytes = "aé€😀\u{7}".as_bytes();
        let starts: Vec<usize> = (0..=bytes.len()).map(|place| character_start(bytes, place)).collect();
        assert_eq!(starts, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11]);
        assert_eq!(character_start(b"\xe2\x82", 1), 1, "not a character");
        assert_eq!(character_start(b"\x82\x82\x82\x82", 3), 3);
    }
}
