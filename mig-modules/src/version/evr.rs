//! The order of versions in policies: epoch, version and release, compared as the evaluator `evr` always did.
//!
//! Near to rpm's order, but `~` and `^` mean nothing here, and separators neither: policies depend on it. It is the order of no
//! distribution.

use std::cmp::Ordering;

/// Why a text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvrError {
    /// Nothing follows the epoch.
    #[error("evrExtract: only epoch")]
    OnlyEpoch,
    /// The release is missing behind its dash.
    #[error("evrExtract: ends in dash")]
    EndsInDash,
    /// The epoch of the version that was found does not fit in 64 bits, or is missing before its colon.
    #[error("evrRpmCompare: bad actual epoch")]
    BadActualEpoch,
    /// The same of the version that it is compared with.
    #[error("evrRpmCompare: bad check epoch")]
    BadCheckEpoch,
}

/// How a version that was found relates to the one it is checked against. Both have the form `[epoch:]version[-release]`.
///
/// # Errors
/// [`EvrError`] if one of them is no version; the form of both is looked at before their epochs.
pub fn compare(actual: &str, check: &str) -> Result<Ordering, EvrError> {
    let (actual, check) = (Evr::split(actual.as_bytes())?, Evr::split(check.as_bytes())?);
    let actual_epoch = actual.epoch().ok_or(EvrError::BadActualEpoch)?;
    let check_epoch = check.epoch().ok_or(EvrError::BadCheckEpoch)?;
    Ok(actual_epoch
        .cmp(&check_epoch)
        .then_with(|| compare_part(actual.version, check.version))
        .then_with(|| compare_part(actual.release, check.release)))
}

struct Evr<'a> {
    epoch: Option<&'a [u8]>,
    version: &'a [u8],
    release: &'a [u8],
}

impl<'a> Evr<'a> {
    fn split(text: &'a [u8]) -> Result<Self, EvrError> {
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (epoch, rest) = match text.split_at(digits) {
            (_, b":") => return Err(EvrError::OnlyEpoch),
            (epoch, [b':', rest @ ..]) => (Some(epoch), rest),
            _ => (None, text),
        };
        let (version, release) = match rest.iter().rposition(|byte| *byte == b'-') {
            None => (rest, &[] as &[u8]),
            Some(dash) if dash + 1 == rest.len() => return Err(EvrError::EndsInDash),
            Some(dash) => (&rest[..dash], &rest[dash + 1..]),
        };
        Ok(Self { epoch, version, release })
    }

    fn epoch(&self) -> Option<i64> {
        self.epoch.map_or(Some(0), number)
    }
}

/// Compares over the tokens of `check`: what `actual` has beyond them makes it newer.
fn compare_part(actual: &[u8], check: &[u8]) -> Ordering {
    if actual == check {
        return Ordering::Equal;
    }
    let mut actual = Tokens(actual);
    for check in Tokens(check) {
        let Some(actual) = actual.next() else { return Ordering::Less };
        let order = compare_token(actual, check);
        if order.is_ne() {
            return order;
        }
    }
    if actual.next().is_some() { Ordering::Greater } else { Ordering::Equal }
}

fn compare_token(actual: &[u8], check: &[u8]) -> Ordering {
    match (is_numeric(actual), is_numeric(check)) {
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => actual.cmp(check),
        (true, true) => {
            let (actual, check) = (without_zeros(actual), without_zeros(check));
            match (number(actual), number(check)) {
                (Some(actual), Some(check)) => actual.cmp(&check),
                // Numbers of more than 64 bits are texts.
                _ => actual.cmp(check),
            }
        }
    }
}

/// Maximal runs of digits or of ASCII letters; everything between them is a separator.
struct Tokens<'a>(&'a [u8]);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let begin = self.0.iter().position(u8::is_ascii_alphanumeric)?;
        let rest = &self.0[begin..];
        let belongs = |byte: &u8| byte.is_ascii_alphanumeric() && byte.is_ascii_digit() == is_numeric(rest);
        let end = rest.iter().position(|byte| !belongs(byte)).unwrap_or(rest.len());
        let (token, rest) = rest.split_at(end);
        self.0 = rest;
        Some(token)
    }
}

fn is_numeric(token: &[u8]) -> bool {
    token.first().is_some_and(u8::is_ascii_digit)
}

/// The last zero stays.
fn without_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros.min(digits.len().saturating_sub(1))..]
}

fn number(digits: &[u8]) -> Option<i64> {
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_form_of_both_is_looked_at_before_their_epochs() {
        assert_eq!(compare(":1", "1-"), Err(EvrError::EndsInDash));
        assert_eq!(compare(":1", "1"), Err(EvrError::BadActualEpoch));
        assert_eq!(compare("1", "99999999999999999999:1"), Err(EvrError::BadCheckEpoch));
        assert_eq!(compare(":", "1"), Err(EvrError::OnlyEpoch));
    }

    #[test]
    fn zeros_alone_are_a_number() {
        for (actual, check) in [("1.00", "1.0"), ("000", "0"), ("2.00-1", "2.0-01")] {
            assert_eq!(compare(actual, check), Ok(Ordering::Equal), "{actual} {check}");
        }
        assert_eq!(compare("1.00", "1.1"), Ok(Ordering::Less));
    }

    #[test]
    fn numbers_of_more_than_64_bits_are_texts() {
        assert_eq!(compare("1.20000000000000000000", "1.3"), Ok(Ordering::Less), "not as numbers");
        assert_eq!(compare("1.9223372036854775807", "1.3"), Ok(Ordering::Greater));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_text_has_an_order_or_an_error(actual: String, check: String) {
            _ = compare(&actual, &check);
        }

        #[test]
        fn the_order_of_versions_is_symmetric(actual in "[0-9a-b.~:-]{0,8}", check in "[0-9a-b.~:-]{0,8}") {
            if let (Ok(there), Ok(back)) = (compare(&actual, &check), compare(&check, &actual)) {
                prop_assert_eq!(there, back.reverse());
            }
        }
    }
}
