//! Sets of characters: `[...]`, `\d`, `[:alpha:]`, `\pL`.

use super::{
    cursor::Cursor,
    error::{DialectError, Reason},
    escape, unicode,
};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// Reads a class in brackets; the cursor is at `[`.
pub(super) fn parse(input: &mut Cursor<'_>, fold: bool) -> Result<ClassUnicode, DialectError> {
    let start = *input;
    input.next();
    let negated = input.eat("^");
    let mut class = ClassUnicode::empty();
    let mut first = true;
    while first || input.peek() != Some(']') {
        first = false;
        class.union(&item(input, fold, start)?);
    }
    input.next();
    if negated {
        class.negate();
    }
    Ok(class)
}

/// `\d`, `\D`, `\s`, `\S`, `\w`, `\W`, if one follows. ASCII only, and without the vertical tab.
pub(super) fn perl(input: &mut Cursor<'_>, fold: bool) -> Option<ClassUnicode> {
    let mut ahead = *input;
    ahead.eat("\\").then_some(())?;
    let kind = ahead.next()?;
    let ranges: &[(char, char)] = match kind.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    };
    *input = ahead;
    Some(group(ranges, kind.is_ascii_uppercase(), fold))
}

/// `\pN`, `\p{Greek}`, `\P{Greek}`, `\p{^Greek}`, if one follows.
pub(super) fn unicode(input: &mut Cursor<'_>, fold: bool) -> Result<Option<ClassUnicode>, DialectError> {
    let start = *input;
    let mut negated = if input.eat("\\p") {
        false
    } else if input.eat("\\P") {
        true
    } else {
        return Ok(None);
    };
    let invalid = |part: &str| DialectError::new(Reason::InvalidClassRange, part);
    let mut name = if input.eat("{") {
        input.eat_until("}").ok_or_else(|| invalid(start.rest()))?
    } else {
        let letter = *input;
        input.next();
        input.since(letter)
    };
    if let Some(inverted) = name.strip_prefix('^') {
        (name, negated) = (inverted, !negated);
    }
    let mut class = unicode::table(name).ok_or_else(|| invalid(input.since(start)))?;
    finish(&mut class, negated, fold);
    Ok(Some(class))
}

/// The set of one character; empty for a surrogate, which no text holds.
pub(super) fn character(code: u32, fold: bool) -> ClassUnicode {
    range(code, code, fold)
}

/// One thing between brackets: a set with a name, a character, or a range.
fn item(input: &mut Cursor<'_>, fold: bool, class: Cursor<'_>) -> Result<ClassUnicode, DialectError> {
    if let Some(named) = posix(input, fold)? {
        return Ok(named);
    }
    if let Some(named) = unicode(input, fold)? {
        return Ok(named);
    }
    if let Some(named) = perl(input, fold) {
        return Ok(named);
    }
    let start = *input;
    let low = bound(input, class)?;
    let mut high = low;
    // `-` before the closing bracket is itself.
    if input.rest().starts_with('-') && !input.rest().starts_with("-]") && input.rest() != "-" {
        input.next();
        high = bound(input, class)?;
    }
    if high < low {
        return Err(DialectError::new(Reason::InvalidClassRange, input.since(start)));
    }
    Ok(range(low, high, fold))
}

fn bound(input: &mut Cursor<'_>, class: Cursor<'_>) -> Result<u32, DialectError> {
    match input.peek() {
        None => Err(DialectError::new(Reason::MissingBracket, class.rest())),
        Some('\\') => escape::parse(input),
        Some(plain) => {
            input.next();
            Ok(plain.into())
        }
    }
}

/// `[:alpha:]` or `[:^alpha:]`, if one follows; without `:]` further on it is a plain `[`.
fn posix(input: &mut Cursor<'_>, fold: bool) -> Result<Option<ClassUnicode>, DialectError> {
    let start = *input;
    let mut ahead = *input;
    if !ahead.eat("[:") {
        return Ok(None);
    }
    let Some(name) = ahead.eat_until(":]") else { return Ok(None) };
    *input = ahead;
    let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
    let ranges =
        posix_ranges(name).ok_or_else(|| DialectError::new(Reason::InvalidClassRange, input.since(start)))?;
    Ok(Some(group(ranges, negated, fold)))
}

fn posix_ranges(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

fn group(ranges: &[(char, char)], negated: bool, fold: bool) -> ClassUnicode {
    let mut class = ClassUnicode::new(ranges.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high)));
    finish(&mut class, negated, fold);
    class
}

/// Letter case is folded before the negation: `(?i)\W` does not match U+212A, the Kelvin sign.
fn finish(class: &mut ClassUnicode, negated: bool, fold: bool) {
    if fold {
        class.case_fold_simple();
    }
    if negated {
        class.negate();
    }
}

/// All characters of a range of code points. The hole of the surrogates is left out.
fn range(low: u32, high: u32, fold: bool) -> ClassUnicode {
    let low = char::from_u32(low).unwrap_or('\u{e000}');
    let high = char::from_u32(high).unwrap_or('\u{d7ff}');
    let mut class = ClassUnicode::empty();
    if low <= high {
        class.push(ClassUnicodeRange::new(low, high));
    }
    finish(&mut class, false, fold);
    class
}
