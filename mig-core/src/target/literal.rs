//! Literals inside literals: times, intervals and JSON paths, as Postgres writes them.

use super::Interval;
use crate::time::Time;
use jiff::{SignedDuration, Span, Timestamp, civil, tz::TimeZone};

/// Reads a point in time: RFC 3339, or Postgres' spelling with a blank; a date alone is its midnight; without an
/// offset it is UTC. Finer than a microsecond is cut.
pub(super) fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    let timestamp = text.parse().ok().or_else(|| civil_time(text))?;
    time_of(timestamp)
}

/// Plain characters only: the crate would read an offset or a zone here, and ignore it.
fn civil_time(text: &str) -> Option<Timestamp> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-: T.".contains(&byte));
    let dashes = text.bytes().filter(|&byte| byte == b'-').count();
    if !plain || dashes > 2 {
        return None;
    }
    let time: civil::DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

fn time_of(timestamp: Timestamp) -> Option<Time> {
    let microseconds = timestamp.as_microsecond();
    // Not by the clock of the system: on Windows its times begin in 1601.
    let nanoseconds = u32::try_from(microseconds.rem_euclid(1_000_000) * 1_000).ok()?;
    Some(Time::from_unix_nanoseconds(microseconds.div_euclid(1_000_000), nanoseconds))
}

fn timestamp_of(time: Time) -> Option<Timestamp> {
    let nanoseconds = i32::try_from(time.subsecond_nanoseconds()).ok()?;
    Timestamp::new(time.unix_seconds(), nanoseconds).ok()
}

/// Writes a point in time so that [`time`] reads it; `None` outside the years −9999 to 9999.
pub(super) fn print_time(time: Time) -> Option<String> {
    timestamp_of(time).map(|timestamp| timestamp.to_string())
}

impl Interval {
    /// Reads an interval such as `2 days 3 hours`: whole numbers, each with its unit, from seconds to years.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut interval = Self::default();
        let mut rest = text.trim();
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let (number, behind) = split_while(rest, |byte| byte.is_ascii_digit());
            let (unit, behind) = split_while(behind.trim_start(), |byte| byte.is_ascii_alphabetic());
            interval = interval.add(number.parse().ok()?, unit)?;
            rest = behind.trim_start();
        }
        interval.is_reasonable().then_some(interval)
    }

    fn add(self, number: u32, unit: &str) -> Option<Self> {
        let Self { months, days, seconds } = self;
        let more_seconds =
            |factor: u64| Some(Self { seconds: seconds.checked_add(factor * u64::from(number))?, ..self });
        let more_days = |factor| Some(Self { days: days.checked_add(number.checked_mul(factor)?)?, ..self });
        let more_months =
            |factor| Some(Self { months: months.checked_add(number.checked_mul(factor)?)?, ..self });
        match unit.to_ascii_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => more_seconds(1),
            "m" | "min" | "mins" | "minute" | "minutes" => more_seconds(60),
            "h" | "hr" | "hrs" | "hour" | "hours" => more_seconds(3600),
            "d" | "day" | "days" => more_days(1),
            "w" | "week" | "weeks" => more_days(7),
            "mon" | "mons" | "month" | "months" => more_months(1),
            "y" | "yr" | "yrs" | "year" | "years" => more_months(12),
            _ => None,
        }
    }

    /// Nothing is longer than a thousand years, so that every difference is a time.
    fn is_reasonable(self) -> bool {
        self.months <= 12_000 && self.days <= 365_250 && self.seconds <= 365_250 * 86_400
    }

    /// The time this long before `time`: months first, as Postgres does; `None` if that is no year from −9999 to 9999.
    #[must_use]
    pub fn before(self, time: Time) -> Option<Time> {
        let calendar = Span::new().try_months(self.months).ok()?.try_days(self.days).ok()?;
        let seconds = SignedDuration::from_secs(i64::try_from(self.seconds).ok()?);
        let start = timestamp_of(time)?.to_zoned_datetime(TimeZone::UTC).checked_sub(calendar).ok()?;
        time_of(start.checked_sub(seconds).ok()?.timestamp())
    }
}

