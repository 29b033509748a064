//! Points in time as the original writes them: RFC 3339, nanoseconds, the offset kept.

use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// A point in time with the offset it was written with.
///
/// The zero value is `0001-01-01T00:00:00Z`, which the original always writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Time {
    seconds: i64,
    nanoseconds: u32,
    offset_minutes: i32,
}

impl Time {
    /// Year 1, the value of a time that was never set.
    pub const ZERO: Self = Self { seconds: -62_135_596_800, nanoseconds: 0, offset_minutes: 0 };

    /// The time of a Unix timestamp in seconds, in UTC.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0, offset_minutes: 0 }
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
        self.seconds == Self::ZERO.seconds && self.nanoseconds == 0
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
            Ok(after) => Self {
                seconds: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                nanoseconds: after.subsec_nanos(),
                offset_minutes: 0,
            },
            Err(before) => {
                let before = before.duration();
                let whole = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                match before.subsec_nanos() {
                    0 => Self::from_unix(-whole),
                    nanoseconds => Self {
                        seconds: -whole - 1,
                        nanoseconds: 1_000_000_000 - nanoseconds,
                        offset_minutes: 0,
                    },
                }
            }
        }
    }
}
