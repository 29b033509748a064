//! Points in time as the original writes them: RFC 3339, up to nanoseconds, the offset kept.

use jiff::civil::{Date, DateTime};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};
use std::{
    cmp::Ordering,
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

/// A point in time with the offset it was written with. Comparison looks at the point only.
///
/// The zero value is `0001-01-01T00:00:00Z`, which the original always writes.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    seconds: i64,
    nanoseconds: u32,
    offset_minutes: i32,
}

impl Time {
    /// Year 1, the value of a time that was never set.
    pub const ZERO: Self = Self { seconds: -62_135_596_800, nanoseconds: 0, offset_minutes: 0 };
    /// What the original stores for "has not begun": 0011-01-11T11:11:11.000000011Z.
    pub const NOT_STARTED: Self = Self { seconds: -61_819_159_729, nanoseconds: 11, offset_minutes: 0 };
    /// What the original stores for "has not ended": 9998-01-11T11:11:11.000000011Z.
    pub const NOT_FINISHED: Self = Self { seconds: 253_340_133_071, nanoseconds: 11, offset_minutes: 0 };

    /// The time of a Unix timestamp in seconds, in UTC.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0, offset_minutes: 0 }
    }

    /// The time of a Unix timestamp in seconds and nanoseconds (below 1,000,000,000; more is cut), in UTC.
    #[must_use]
    pub const fn from_unix_nanoseconds(seconds: i64, nanoseconds: u32) -> Self {
        let nanoseconds = if nanoseconds > 999_999_999 { 999_999_999 } else { nanoseconds };
        Self { seconds, nanoseconds, offset_minutes: 0 }
    }

    /// Now, in UTC, by the clock of the system.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Whole seconds since 1970, rounded down: what a signature covers.
    #[must_use]
    pub const fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after [`unix_seconds`](Self::unix_seconds), below 1,000,000,000.
    #[must_use]
    pub const fn subsecond_nanoseconds(&self) -> u32 {
        self.nanoseconds
    }

    /// True for year 1.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// This time without its fraction: what survives a signature.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self { nanoseconds: 0, ..self }
    }

    /// Later by a duration.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let nanoseconds = self.nanoseconds + duration.subsec_nanos();
        let carry = i64::from(nanoseconds / 1_000_000_000);
        let seconds = self.seconds.saturating_add_unsigned(duration.as_secs()).saturating_add(carry);
        Self { seconds, nanoseconds: nanoseconds % 1_000_000_000, ..self }
    }

    /// Earlier by a duration.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let borrow = self.nanoseconds < duration.subsec_nanos();
        let nanoseconds = self.nanoseconds + if borrow { 1_000_000_000 } else { 0 } - duration.subsec_nanos();
        let seconds =
            self.seconds.saturating_sub_unsigned(duration.as_secs()).saturating_sub(i64::from(borrow));
        Self { seconds, nanoseconds, ..self }
    }

    /// True if the time can be written in UTC, whatever offset it came with: its year is 0 to 9999 there too. Stores keep no
    /// offset.
    #[must_use]
    pub fn is_writable_in_utc(&self) -> bool {
        Self { offset_minutes: 0, ..*self }.civil().is_some()
    }

    /// How long after `earlier`; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let seconds = i128::from(self.seconds) - i128::from(earlier.seconds);
        let nanoseconds =
            seconds * 1_000_000_000 + i128::from(self.nanoseconds) - i128::from(earlier.nanoseconds);
        u64::try_from(nanoseconds.max(0)).map_or(Duration::MAX, Duration::from_nanos)
    }

    /// What Go's `Time.String` gives, such as `2004-04-04 04:04:04.5 +0000 UTC`: the form of times in the results of
    /// some modules. A time outside years 0 to 9999 is given as seconds since 1970.
    #[must_use]
    pub fn to_go_string(&self) -> String {
        match (self.date_and_clock(' '), self.offset_minutes) {
            (None, _) => self.to_string(),
            (Some(local), 0) => format!("{local} +0000 UTC"),
            (Some(local), offset) => format!("{local} {0} {0}", zone(offset, "")),
        }
    }

    /// Date and clock in the time's own offset, with as many fraction digits as needed; `None` outside years 0 to 9999.
    fn date_and_clock(&self, between: char) -> Option<String> {
        let local = self.civil()?;
        let fraction = match self.nanoseconds {
            0 => String::new(),
            nanoseconds => format!(".{nanoseconds:09}"),
        };
        Some(format!(
            "{:04}-{:02}-{:02}{between}{:02}:{:02}:{:02}{}",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second(),
            fraction.trim_end_matches('0'),
        ))
    }

    /// The local date and time that RFC 3339 shows; `None` outside years 0 to 9999.
    fn civil(&self) -> Option<DateTime> {
        let local = self.seconds.checked_add(i64::from(self.offset_minutes) * 60)?;
        let shifted = EPOCH.checked_add(jiff::SignedDuration::from_secs(local)).ok()?;
        (shifted.year() >= 0).then_some(shifted)
    }
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Time {}

