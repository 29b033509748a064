//! From the text of one value to a filter: the rules of each kind, and the errors in the words of the original.

use crate::{
    dialect::{DialectError, Pattern},
    scan::{Age, Algorithm, Digest, SizeRange, Test},
};
use std::{sync::Arc, time::Duration};

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CheckError {
    #[error("Empty values are not permitted")]
    Empty,
    #[error("Invalid regexp '{value}'. Must be a regexp. Compilation failed with '{source}'")]
    Pattern { value: String, source: DialectError },
    #[error("Invalid {kind} format for {kind} '{value}'. Must match regex {rule}")]
    Format { kind: &'static str, value: String, rule: &'static str },
    #[error("Invalid checksum format for hash '{value}'. Must match regex {rule}")]
    Digest { value: String, rule: String },
    /// Passed the original's validation, and failed when it made the checks.
    #[error("makeChecks() -> {0}")]
    Late(String),
    /// Fits alone, but not together with the values before it.
    #[error("the expressions take more than {MAX_EXPRESSIONS_BYTES} bytes together")]
    TooLarge,
}

/// Memory for the compiled expressions of names, modes and contents of all searches, in bytes.
pub(super) const MAX_EXPRESSIONS_BYTES: usize = 256 << 20;

/// A regular expression on names or contents, and whether a leading `!` inverts it.
pub(super) fn pattern(value: &str) -> Result<(Arc<Pattern>, bool), CheckError> {
    let positive = without_bang(value);
    Ok((compile(positive)?, positive.len() < value.len()))
}

/// A regular expression on modes. A leading `!` belongs to it, though validation looks at the rest alone.
pub(super) fn mode(value: &str) -> Result<Arc<Pattern>, CheckError> {
    compile(without_bang(value))?;
    Pattern::new(value).map(Arc::new).map_err(|source| CheckError::Late(source.to_string()))
}

/// `!` inverts if more follows; alone it is the expression `!`.
fn without_bang(value: &str) -> &str {
    value.strip_prefix('!').filter(|rest| !rest.is_empty()).unwrap_or(value)
}

fn compile(value: &str) -> Result<Arc<Pattern>, CheckError> {
    if value.is_empty() {
        return Err(CheckError::Empty);
    }
    let failed = |source| CheckError::Pattern { value: value.to_owned(), source };
    Pattern::new(value).map(Arc::new).map_err(failed)
}

/// A size such as `10k`, `<1m`, `>2g`: bounds are inclusive.
pub(super) fn size(value: &str) -> Result<SizeRange, CheckError> {
    if value.is_empty() {
        return Err(CheckError::Empty);
    }
    let (sign, rest) = split_sign(value);
    let (digits, unit) = match rest.strip_suffix(['k', 'm', 'g', 't']) {
        Some(digits) => (digits, rest.chars().next_back()),
        None => (rest, None),
    };
    if !is_digits(digits) {
        let value = value.to_owned();
        return Err(CheckError::Format { kind: "size", value, rule: "^(<|>)?[0-9]*(k|m|g|t)?$" });
    }
    let factor = match unit {
        Some('k') => 1 << 10,
        Some('m') => 1 << 20,
        Some('g') => 1 << 30,
        Some(_) => 1 << 40,
        None => 1,
    };
    let bytes = parse_uint(digits)?.checked_mul(factor).ok_or_else(|| out_of_range(digits))?;
    Ok(match sign {
        Some('<') => SizeRange { min: 0, max: bytes },
        Some(_) => SizeRange { min: bytes, max: u64::MAX },
        None => SizeRange { min: bytes, max: bytes },
    })
}

/// An age such as `<90d` or `>12h`; m are minutes.
pub(super) fn age(value: &str) -> Result<Age, CheckError> {
    if value.is_empty() {
        return Err(CheckError::Empty);
    }
    let malformed =
        || CheckError::Format { kind: "mtime", value: value.to_owned(), rule: "^(<|>)[0-9]*(d|h|m)$" };
    let (Some(sign), rest) = split_sign(value) else { return Err(malformed()) };
    let unit = rest.chars().next_back();
    let digits =
        rest.strip_suffix(['d', 'h', 'm']).filter(|digits| is_digits(digits)).ok_or_else(malformed)?;
    let count = u128::from(parse_uint(digits)?);
    // The original turns days into hours before it parses a duration, and says so when that fails.
    let (count, unit, seconds) = match unit {
        Some('d') => (count * 24, 'h', 3_600),
        Some('h') => (count, 'h', 3_600),
        _ => (count, 'm', 60),
    };
    let period = u64::try_from(count * seconds).ok().filter(|period| *period <= MAX_PERIOD_SECONDS);
    let late = || CheckError::Late(format!("time: invalid duration \"{count}{unit}\""));
    let period = Duration::from_secs(period.ok_or_else(late)?);
    Ok(if sign == '<' { Age::Younger(period) } else { Age::Older(period) })
}

