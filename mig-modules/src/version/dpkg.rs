//! Debian's order, as deb-version(7) describes it.

use super::{Scheme, VersionError, check_visible, number};
use std::cmp::Ordering;

pub(super) fn compare(left: &str, right: &str) -> Result<Ordering, VersionError> {
    let (left, right) = (Version::parse(left)?, Version::parse(right)?);
    Ok(left
        .epoch
        .cmp(&right.epoch)
        .then_with(|| compare_part(left.upstream, right.upstream))
        .then_with(|| compare_part(left.revision, right.revision)))
}

/// `[epoch:]upstream[-revision]`.
struct Version<'a> {
    epoch: u32,
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Result<Self, VersionError> {
        let error = |reason| VersionError::new(Scheme::Dpkg, text, reason);
        check_visible(Scheme::Dpkg, text)?;
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => (parse_epoch(epoch).ok_or_else(|| error("has a bad epoch"))?, rest),
            None => (0, text),
        };
        let (upstream, revision) = match rest.rsplit_once('-') {
            Some((_, "")) => return Err(error("has an empty revision")),
            Some(parts) => parts,
            None => (rest, ""),
        };
        if upstream.is_empty() {
            return Err(error("has nothing but an epoch or a revision"));
        }
        Ok(Self { epoch, upstream: upstream.as_bytes(), revision: revision.as_bytes() })
    }
}

/// dpkg takes what fits in a C `int`.
fn parse_epoch(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|epoch| digits && *epoch <= i32::MAX.unsigned_abs())
}

/// Compares in turns a run of other characters and a number.
fn compare_part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (left_text, left_rest) = number::split_while(left, |byte| !byte.is_ascii_digit());
        let (right_text, right_rest) = number::split_while(right, |byte| !byte.is_ascii_digit());
        let (left_number, left_rest) = number::split_while(left_rest, u8::is_ascii_digit);
        let (right_number, right_rest) = number::split_while(right_rest, u8::is_ascii_digit);
        let order =
            compare_text(left_text, right_text).then_with(|| number::compare(left_number, right_number));
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

fn compare_text(left: &[u8], right: &[u8]) -> Ordering {
    let weight = |text: &[u8], place: usize| text.get(place).map_or(0, |byte| weight(*byte));
    (0..left.len().max(right.len()))
        .map(|place| weight(left, place).cmp(&weight(right, place)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// A tilde sorts before the end of the text (0), letters behind it, and everything else behind letters.
fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        letter if letter.is_ascii_alphabetic() => i32::from(letter),
        other => i32::from(other) + 256,
    }
}
