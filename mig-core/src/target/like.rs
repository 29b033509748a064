//! Patterns of `LIKE` and `ILIKE`.

use crate::limits::MAX_LIKE_BYTES;
use std::{iter::Peekable, str::Chars};

/// What a whole text must look like: `%` stands for any text, `_` for any one character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Like {
    pattern: String,
    escape: Option<char>,
    ignore_case: bool,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Exactly(char),
    AnyCharacter,
    AnyText,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LikeError {
    /// Nothing is behind the last escape character.
    #[error("ends with its escape character")]
    DanglingEscape,
    /// Matching takes time with the length of the pattern times that of the text.
    #[error("is longer than {MAX_LIKE_BYTES} bytes")]
    TooLong,
}

impl Like {
    /// The escape character of patterns without `ESCAPE`.
    pub const DEFAULT_ESCAPE: Option<char> = Some('\\');

    /// A pattern; behind `escape` each character stands for itself. `ignore_case` is that of `ILIKE`: A to Z only.
    ///
    /// # Errors
    /// [`LikeError`] if the pattern ends with its escape character, or is longer than [`MAX_LIKE_BYTES`].
    pub fn new(pattern: &str, escape: Option<char>, ignore_case: bool) -> Result<Self, LikeError> {
        if pattern.len() > MAX_LIKE_BYTES {
            return Err(LikeError::TooLong);
        }
        let mut parts = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            parts.push(match character {
                escaping if Some(escaping) == escape => {
                    Part::Exactly(fold(characters.next().ok_or(LikeError::DanglingEscape)?, ignore_case))
                }
                '%' => Part::AnyText,
                '_' => Part::AnyCharacter,
                other => Part::Exactly(fold(other, ignore_case)),
            });
        }
        Ok(Self { pattern: pattern.to_owned(), escape, ignore_case, parts })
    }

    /// The pattern as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The escape character; `None` after `ESCAPE ''`.
    #[must_use]
    pub fn escape(&self) -> Option<char> {
        self.escape
    }

    /// True for `ILIKE`.
    #[must_use]
    pub fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Whether the whole text looks like this; at most pattern length × text length steps.
    ///
    /// After a mismatch it is enough to let the last `%` seen take one character more: an earlier one gains nothing.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut rest = text.chars().peekable();
        let mut next = 0;
        let mut last_percent: Option<(usize, Peekable<Chars<'_>>)> = None;
        loop {
            match self.parts.get(next) {
                Some(Part::AnyText) => {
                    next += 1;
                    last_percent = Some((next, rest.clone()));
                    continue;
                }
                None if rest.peek().is_none() => return true,
                Some(part) if rest.next_if(|&character| self.fits(*part, character)).is_some() => {
                    next += 1;
                    continue;
                }
                _ => {}
            }
            let Some((after, start)) = &mut last_percent else { return false };
            if start.next().is_none() {
                return false;
            }
            next = *after;
            rest = start.clone();
        }
    }

    fn fits(&self, part: Part, character: char) -> bool {
        match part {
            Part::Exactly(wanted) => fold(character, self.ignore_case) == wanted,
            Part::AnyCharacter => true,
            Part::AnyText => false,
        }
    }
}

fn fold(character: char, ignore_case: bool) -> char {
    if ignore_case { character.to_ascii_lowercase() } else { character }
}

#[cfg(test)]
mod tests {
    use super::{Like, LikeError};
    use crate::limits::MAX_LIKE_BYTES;
    use proptest::prelude::*;

    fn like(pattern: &str, text: &str) -> bool {
        Like::new(pattern, Like::DEFAULT_ESCAPE, false).unwrap().matches(text)
    }

    #[test]
    fn percent_is_any_text_and_underscore_one_character() {
        assert!(like("linux.%", "linux.web1") && like("%mysql%", "db-mysql-3") && like("a_c", "aéc"));
        assert!(!like("linux.%", "linux") && !like("a_c", "ac") && !like("", "a"));
        assert!(like("%", "") && like("", "") && like("%a%a%", "aa") && like("a%%b", "ab"));
    }

    #[test]
    fn the_escape_character_makes_a_wildcard_literal() {
        assert!(like(r"100\%", "100%") && !like(r"100\%", "1000"));
        let other = Like::new("a!_", Some('!'), false).unwrap();
        assert!(other.matches("a_") && !other.matches("ab"));
        assert!(Like::new(r"a\", None, false).unwrap().matches(r"a\"));
        assert!(Like::new(r"a\", Some('\\'), false).is_err());
    }

    #[test]
    fn a_pattern_has_a_longest_length() {
        let longest = "a".repeat(MAX_LIKE_BYTES);
        assert!(like(&longest, &longest));
        let longer = Like::new(&format!("{longest}a"), None, false);
        assert_eq!(longer, Err(LikeError::TooLong));
    }

    #[test]
    fn ignoring_case_covers_a_to_z_only() {
        let pattern = Like::new("WEB-É%", None, true).unwrap();
        assert!(pattern.matches("web-É1") && !pattern.matches("web-é1"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn agrees_with_the_same_pattern_written_as_a_regular_expression(pattern in "[ab%_]{0,8}", text in "[abé]{0,10}") {
            let expression = format!("^(?s:{})$", pattern.replace('%', ".*").replace('_', "."));
            prop_assert_eq!(like(&pattern, &text), regex::Regex::new(&expression).unwrap().is_match(&text));
        }
    }
}