/// A digest of one of these algorithms, told apart by their lengths; and its digits in upper case.
pub(super) fn digest(value: &str, algorithms: &[Algorithm]) -> Result<(Test, String), CheckError> {
    if value.is_empty() {
        return Err(CheckError::Empty);
    }
    let value = value.to_ascii_uppercase();
    let fitting = algorithms.iter().find(|algorithm| 2 * algorithm.length() == value.len());
    match fitting.and_then(|algorithm| Digest::from_hex(*algorithm, &value)) {
        Some(digest) => Ok((Test::Digest(digest), value)),
        None => Err(CheckError::Digest {
            value,
            rule: digest_rule(fitting.map_or(algorithms, std::slice::from_ref)),
        }),
    }
}

fn digest_rule(algorithms: &[Algorithm]) -> String {
    let lengths: Vec<String> =
        algorithms.iter().map(|algorithm| format!("[A-F0-9]{{{}}}", 2 * algorithm.length())).collect();
    match lengths.as_slice() {
        [one] => format!("^{one}$"),
        several => format!("^({})$", several.join("|")),
    }
}

fn split_sign(value: &str) -> (Option<char>, &str) {
    match value.strip_prefix(['<', '>']) {
        Some(rest) => (value.chars().next(), rest),
        None => (None, value),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parse_uint(digits: &str) -> Result<u64, CheckError> {
    if digits.is_empty() {
        return Err(CheckError::Late("strconv.ParseUint: parsing \"\": invalid syntax".to_owned()));
    }
    digits.parse().map_err(|_| out_of_range(digits))
}

fn out_of_range(digits: &str) -> CheckError {
    CheckError::Late(format!("strconv.ParseUint: parsing \"{digits}\": value out of range"))
}

/// A duration of the original is a signed count of nanoseconds: about 292 years.
const MAX_PERIOD_SECONDS: u64 = i64::MAX as u64 / 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_ranges_with_inclusive_bounds() {
        let range = |min, max| SizeRange { min, max };
        for (value, expected) in [
            ("10", range(10, 10)),
            ("0010", range(10, 10)),
            ("<1k", range(0, 1024)),
            (">2g", range(2 << 30, u64::MAX)),
            ("1t", range(1 << 40, 1 << 40)),
        ] {
            assert_eq!(size(value), Ok(expected), "{value}");
        }
    }

    #[test]
    fn refused_values_are_named_with_their_rule() {
        let text = |error: CheckError| error.to_string();
        assert_eq!(
            text(size("10x").unwrap_err()),
            "Invalid size format for size '10x'. Must match regex ^(<|>)?[0-9]*(k|m|g|t)?$"
        );
        assert_eq!(
            text(size(">k").unwrap_err()),
            "makeChecks() -> strconv.ParseUint: parsing \"\": invalid syntax"
        );
        assert_eq!(
            text(size("99999999t").unwrap_err()),
            "makeChecks() -> strconv.ParseUint: parsing \"99999999\": value out of range"
        );
        assert_eq!(
            text(age("10d").unwrap_err()),
            "Invalid mtime format for mtime '10d'. Must match regex ^(<|>)[0-9]*(d|h|m)$"
        );
        assert_eq!(text(age("<200000d").unwrap_err()), "makeChecks() -> time: invalid duration \"4800000h\"");
        assert_eq!(
            text(digest("abc", &[Algorithm::Sha256, Algorithm::Sha384]).unwrap_err()),
            "Invalid checksum format for hash 'ABC'. Must match regex ^([A-F0-9]{64}|[A-F0-9]{96})$"
        );
    }

    #[test]
    fn letters_that_are_no_digits_do_not_become_some() {
        assert!(digest(&"\u{fb00}".repeat(16), &[Algorithm::Md5]).is_err(), "its upper case is FF");
    }

    #[test]
    fn ages_know_days_hours_and_minutes() {
        assert_eq!(age("<1d"), Ok(Age::Younger(Duration::from_secs(86_400))));
        assert_eq!(age(">2h"), Ok(Age::Older(Duration::from_secs(7_200))));
        assert_eq!(age(">106751d"), Ok(Age::Older(Duration::from_secs(106_751 * 86_400))));
        assert_eq!(age("<3m"), Ok(Age::Younger(Duration::from_secs(180))));
    }

    #[test]
    fn one_exclamation_mark_inverts_if_more_follows() {
        for (value, inverted) in [("!", false), ("!a", true), ("!!", true), ("a!", false)] {
            assert_eq!(pattern(value).unwrap().1, inverted, "{value}");
        }
        assert!(pattern("!!bang").unwrap().0.is_match(b"a!bang"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_text_is_a_check_or_an_error(value in "\\PC{0,12}|[<>]?[0-9]{0,22}[kmgtdhx]?") {
            let _size = size(&value);
            let _age = age(&value);
            let _digest = digest(&value, &Algorithm::ALL);
        }
    }
}
