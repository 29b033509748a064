//! Arch Linux's order, as vercmp(8) describes it: `[epoch:]version[-release]`, without the tildes of later rpm versions.

use super::{
    Scheme, VersionError, check_visible,
    number::{self, split_while},
};
use std::cmp::Ordering;

pub(super) fn compare(left: &str, right: &str) -> Result<Ordering, VersionError> {
    let (left, right) = (Version::parse(left)?, Version::parse(right)?);
    let releases = left.release.zip(right.release);
    Ok(number::compare(left.epoch, right.epoch)
        .then_with(|| compare_part(left.version, right.version))
        // A version without a release stands for all of them.
        .then_with(|| releases.map_or(Ordering::Equal, |(left, right)| compare_part(left, right))))
}

struct Version<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Result<Self, VersionError> {
        check_visible(Scheme::Pacman, text)?;
        let (digits, rest) = split_while(text.as_bytes(), u8::is_ascii_digit);
        let (epoch, rest) = match rest.strip_prefix(b":") {
            Some(rest) => (digits, rest),
            None => (&[][..], text.as_bytes()),
        };
        let (version, release) = match rest.iter().rposition(|byte| *byte == b'-') {
            Some(dash) => (rest.get(..dash).unwrap_or_default(), rest.get(dash + 1..)),
            None => (rest, None),
        };
        Ok(Self { epoch, version, release })
    }
}

/// Compares runs of digits or letters one by one; what stands between them matters by its length only.
fn compare_part(left: &[u8], right: &[u8]) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    let (mut left, mut right) = (left, right);
    while !left.is_empty() && !right.is_empty() {
        let (left_between, left_rest) = split_while(left, |byte| !byte.is_ascii_alphanumeric());
        let (right_between, right_rest) = split_while(right, |byte| !byte.is_ascii_alphanumeric());
        (left, right) = (left_rest, right_rest);
        if left.is_empty() || right.is_empty() {
            break;
        }
        let order = left_between.len().cmp(&right_between.len());
        if order.is_ne() {
            return order;
        }
        let (order, left_rest, right_rest) = compare_run(left, right);
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    compare_rests(left, right)
}

/// Compares the runs at the beginning, which are not empty; a number is newer than letters.
fn compare_run<'a>(left: &'a [u8], right: &'a [u8]) -> (Ordering, &'a [u8], &'a [u8]) {
    let is_number = left.first().is_some_and(u8::is_ascii_digit);
    let kind = if is_number { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
    let ((left, left_rest), (right, right_rest)) = (split_while(left, kind), split_while(right, kind));
    let order = match (right.is_empty(), is_number) {
        (true, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, true) => number::compare(left, right),
        (false, false) => left.cmp(right),
    };
    (order, left_rest, right_rest)
}

/// What is left over is newer, but letters, as in `1.0rc`, are older.
fn compare_rests(left: &[u8], right: &[u8]) -> Ordering {
    let is_letter = |text: &[u8]| text.first().is_some_and(u8::is_ascii_alphabetic);
    match (left.is_empty(), right.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) if !is_letter(right) => Ordering::Less,
        _ if is_letter(left) => Ordering::Less,
        _ => Ordering::Greater,
    }
}
