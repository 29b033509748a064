//! The grammar: white space, literals, numbers, strings, and how to skip a value.

use super::{error::Error, text::lossy};
use crate::limits::MAX_JSON_DEPTH;
use std::borrow::Cow;

/// A position in a JSON text, with what is left of the limits.
#[derive(Debug)]
pub(super) struct Scanner<'de> {
    text: &'de [u8],
    at: usize,
    depth: usize,
    max_values: usize,
    values: usize,
}

/// What kind of value begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    String,
    List,
    Object,
}

impl<'de> Scanner<'de> {
    /// A document of at most `max_values` members and elements.
    pub(super) fn new(text: &'de [u8], max_values: usize) -> Self {
        Self { text, at: 0, depth: 0, max_values, values: 0 }
    }

    /// A second scanner on the same text, from `offset` on.
    pub(super) fn again_from(&self, offset: usize) -> Self {
        Self { at: offset, ..*self }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn error(&self, message: impl Into<String>) -> Error {
        Error::new(message).at(self.at)
    }

    /// The next byte that is not white space, without taking it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..)?;
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.text.get(self.at).copied()
    }

    /// Takes the next byte that is not white space, if it is this one.
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, wanted: u8, place: &str) -> Result<(), Error> {
        if self.take(wanted) { Ok(()) } else { Err(self.unexpected(place)) }
    }

    /// Nothing but white space may follow the document.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected("after the document")) }
    }

    pub(super) fn kind(&mut self) -> Result<Kind, Error> {
        match self.peek() {
            Some(b'n') => Ok(Kind::Null),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'"') => Ok(Kind::String),
            Some(b'[') => Ok(Kind::List),
            Some(b'{') => Ok(Kind::Object),
            _ => Err(self.unexpected(VALUE)),
        }
    }

    /// Takes `null`, if it is there.
    pub(super) fn null(&mut self) -> Result<bool, Error> {
        let found = self.peek() == Some(b'n');
        if found {
            self.literal("null")?;
        }
        Ok(found)
    }

    pub(super) fn bool(&mut self) -> Result<bool, Error> {
        let value = self.peek() == Some(b't');
        self.literal(if value { "true" } else { "false" })?;
        Ok(value)
    }

    fn literal(&mut self, word: &str) -> Result<(), Error> {
        for wanted in word.bytes() {
            if self.text.get(self.at) != Some(&wanted) {
                return Err(self.unexpected(&format!("in '{word}'")));
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Takes a number, and returns its text.
    pub(super) fn number(&mut self) -> Result<&'de str, Error> {
        self.peek();
        let start = self.at;
        self.take_here(|byte| byte == b'-');
        if !self.take_here(|byte| byte == b'0') {
            self.digits()?;
        }
        if self.take_here(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.take_here(|byte| matches!(byte, b'e' | b'E')) {
            self.take_here(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        self.slice(start)
    }

    fn digits(&mut self) -> Result<(), Error> {
        if !self.take_here(|byte| byte.is_ascii_digit()) {
            return Err(self.unexpected("in a number"));
        }
        while self.take_here(|byte| byte.is_ascii_digit()) {}
        Ok(())
    }

    fn take_here(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.text.get(self.at).is_some_and(|byte| wanted(*byte));
        self.at += usize::from(found);
        found
    }

    fn slice(&self, start: usize) -> Result<&'de str, Error> {
        let bytes = self.text.get(start..self.at).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| self.error("text that is not UTF-8"))
    }

    /// Takes a string, which stands at this place; borrowed from the text if it has neither escapes nor bad bytes.
    pub(super) fn string(&mut self, place: &str) -> Result<Cow<'de, str>, Error> {
        self.expect(b'"', place)?;
        let plain = self.plain()?;
        if self.take_here(|byte| byte == b'"') {
            return Ok(match std::str::from_utf8(plain) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(lossy(plain)),
            });
        }
        let mut text = lossy(plain);
        while !self.take_here(|byte| byte == b'"') {
            self.at += 1;
            text.push(self.escape()?);
            text.push_str(&lossy(self.plain()?));
        }
        Ok(Cow::Owned(text))
    }

    /// Takes a field name and the colon.
    pub(super) fn key(&mut self) -> Result<Cow<'de, str>, Error> {
        let key = self.string("where a field name begins")?;
        self.expect(b':', "after a field name")?;
        Ok(key)
    }

    /// Takes the bytes up to the next quote or backslash.
    fn plain(&mut self) -> Result<&'de [u8], Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
        self.at += length;
        match rest.get(length) {
            Some(b'"' | b'\\') => Ok(rest.get(..length).unwrap_or_default()),
            _ => Err(self.unexpected("in a string")),
        }
    }

    /// Takes what follows a backslash.
    fn escape(&mut self) -> Result<char, Error> {
        let character = match self.text.get(self.at) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.unexpected("after a backslash")),
        };
        self.at += 1;
        Ok(character)
    }

    /// Takes `uXXXX`, and a second escape if both are a surrogate pair. A lone surrogate is U+FFFD,
    /// and what follows it stands for itself.
    fn unicode_escape(&mut self) -> Result<char, Error> {
        self.at += 1;
        let first = self.hex()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let after_first = self.at;
        if first < 0xdc00 && self.take_here(|byte| byte == b'\\') && self.take_here(|byte| byte == b'u') {
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let pair = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = after_first;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, Error> {
        let mut number = 0;
        for _ in 0..4 {
            let digit = self.text.get(self.at).and_then(|byte| char::from(*byte).to_digit(16));
            number = number * 16 + digit.ok_or_else(|| self.unexpected("in a \\u escape"))?;
            self.at += 1;
        }
        Ok(number)
    }

    /// Enters a list or an object.
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        if self.depth == MAX_JSON_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_JSON_DEPTH} levels")));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Leaves a list or an object, which the caller has read to its end.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Moves to the next element of a list or object: false at its end, which is taken.
    pub(super) fn advance(&mut self, first: bool, close: u8) -> Result<bool, Error> {
        if first && self.take(close) {
            return Ok(false);
        }
        if !first {
            if self.take(close) {
                return Ok(false);
            }
            self.expect(b',', "after a value")?;
        }
        self.values += 1;
        if self.values > self.max_values {
            return Err(self.error(format!("more than {} values", self.max_values)));
        }
        Ok(true)
    }

    /// Takes a value of any kind; only its grammar is checked.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        match self.kind()? {
            Kind::Null => self.literal("null"),
            Kind::Bool => self.bool().map(drop),
            Kind::Number => self.number().map(drop),
            Kind::String => self.string(VALUE).map(drop),
            Kind::List => self.skip_all(b']', Self::skip),
            Kind::Object => self.skip_all(b'}', |scanner| {
                scanner.key()?;
                scanner.skip()
            }),
        }
    }

    fn skip_all(&mut self, close: u8, skip: impl Fn(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.enter()?;
        let mut first = true;
        while self.advance(first, close)? {
            first = false;
            skip(self)?;
        }
        self.leave();
        Ok(())
    }

    fn unexpected(&self, place: &str) -> Error {
        match self.text.get(self.at) {
            None => self.error(format!("the text ends {place}")),
            Some(byte @ 0x21..=0x7e) => {
                self.error(format!("invalid character '{}' {place}", char::from(*byte)))
            }
            Some(byte) => self.error(format!("invalid byte 0x{byte:02x} {place}")),
        }
    }
}

/// The place of a value, in messages.
pub(super) const VALUE: &str = "where a value begins";
