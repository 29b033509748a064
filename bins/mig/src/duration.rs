//! Periods of time as Go writes them: `90s`, `1h30m`, `1.5h`.

use anyhow::{Result, bail};
use std::time::Duration;

/// Longest period, in seconds: a year.
const MAX_SECONDS: f64 = 366.0 * 86_400.0;

/// Reads a period of time: one or more numbers, each with its unit.
///
/// # Errors
/// Names the value if it is no period, not above zero, or above a year.
pub(crate) fn parse(text: &str) -> Result<Duration> {
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.');
        let (number, behind) = rest.split_at(digits.unwrap_or(rest.len()));
        let (unit, length) = unit(behind).ok_or_else(|| invalid(text))?;
        seconds += number.parse::<f64>().map_err(|_| invalid(text))? * length;
        rest = behind.strip_prefix(unit).unwrap_or_default();
    }
    if !(seconds > 0.0 && seconds <= MAX_SECONDS) {
        bail!("'{text}' is not a duration between zero and a year");
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// The unit at the beginning of a text, and its length in seconds; longer names first.
fn unit(text: &str) -> Option<(&'static str, f64)> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
    UNITS.into_iter().find(|(name, _)| text.starts_with(name))
}

fn invalid(text: &str) -> anyhow::Error {
    anyhow::anyhow!("'{text}' is not a duration: write 90s, 5m or 1h30m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        for (text, seconds) in [("300s", 300.0), ("1h30m", 5400.0), ("1.5h", 5400.0), ("500ms", 0.5)] {
            assert_eq!(parse(text).unwrap(), Duration::from_secs_f64(seconds), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_value() {
        for text in ["", "5", "5d", "s", "-5m", "0s", "99999h", "1.2.3s", "5m x"] {
            assert!(parse(text).unwrap_err().to_string().contains(&format!("'{text}'")), "{text}");
        }
    }
}
