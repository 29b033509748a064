//! Durations as the original reads and writes them: `1h2m3.5s`, `100ms`; nanoseconds in a signed 64-bit number.

use std::time::Duration;

/// Writes a duration; one too long for the original is written as its longest, about 292 years.
#[must_use]
pub fn format(duration: Duration) -> String {
    format_nanoseconds(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

/// Writes a number of nanoseconds: in one unit below a second, else in hours, minutes and seconds.
#[must_use]
pub fn format_nanoseconds(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    match total {
        0 => "0s".to_owned(),
        1..MICROSECOND => format!("{sign}{total}ns"),
        MICROSECOND..MILLISECOND => format!("{sign}{}µs", decimal(total, MICROSECOND)),
        MILLISECOND..SECOND => format!("{sign}{}ms", decimal(total, MILLISECOND)),
        SECOND..MINUTE => format!("{sign}{}s", decimal(total, SECOND)),
        _ => {
            let (minutes, seconds) = (total / MINUTE, decimal(total % MINUTE, SECOND));
            let hours = if minutes < 60 { String::new() } else { format!("{}h", minutes / 60) };
            format!("{sign}{hours}{}m{seconds}s", minutes % 60)
        }
    }
}

/// Reads a duration as nanoseconds: a sign, then numbers with units; `0` needs none.
///
/// # Errors
/// [`DurationError`] quotes the text.
pub fn parse(text: &str) -> Result<i64, DurationError> {
    let invalid = || DurationError::Invalid { text: text.to_owned() };
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (part, after) = component(rest, text)?;
        total = total.checked_add(part).filter(|total| *total <= LONGEST).ok_or_else(invalid)?;
        rest = after;
    }
    match (negative, i64::try_from(total)) {
        (true, _) => Ok(0_i64.wrapping_sub_unsigned(total)),
        (false, Ok(nanoseconds)) => Ok(nanoseconds),
        (false, Err(_)) => Err(invalid()),
    }
}

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not a duration, or longer than about 292 years.
    #[error("time: invalid duration {}", quoted(.text))]
    Invalid {
        /// The whole text.
        text: String,
    },
    /// A number without a unit.
    #[error("time: missing unit in duration {}", quoted(.text))]
    MissingUnit {
        /// The whole text.
        text: String,
    },
    /// A unit that does not exist; days are none.
    #[error("time: unknown unit {} in duration {}", quoted(.unit), quoted(.text))]
    UnknownUnit {
        /// The unit.
        unit: String,
        /// The whole text.
        text: String,
    },
}

/// One number with its unit, as nanoseconds, and what follows.
fn component<'t>(text: &'t str, whole: &str) -> Result<(u64, &'t str), DurationError> {
    let invalid = || DurationError::Invalid { text: whole.to_owned() };
    let (digits, rest) = split_digits(text);
    let number = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| invalid())? };
    let (decimals, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if digits.is_empty() && decimals.is_empty() {
        return Err(invalid());
    }
    let end = rest.find(|next: char| next == '.' || next.is_ascii_digit()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    if name.is_empty() {
        return Err(DurationError::MissingUnit { text: whole.to_owned() });
    }
    let unit = unit(name)
        .ok_or_else(|| DurationError::UnknownUnit { unit: name.to_owned(), text: whole.to_owned() })?;
    let nanoseconds = u64::checked_mul(number, unit)
        .and_then(|whole| whole.checked_add(fraction(decimals, unit)))
        .filter(|nanoseconds| *nanoseconds <= LONGEST)
        .ok_or_else(invalid)?;
    Ok((nanoseconds, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        // U+00B5, the sign, and U+03BC, the letter.
        "us" | "µs" | "μs" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => 60 * MINUTE,
        _ => return None,
    })
}

/// The nanoseconds of the digits behind the point: in floating point, because the original's rounding is that.
#[expect(clippy::cast_possible_truncation, reason = "a fraction of a unit: at most an hour of nanoseconds")]
fn fraction(decimals: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in decimals.bytes() {
        let next = value.checked_mul(10).and_then(|next| next.checked_add(u64::from(digit - b'0')));
        // Digits beyond 63 bits change nothing.
        let Some(next) = next.filter(|next| *next <= LONGEST) else { break };
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// A number of units with the fraction that is needed.
fn decimal(nanoseconds: u64, unit: u64) -> String {
    let (whole, fraction) = (nanoseconds / unit, nanoseconds % unit);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{fraction:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// In quotes, control characters and everything beyond ASCII as `\xNN` bytes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='\x7f' => quoted.push(character),
            _ => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    quoted.push_str(&format!("\\x{byte:02x}"));
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;

/// Nanoseconds of the longest negative duration.
const LONGEST: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_durations_are_read_exactly() {
        assert_eq!(parse("2562047h47m16.854775807s"), Ok(i64::MAX));
        assert_eq!(parse("-2562047h47m16.854775808s"), Ok(i64::MIN));
        assert_eq!(parse("-9223372036854775808ns"), Ok(i64::MIN));
        assert!(parse("9223372036854775808ns").is_err() && parse("18446744073709551616ns").is_err());
        assert_eq!(format_nanoseconds(i64::MIN), "-2562047h47m16.854775808s");
        assert_eq!(format(Duration::MAX), format_nanoseconds(i64::MAX));
    }

    #[test]
    fn fractions_round_as_in_the_original() {
        assert_eq!(parse("0.3333333333333333333h"), Ok(1_200_000_000_000));
        assert_eq!(parse("0.9223372036854775807h"), Ok(3_320_413_933_267));
        assert_eq!(parse("0.100000000000000000000h"), Ok(360_000_000_000));
        assert_eq!(parse(".5s"), Ok(500_000_000));
        assert_eq!(parse("-.5s"), Ok(-500_000_000));
    }

    #[test]
    fn what_is_no_duration_is_quoted() {
        for (text, error) in [
            ("", "time: invalid duration \"\""),
            ("-", "time: invalid duration \"-\""),
            (".s", "time: invalid duration \".s\""),
            ("3", "time: missing unit in duration \"3\""),
            ("1h 2m", "time: unknown unit \"h \" in duration \"1h 2m\""),
            ("1µ", "time: unknown unit \"\\xc2\\xb5\" in duration \"1\\xc2\\xb5\""),
            ("\"\\", "time: invalid duration \"\\\"\\\\\""),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), error);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_written_is_read_back(nanoseconds: i64, shift in 0_u32..63) {
            let nanoseconds = nanoseconds >> shift;
            prop_assert_eq!(parse(&format_nanoseconds(nanoseconds)), Ok(nanoseconds));
        }

        #[test]
        fn any_text_is_a_duration_or_an_error(text in "[-+0-9.a-zµμ]{0,24}|\\PC{0,8}") {
            if let Ok(nanoseconds) = parse(&text) {
                prop_assert_eq!(parse(&format_nanoseconds(nanoseconds)), Ok(nanoseconds));
            }
        }
    }
}
