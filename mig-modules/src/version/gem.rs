//! Ruby's order of gems: parts of digits or letters, of which letters make a version older than the one without them.

use super::{
    Scheme, VersionError,
    number::{self, split_while},
};
use std::cmp::Ordering;

pub(super) fn compare(left: &str, right: &str) -> Result<Ordering, VersionError> {
    let (left, right) = (parts(left)?, parts(right)?);
    let part = |parts: &[Part], place: usize| parts.get(place).cloned().unwrap_or(Part::Number(Vec::new()));
    let places = 0..left.len().max(right.len());
    let order = places.map(|place| part(&left, place).compare(&part(&right, place)));
    Ok(order.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
}

#[derive(Clone)]
enum Part {
    Letters(Vec<u8>),
    Number(Vec<u8>),
}

impl Part {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Letters(left), Self::Letters(right)) => left.cmp(right),
            (Self::Letters(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Letters(_)) => Ordering::Greater,
            (Self::Number(left), Self::Number(right)) => number::compare(left, right),
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Number(digits) if digits.iter().all(|digit| *digit == b'0'))
    }
}

/// The parts that count: zeros before the first letters and at the end do not, so that `1.0.a` is `1.a`.
fn parts(text: &str) -> Result<Vec<Part>, VersionError> {
    let text = text.trim();
    check(text)?;
    let mut parts = split(text);
    let numbers = parts.iter().position(|part| matches!(part, Part::Letters(_))).unwrap_or(parts.len());
    let mut letters = parts.split_off(numbers);
    for parts in [&mut parts, &mut letters] {
        let length = parts.iter().rposition(|part| !part.is_zero()).map_or(0, |last| last + 1);
        parts.truncate(length);
    }
    parts.append(&mut letters);
    Ok(parts)
}

/// A number, then parts of digits and letters between dots or dashes.
fn check(text: &str) -> Result<(), VersionError> {
    let error = |reason| Err(VersionError::new(Scheme::Gem, text, reason));
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !text.split(['.', '-']).all(is_part) {
        return error("has a part that is not understood");
    }
    let first = text.split(['.', '-']).next().unwrap_or_default();
    if first.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        error("does not begin with a number")
    }
}

/// Runs of digits and of letters. A dash stands for `.pre.`.
fn split(text: &str) -> Vec<Part> {
    let text = text.replace('-', ".pre.");
    let mut parts = Vec::new();
    let mut rest = text.as_bytes();
    while let Some(first) = rest.first() {
        let (part, after) = if first.is_ascii_digit() {
            let (digits, after) = split_while(rest, u8::is_ascii_digit);
            (Some(Part::Number(digits.to_vec())), after)
        } else if first.is_ascii_alphabetic() {
            let (letters, after) = split_while(rest, u8::is_ascii_alphabetic);
            (Some(Part::Letters(letters.to_vec())), after)
        } else {
            (None, rest.get(1..).unwrap_or_default())
        };
        parts.extend(part);
        rest = after;
    }
    parts
}
