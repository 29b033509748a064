//! From the text of one value to a check: the rules of each kind, and the errors in the words of the original.

use crate::dialect::{DialectError, Pattern};
use mig_core::duration;
use std::time::Duration;

/// Longest byte string, in bytes.
pub(super) const MAX_BYTES: usize = super::matcher::MAX_REACH;

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CheckError {
    #[error("Empty values are not permitted")]
    Empty,
    #[error("Invalid regexp '{value}'. Must be a regexp. Compilation failed with '{source}'")]
    Pattern { value: String, source: DialectError },
    #[error("Invalid bytes '{0}'. Must be an hexadecimal byte string without leading 0x. ex: 'ff00d1ab'")]
    Bytes(String),
    #[error("Invalid bytes: {0} bytes are too many, {MAX_BYTES} are allowed")]
    Long(usize),
    #[error("Invalid time limit '{value}'. Must be a time such as 500ms or 10s, more than 0: {reason}")]
    TimeLimit { value: String, reason: String },
}

/// A regular expression.
pub(super) fn pattern(value: &str) -> Result<Pattern, CheckError> {
    if value.is_empty() {
        return Err(CheckError::Empty);
    }
    Pattern::new(value).map_err(|source| CheckError::Pattern { value: value.to_owned(), source })
}

/// Hexadecimal digits of either case.
pub(super) fn bytes(value: &str) -> Result<Vec<u8>, CheckError> {
    if value.is_empty() {
        return Err(CheckError::Empty);
    }
    let (pairs, rest) = value.as_bytes().as_chunks();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    let bytes = bytes.filter(|_| rest.is_empty()).ok_or_else(|| CheckError::Bytes(value.to_owned()))?;
    if bytes.len() > MAX_BYTES { Err(CheckError::Long(bytes.len())) } else { Ok(bytes) }
}

/// A time such as `10s`; empty for none.
pub(super) fn time_limit(value: &str) -> Result<Option<Duration>, CheckError> {
    if value.is_empty() {
        return Ok(None);
    }
    let invalid = |reason: String| CheckError::TimeLimit { value: value.to_owned(), reason };
    match duration::parse(value).map_err(|error| invalid(error.to_string()))? {
        nanoseconds @ 1.. => Ok(Some(Duration::from_nanos(nanoseconds.unsigned_abs()))),
        _ => Err(invalid("it is not more than 0".to_owned())),
    }
}

fn digit(letter: u8) -> Option<u8> {
    let value = char::from(letter).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_are_pairs_of_digits() {
        assert_eq!(bytes("00fFAb"), Ok(vec![0x00, 0xff, 0xab]));
        assert_eq!(bytes(""), Err(CheckError::Empty));
        for value in ["f", "0xff", "ff 00", "\u{fb00}", "+f", "zz"] {
            assert_eq!(bytes(value), Err(CheckError::Bytes(value.to_owned())));
        }
        assert!(bytes(&"00".repeat(MAX_BYTES)).is_ok());
        assert_eq!(bytes(&"00".repeat(MAX_BYTES + 1)), Err(CheckError::Long(MAX_BYTES + 1)));
    }

    #[test]
    fn a_time_limit_is_more_than_nothing() {
        assert_eq!(time_limit(""), Ok(None));
        assert_eq!(time_limit("1m1s"), Ok(Some(Duration::from_secs(61))));
        for value in ["0s", "-1s", "5", "x"] {
            let error = time_limit(value).unwrap_err().to_string();
            assert!(error.starts_with(&format!("Invalid time limit '{value}'")), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_text_is_a_check_or_an_error(value in "\\PC{0,12}|[0-9a-fx]{0,9}") {
            let _bytes = bytes(&value);
            let _time_limit = time_limit(&value);
        }
    }
}
