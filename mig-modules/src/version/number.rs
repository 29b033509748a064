//! Numbers of any length, as digits.

use std::cmp::Ordering;

/// Compares two runs of ASCII digits as numbers; no digits are 0.
pub(super) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (left, right) = (significant(left), significant(right));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// The digits without leading zeros.
fn significant(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

/// Splits after the longest beginning of bytes that are `wanted`.
pub(super) fn split_while(text: &[u8], wanted: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !wanted(byte)).unwrap_or(text.len());
    text.split_at(end)
}
