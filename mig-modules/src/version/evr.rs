//! The order of versions in policies: `[epoch:]version[-release]`, whose separators do not matter.
//!
//! It is that of no packager: `~` has no meaning, so `1.0~rc1` is newer than `1.0`. Policies depend on it.

use super::number::split_while;
use std::cmp::Ordering;

/// Why two texts can not be compared, in the words of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvrError {
    /// Nothing follows the epoch.
    #[error("evrExtract: only epoch")]
    OnlyEpoch,
    /// There is a dash and no release behind it.
    #[error("evrExtract: ends in dash")]
    EndsInDash,
    /// The epoch of the version found is no number of 64 bits.
    #[error("evrRpmCompare: bad actual epoch")]
    BadActualEpoch,
    /// The epoch of the version of the policy is no number of 64 bits.
    #[error("evrRpmCompare: bad check epoch")]
    BadCheckEpoch,
}

/// Whether a version that was found is older than the one of the policy, the same, or newer.
///
/// # Errors
/// [`EvrError`] if one of them has no such form.
pub fn compare(actual: &str, check: &str) -> Result<Ordering, EvrError> {
    let (actual, check) = (Evr::split(actual)?, Evr::split(check)?);
    let actual_epoch: i64 = actual.epoch.parse().map_err(|_| EvrError::BadActualEpoch)?;
    let check_epoch: i64 = check.epoch.parse().map_err(|_| EvrError::BadCheckEpoch)?;
    Ok(actual_epoch
        .cmp(&check_epoch)
        .then_with(|| compare_part(actual.version, check.version))
        .then_with(|| compare_part(actual.release, check.release)))
}

struct Evr<'a> {
    epoch: &'a str,
    version: &'a str,
    release: &'a str,
}

impl<'a> Evr<'a> {
    fn split(text: &'a str) -> Result<Self, EvrError> {
        let is_epoch = |(epoch, _): &(&str, &str)| epoch.bytes().all(|byte| byte.is_ascii_digit());
        let (epoch, rest) = match text.split_once(':').filter(is_epoch) {
            Some((_, "")) => return Err(EvrError::OnlyEpoch),
            Some(parts) => parts,
            None => ("0", text),
        };
        let (version, release) = match rest.rsplit_once('-') {
            Some((_, "")) => return Err(EvrError::EndsInDash),
            Some(parts) => parts,
            None => (rest, ""),
        };
        Ok(Self { epoch, version, release })
    }
}

fn compare_part(actual: &str, check: &str) -> Ordering {
    if actual == check {
        return Ordering::Equal;
    }
    let (mut actual, mut check) = (Tokens(actual.as_bytes()), Tokens(check.as_bytes()));
    loop {
        let order = match (actual.next(), check.next()) {
            (Some(actual), Some(check)) => compare_token(actual, check),
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
            (None, None) => return Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A number is newer than letters. Numbers above 64 bits are compared as text.
fn compare_token(actual: &[u8], check: &[u8]) -> Ordering {
    match (is_number(actual), is_number(check)) {
        (true, true) => match (number(actual), number(check)) {
            (Some(actual), Some(check)) => actual.cmp(&check),
            _ => actual.cmp(check),
        },
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => actual.cmp(check),
    }
}

fn is_number(token: &[u8]) -> bool {
    token.first().is_some_and(u8::is_ascii_digit)
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Runs of ASCII digits or letters.
struct Tokens<'a>(&'a [u8]);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (_, rest) = split_while(self.0, |byte| !byte.is_ascii_alphanumeric());
        let kind = if is_number(rest) { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
        let (token, rest) = split_while(rest, kind);
        self.0 = rest;
        Some(token).filter(|token| !token.is_empty())
    }
}
