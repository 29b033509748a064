//! Escapes that stand for one character.

use super::{cursor::Cursor, error::DialectError, error::Reason};

/// Reads an escape of one character; the cursor is at the backslash. The result may be a surrogate, which no text holds.
pub(super) fn parse(input: &mut Cursor<'_>) -> Result<u32, DialectError> {
    let start = *input;
    input.next();
    let Some(kind) = input.next() else {
        return Err(DialectError::new(Reason::TrailingBackslash, ""));
    };
    let code = match kind {
        '0' => Some(octal(0, input)),
        // A single digit would be a back reference, which this family does not have.
        '1'..='7' => input.peek().filter(|next| next.is_digit(8)).map(|_| octal(kind.into(), input)),
        'x' => hexadecimal(input),
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'v' => Some(0x0b),
        other => (other.is_ascii() && !other.is_ascii_alphanumeric()).then_some(other.into()),
    };
    code.ok_or_else(|| DialectError::new(Reason::InvalidEscape, input.since(start)))
}

/// Up to two more octal digits after the first.
fn octal(first: u32, input: &mut Cursor<'_>) -> u32 {
    let mut code = first.saturating_sub('0'.into());
    for _ in 0..2 {
        let Some(digit) = input.peek().and_then(|digit| digit.to_digit(8)) else { break };
        input.next();
        code = code * 8 + digit;
    }
    code
}

/// `xHH` or `x{H...}`.
fn hexadecimal(input: &mut Cursor<'_>) -> Option<u32> {
    let first = input.next()?;
    if first == '{' {
        return braced(input);
    }
    let second = input.next();
    Some(first.to_digit(16)? * 16 + second?.to_digit(16)?)
}

fn braced(input: &mut Cursor<'_>) -> Option<u32> {
    let mut code = None;
    loop {
        let next = input.next()?;
        if next == '}' {
            return code;
        }
        let value = code.unwrap_or(0) * 16 + next.to_digit(16)?;
        code = Some(value).filter(|value| *value <= u32::from(char::MAX));
        code?;
    }
}