impl std::hash::Hash for Time {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.seconds, self.nanoseconds).hash(state);
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanoseconds).cmp(&(other.seconds, other.nanoseconds))
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self::from_unix(0).plus(after),
            Err(before) => Self::from_unix(0).minus(before.duration()),
        }
    }
}

impl From<Time> for SystemTime {
    /// A time beyond what the system can hold becomes 1970.
    fn from(time: Time) -> Self {
        let seconds = Duration::from_secs(time.seconds.unsigned_abs());
        let whole = if time.seconds < 0 {
            Self::UNIX_EPOCH.checked_sub(seconds)
        } else {
            Self::UNIX_EPOCH.checked_add(seconds)
        };
        whole
            .and_then(|whole| whole.checked_add(Duration::from_nanos(u64::from(time.nanoseconds))))
            .unwrap_or(Self::UNIX_EPOCH)
    }
}

impl fmt::Display for Time {
    /// RFC 3339 with as many fraction digits as needed; a time outside years 0 to 9999 as seconds since 1970.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.date_and_clock('T'), self.offset_minutes) {
            (None, _) => write!(formatter, "{} seconds since 1970", self.seconds),
            (Some(local), 0) => write!(formatter, "{local}Z"),
            (Some(local), offset) => write!(formatter, "{local}{}", zone(offset, ":")),
        }
    }
}

/// `+02:00`, with this between hours and minutes.
fn zone(offset_minutes: i32, colon: &str) -> String {
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let minutes = offset_minutes.abs();
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

impl FromStr for Time {
    type Err = TimeError;

    /// Strict RFC 3339: four-digit year, capital `T` and `Z`, a real date, seconds 0 to 59, offsets below 24 hours;
    /// a fraction of any length is cut after nanoseconds.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        parse(text).ok_or_else(|| TimeError(text.chars().take(80).collect()))
    }
}

fn parse(text: &str) -> Option<Time> {
    let (date, rest) = text.split_at_checked(10)?;
    let (clock, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let date =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanoseconds, rest) = fraction(rest)?;
    let offset_minutes = offset(rest)?;
    let days = i64::from(date.since(EPOCH.date()).ok()?.get_days());
    let local = days * 86_400 + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Some(Time { seconds: local - i64::from(offset_minutes) * 60, nanoseconds, offset_minutes })
}

/// Numbers of fixed widths with a separator between.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        *number = digits(parts.next()?, width)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn digits(text: &str, width: usize) -> Option<u32> {
    (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// An optional fraction as nanoseconds, and what follows it.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (all, rest) = rest.split_at_checked(length)?;
    let kept: String = all.chars().chain(std::iter::repeat('0')).take(9).collect();
    (length > 0).then_some((digits(&kept, 9)?, rest))
}

/// `Z` or `+hh:mm`, in minutes.
fn offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let [hours, minutes] = numbers(rest, ':', [2, 2])?;
    let total = i32::try_from(hours * 60 + minutes).ok()?;
    (hours < 24 && minutes < 60).then_some(sign * total)
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.civil().is_none() {
            return Err(serde::ser::Error::custom("year outside of range [0,9999]"));
        }
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(TimeVisitor)
    }
}

struct TimeVisitor;

impl<'de> Visitor<'de> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time as text without escapes, or null")
    }

    fn visit_none<E>(self) -> Result<Time, E> {
        Ok(Time::ZERO)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Time, D::Error> {
        deserializer.deserialize_str(self)
    }

    /// Go reads times before it resolves escapes. Text with escapes is the only text that is not borrowed.
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Time, E> {
        text.parse().map_err(E::custom)
    }
}