/// Writes an interval so that [`Interval::parse`] reads it.
pub(super) fn print_interval(interval: Interval) -> String {
    let Interval { months, days, seconds } = interval;
    let parts = [
        (u64::from(months / 12), "year"),
        (u64::from(months % 12), "month"),
        (u64::from(days), "day"),
        (seconds / 3600, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let plural = |count| if count == 1 { "" } else { "s" };
    let words: Vec<_> = parts
        .into_iter()
        .filter(|&(count, _)| count != 0)
        .map(|(count, unit)| format!("{count} {unit}{}", plural(count)))
        .collect();
    if words.is_empty() { "0 seconds".into() } else { words.join(" ") }
}

fn split_while(text: &str, accept: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !accept(byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Reads a JSON path: an array of texts as Postgres writes it, `{a,"b c"}`.
pub(super) fn path(text: &str) -> Option<Vec<String>> {
    let inside = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    let mut rest = inside.trim_start();
    if rest.is_empty() {
        return Some(elements);
    }
    loop {
        let (element, behind) =
            if rest.starts_with('"') { quoted_element(rest)? } else { plain_element(rest)? };
        elements.push(element);
        match behind.trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return behind.trim_start().is_empty().then_some(elements),
        }
    }
}

fn plain_element(text: &str) -> Option<(String, &str)> {
    let end = text.find(',').unwrap_or(text.len());
    let (element, behind) = text.split_at_checked(end)?;
    let element = element.trim_end();
    let refused =
        element.is_empty() || element.eq_ignore_ascii_case("null") || element.contains(['{', '}', '"', '\\']);
    (!refused).then(|| (element.to_owned(), behind))
}

fn quoted_element(text: &str) -> Option<(String, &str)> {
    let mut element = String::new();
    let mut characters = text.chars();
    characters.next();
    loop {
        match characters.next()? {
            '"' => return Some((element, characters.as_str())),
            '\\' => element.push(characters.next()?),
            other => element.push(other),
        }
    }
}

/// Writes a JSON path so that [`path`] reads it.
pub(super) fn print_path(elements: &[String]) -> String {
    let quote = |element: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !element.is_empty() && element.bytes().all(plain) && !element.eq_ignore_ascii_case("null") {
            element.clone()
        } else {
            format!("\"{}\"", element.replace('\\', "\\\\").replace('"', "\\\""))
        }
    };
    format!("{{{}}}", elements.iter().map(quote).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::{Interval, path, print_interval, print_path, print_time, time};
    use proptest::prelude::*;

    #[test]
    fn times_are_utc_unless_an_offset_says_otherwise() {
        let printed = |text| time(text).and_then(print_time);
        assert_eq!(printed("2024-01-31").unwrap(), "2024-01-31T00:00:00Z");
        assert_eq!(printed(" 2024-01-31 10:20 ").unwrap(), "2024-01-31T10:20:00Z");
        assert_eq!(printed("2024-01-31 10:20:30.1234567+00").unwrap(), "2024-01-31T10:20:30.123456Z");
        assert_eq!(printed("2024-01-31T10:20:30+02:00").unwrap(), "2024-01-31T08:20:30Z");
        assert_eq!(printed("9998-01-11 11:11:11+00").unwrap(), "9998-01-11T11:11:11Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "yesterday",
            "2024-13-01",
            "10:20",
            "2024-01-31 10:20[Asia/Tokyo]",
            "2024-01-31-05",
            "1e9",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn intervals_are_numbers_with_units() {
        let interval = |months, days, seconds| Some(Interval { months, days, seconds });
        assert_eq!(Interval::parse("5 minutes"), interval(0, 0, 300));
        assert_eq!(Interval::parse(" 1 year 2 mons 1week 3 days 1h 5m 2s "), interval(14, 10, 3902));
        for text in ["", "5", "minutes", "-5 minutes", "1.5 hours", "5 fortnights", "99999 years", "5 5 days"]
        {
            assert_eq!(Interval::parse(text), None, "{text}");
        }
    }

    #[test]
    fn months_before_follow_the_calendar() {
        let before =
            |text, start| Interval::parse(text).unwrap().before(time(start).unwrap()).and_then(print_time);
        assert_eq!(before("1 month", "2024-03-31").unwrap(), "2024-02-29T00:00:00Z");
        assert_eq!(before("1 month 1 day 1 hour", "2024-03-31").unwrap(), "2024-02-27T23:00:00Z");
    }

    #[test]
    fn paths_are_arrays_of_texts() {
        let elements = |text| path(text).map(|path| path.join("|"));
        assert_eq!(elements("{operator}").unwrap(), "operator");
        assert_eq!(elements(r#"{ aws , "a \"b\",c" ,0}"#).unwrap(), r#"aws|a "b",c|0"#);
        assert_eq!(path("{}").unwrap(), Vec::<String>::new());
        for text in ["", "operator", "{a", "{a,}", "{,a}", "{a,null}", "{{a}}", r#"{"a}"#, r#"{"a"b}"#] {
            assert_eq!(path(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn printed_paths_read_back(elements in proptest::collection::vec("[ -~é]{0,6}|null|NULL", 0..4)) {
            prop_assert_eq!(path(&print_path(&elements)), Some(elements));
        }

        #[test]
        fn printed_intervals_read_back(months in 0..12_000u32, days in 0..365_250u32, seconds in 0..31_557_600_000u64) {
            let interval = Interval { months, days, seconds };
            prop_assert_eq!(Interval::parse(&print_interval(interval)), Some(interval));
        }
    }
}
