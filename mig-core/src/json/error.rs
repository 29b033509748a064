//! What is wrong with a document, and where.

use serde::{de, ser};
use std::fmt;

/// What is wrong with a document, and where: the field, and the line and column of the text.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.0)]
pub struct Error(Box<Fault>);

#[derive(Debug)]
struct Fault {
    message: String,
    path: String,
    offset: Option<usize>,
    position: Option<Position>,
}

/// A place in a text; both numbers begin with 1, the column counts bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line; lines end with a line feed.
    pub line: usize,
    /// The byte within the line.
    pub column: usize,
}

impl Error {
    pub(super) fn new(message: impl Into<String>) -> Self {
        let fault = Fault { message: message.into(), path: String::new(), offset: None, position: None };
        Self(Box::new(fault))
    }

    /// Sets the place, unless an inner call knew it better.
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Puts a field name before the path.
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.prepend(&shortened(name, MAX_NAME_CHARS));
        self
    }

    /// Puts the index of a list before the path.
    pub(super) fn in_element(mut self, index: usize) -> Self {
        self.prepend(&format!("[{index}]"));
        self
    }

    fn prepend(&mut self, segment: &str) {
        let dot = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("{segment}{dot}{}", self.0.path);
    }

    /// Turns the offset into line and column of `text`.
    pub(super) fn locate(mut self, text: &[u8]) -> Self {
        self.0.position = self.0.offset.map(|offset| Position::of(offset, text));
        self
    }

    /// Forgets the place: the text is not one that the caller has seen.
    pub(super) fn without_position(mut self) -> Self {
        self.0.position = None;
        self
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The field, such as `operations[0].module`; empty for the document itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The place in the text, if there is a text.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        formatter.write_str(&self.message)?;
        match self.position {
            Some(Position { line, column }) => write!(formatter, " (line {line}, column {column})"),
            None => Ok(()),
        }
    }
}

impl Position {
    fn of(offset: usize, text: &[u8]) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Self { line, column }
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(shortened(&message.to_string(), MAX_MESSAGE_CHARS))
    }
}

impl ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

/// Cuts text of a stranger that goes into a message for people, and escapes its control characters.
fn shortened(text: &str, limit: usize) -> String {
    let mut short = String::new();
    for character in text.chars().take(limit) {
        if character.is_control() { short.extend(character.escape_default()) } else { short.push(character) }
    }
    if text.chars().nth(limit).is_some() {
        short.push('…');
    }
    short
}

const MAX_NAME_CHARS: usize = 64;
const MAX_MESSAGE_CHARS: usize = 256;