/// Text that is not a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a time: RFC 3339 such as 2026-01-31T12:00:00Z is needed")]
pub struct TimeError(String);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use proptest::prelude::*;

    #[test]
    fn the_offset_is_kept_and_zero_is_z() {
        for (text, written) in [
            ("2018-07-01T00:00:00+02:00", "2018-07-01T00:00:00+02:00"),
            ("2018-07-01T00:00:00-00:00", "2018-07-01T00:00:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("2018-07-01T00:00:00.1000Z", "2018-07-01T00:00:00.1Z"),
        ] {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_no_honest_peer_sends_is_refused() {
        for text in [
            "",
            "2018-07-01t00:00:00z",
            "2018-02-30T00:00:00Z",
            "2018-07-01T5:00:00Z",
            "2018-07-01T00:00:60Z",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
        assert!("2018-07-01T00:00:00+24:00".parse::<Time>().is_err());
        assert!("2018-07-01T00:00:00,5Z".parse::<Time>().is_err());
    }

    #[test]
    fn placeholders_are_those_of_the_original() {
        assert_eq!(Time::NOT_STARTED.to_string(), "0011-01-11T11:11:11.000000011Z");
        assert_eq!(Time::NOT_FINISHED.to_string(), "9998-01-11T11:11:11.000000011Z");
        assert_eq!(Time::ZERO.to_string(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn escapes_inside_a_time_are_refused() {
        assert!(json::from_str::<Time>(r#""2018-07-01T00:00:00Z""#).is_ok());
        assert!(json::from_str::<Time>(r#""2018-07-01T00:00:00\u005a""#).is_err());
        assert!(json::from_str::<Time>("1508946605").is_err());
        assert!(json::from_str::<Time>("null").unwrap().is_zero());
    }

    #[test]
    fn years_beyond_9999_are_not_written() {
        let last: Time = "9999-12-31T23:59:59.999999999Z".parse().unwrap();
        assert_eq!(json::to_string(&last).unwrap(), "\"9999-12-31T23:59:59.999999999Z\"");
        assert!(json::to_string(&last.plus(Duration::from_nanos(1))).is_err());
    }

    #[test]
    fn an_offset_may_hide_a_year_that_is_not_written() {
        for (text, writable) in [
            ("9999-12-31T23:59:59-23:00", false),
            ("9999-12-31T22:59:59-01:00", true),
            ("0000-01-01T00:00:00+00:01", false),
            ("0000-01-01T00:00:00Z", true),
        ] {
            let time: Time = text.parse().unwrap();
            assert!(json::to_string(&time).is_ok() && time.is_writable_in_utc() == writable, "{text}");
        }
    }

    #[test]
    fn the_text_of_go_names_the_zone_twice() {
        let time: Time = "2018-07-01T00:00:00.5+02:00".parse().unwrap();
        assert_eq!(time.to_go_string(), "2018-07-01 00:00:00.5 +0200 +0200");
        assert_eq!(Time::from_unix(1).to_go_string(), "1970-01-01 00:00:01 +0000 UTC");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn written_times_read_back(seconds in -62_167_219_200_i64 + 86_400..253_402_300_800 - 86_400,
                                   nanoseconds in 0_u32..1_000_000_000, offset_minutes in -1439_i32..1440) {
            let time = Time { seconds, nanoseconds, offset_minutes };
            let again: Time = time.to_string().parse().unwrap();
            prop_assert_eq!(again, time);
            prop_assert_eq!(again.offset_minutes, offset_minutes);
        }

        #[test]
        fn minus_undoes_plus(seconds in -10_000_000_000_i64..10_000_000_000, nanoseconds in 0_u32..1_000_000_000,
                             whole in 0_u64..10_000_000_000, part in 0_u32..1_000_000_000) {
            let time = Time { seconds, nanoseconds, offset_minutes: 0 };
            let span = Duration::new(whole, part);
            prop_assert_eq!(time.plus(span).minus(span), time);
            prop_assert!(SystemTime::from(time) == SystemTime::from(Time::from(SystemTime::from(time))));
        }
    }
}
