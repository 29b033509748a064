//! Texts that several modules put into their results, in the forms of the original.

use std::time::{Duration, SystemTime};

/// The type and permissions of a file from its `st_mode`: letters for the type and attributes, then `rwxrwxrwx`.
///
/// The letters are, in this order: `d` directory, `L` symbolic link, `D` device, `p` FIFO, `S` socket, `u` setuid, `g`
/// setgid, `c` character device, `t` sticky; a single `-` stands for none. They do not change the `x` positions.
#[must_use]
pub fn file_mode(mode: u32) -> String {
    let (kind, character) = match mode & 0o170_000 {
        0o040_000 => ("d", ""),
        0o120_000 => ("L", ""),
        0o060_000 => ("D", ""),
        0o020_000 => ("D", "c"),
        0o010_000 => ("p", ""),
        0o140_000 => ("S", ""),
        _ => ("", ""),
    };
    let attribute = |bit: u32, letter: &'static str| if mode & bit == 0 { "" } else { letter };
    let mut text =
        [kind, attribute(0o4000, "u"), attribute(0o2000, "g"), character, attribute(0o1000, "t")].concat();
    if text.is_empty() {
        text.push('-');
    }
    for (position, letter) in "rwxrwxrwx".char_indices() {
        text.push(if mode & (0o400 >> position) == 0 { '-' } else { letter });
    }
    text
}

/// A point in time in UTC: `2004-04-04 04:04:04.123456789 +0000 UTC`, the fraction only as far as needed.
///
/// Any time a file system can hold has a text.
#[must_use]
pub fn modified(time: SystemTime) -> String {
    let nanoseconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => signed_nanoseconds(after),
        Err(before) => -signed_nanoseconds(before.duration()),
    };
    let (seconds, fraction) = (nanoseconds.div_euclid(SECOND), nanoseconds.rem_euclid(SECOND));
    let (year, month, day) = civil_date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:09}") };
    let fraction = fraction.trim_end_matches('0');
    let year = if year < 0 { format!("-{:04}", -year) } else { format!("{year:04}") };
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction} +0000 UTC")
}

/// How long something took, such as `1.234567ms`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    mig_core::duration::format(duration)
}

fn signed_nanoseconds(duration: Duration) -> i128 {
    i128::from(duration.as_secs()) * SECOND + i128::from(duration.subsec_nanos())
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar of all years.
///
/// Years begin in March here, so that the leap day is their last; 400 years have 146,097 days.
fn civil_date(days: i128) -> (i128, i128, i128) {
    let days = days + 719_468;
    let era_day = days.rem_euclid(146_097);
    let era_year = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    let march_month = (5 * year_day + 2) / 153;
    let day = year_day - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = days.div_euclid(146_097) * 400 + era_year + i128::from(month <= 2);
    (year, month, day)
}

/// In nanoseconds.
const SECOND: i128 = 1_000_000_000;

/// In seconds.
const DAY: i128 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_of_the_type_stand_before_the_permissions() {
        for (mode, text) in [
            (0o100_644, "-rw-r--r--"),
            (0o104_755, "urwxr-xr-x"),
            (0o106_755, "ugrwxr-xr-x"),
            (0o041_777, "dtrwxrwxrwx"),
            (0o020_666, "Dcrw-rw-rw-"),
            (0o024_666, "Ducrw-rw-rw-"),
            (0o120_777, "Lrwxrwxrwx"),
            (0o010_600, "prw-------"),
            (0, "----------"),
        ] {
            assert_eq!(file_mode(mode), text);
        }
    }

    // Times of Windows begin in 1601.
    #[cfg(unix)]
    #[test]
    fn times_before_1970_and_far_away_have_a_text() {
        let second = Duration::from_secs(1);
        assert_eq!(modified(SystemTime::UNIX_EPOCH - second), "1969-12-31 23:59:59 +0000 UTC");
        let half = Duration::from_millis(500);
        assert_eq!(modified(SystemTime::UNIX_EPOCH - half), "1969-12-31 23:59:59.5 +0000 UTC");
        let far = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(i64::MAX as u64)).unwrap();
        assert_eq!(modified(far), "292277026596-12-04 15:30:07 +0000 UTC");
        let year_1 = SystemTime::UNIX_EPOCH - Duration::from_secs(62_135_596_801);
        assert_eq!(modified(year_1), "0000-12-31 23:59:59 +0000 UTC");
    }

    /// Times of Windows begin in 1601.
    const EARLIEST: i64 = if cfg!(windows) { -11_644_473_600 } else { -60_000_000_000 };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn dates_are_those_of_the_calendar(seconds in EARLIEST..250_000_000_000) {
            let expected = jiff::Timestamp::from_second(seconds).unwrap().strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string();
            let time = SystemTime::UNIX_EPOCH;
            let distance = Duration::from_secs(seconds.unsigned_abs());
            let time = if seconds < 0 { time - distance } else { time + distance };
            prop_assert_eq!(modified(time), expected);
        }
    }
}
