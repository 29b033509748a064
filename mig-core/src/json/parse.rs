//! Text to tree: the strict grammar of Go's reader, under a depth limit.

use super::{Error, Value, number, text};
use crate::limits::MAX_JSON_DEPTH;

/// A parsed document. Numbers keep their text, because integer fields and floats read it differently; objects keep
/// repeated keys, because structures refuse them and maps take the last.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(float) => {
                let mut digits = String::new();
                number::write_float(*float, &mut digits);
                Self::Number(digits)
            }
            Value::String(text) => Self::String(text.clone()),
            Value::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Map(fields) => {
                Self::Object(fields.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

/// Parses one value with white space around it, and nothing else.
pub(super) fn parse(text: &[u8]) -> Result<Node, Error> {
    let mut parser = Parser { text, position: 0 };
    let node = parser.value(0)?;
    parser.skip_space();
    if parser.position < text.len() {
        return Err(parser.unexpected("after the document"));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a [u8],
    position: usize,
}

impl Parser<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, Error> {
        if depth > MAX_JSON_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_JSON_DEPTH} levels")));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Node::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            _ => Err(self.unexpected("where a value begins")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, Error> {
        self.position += 1;
        let mut fields = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Node::Object(fields));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("where a field name begins"));
            }
            let key = self.string()?;
            self.skip_space();
            self.expect(b':', "after a field name")?;
            let value = self.value(depth + 1)?;
            fields.push((key, value));
            self.skip_space();
            if self.take(b'}') {
                return Ok(Node::Object(fields));
            }
            self.expect(b',', "after a field")?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node, Error> {
        self.position += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Node::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Node::List(items));
            }
            self.expect(b',', "after a list element")?;
        }
    }

    fn word(&mut self, word: &str, node: Node) -> Result<Node, Error> {
        if self.rest().starts_with(word.as_bytes()) {
            self.position += word.len();
            Ok(node)
        } else {
            Err(self.unexpected("where a value begins"))
        }
    }

    fn number(&mut self) -> Result<Node, Error> {
        let start = self.position;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        // Only ASCII was taken.
        Ok(Node::Number(text::lossy(self.text.get(start..self.position).unwrap_or_default())))
    }

    fn digits(&mut self) -> Result<(), Error> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.unexpected("in a number"));
        }
        self.position += count;
        Ok(())
    }

    fn string(&mut self) -> Result<String, Error> {
        self.position += 1;
        let mut out = String::new();
        loop {
            let plain =
                self.rest().iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            out.push_str(&text::lossy(self.rest().get(..plain).unwrap_or_default()));
            self.position += plain;
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.unexpected("in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        self.position += 1;
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.unexpected("in an escape")),
        };
        self.position += 1;
        Ok(character)
    }

    /// A lone surrogate is U+FFFD, and the escape after it is read on its own.
    fn unicode_escape(&mut self) -> Result<char, Error> {
        let Some(first) = self.code_unit_at(self.position) else {
            return Err(self.unexpected("in a \\u escape"));
        };
        self.position += 5;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let second = match self.rest() {
            [b'\\', b'u', ..] => self.code_unit_at(self.position + 1),
            _ => None,
        };
        match second {
            Some(second @ 0xdc00..0xe000) => {
                self.position += 6;
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            _ => Ok(char::REPLACEMENT_CHARACTER),
        }
    }

    /// The four hexadecimal digits after the `u` at this position.
    fn code_unit_at(&self, position: usize) -> Option<u32> {
        let digits = self.text.get(position + 1..position + 5)?;
        digits.iter().try_fold(0, |code, byte| Some(code * 16 + char::from(*byte).to_digit(16)?))
    }

    fn skip_space(&mut self) {
        self.position +=
            self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, place: &str) -> Result<(), Error> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected(place)) }
    }

    fn unexpected(&self, place: &str) -> Error {
        match self.peek() {
            None => self.error(format!("unexpected end of JSON input {place}")),
            Some(byte) => self.error(format!("invalid character '{}' {place}", byte.escape_ascii())),
        }
    }

    fn error(&self, message: String) -> Error {
        let before = self.text.get(..self.position).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Error::new(format!("{message} (line {line}, column {column})"))
    }
}
