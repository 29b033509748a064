//! Times in databases: whole microseconds since 1970, rounded down so that the signed second never moves.

use mig_core::time::Time;
use std::time::{Duration, SystemTime};

const MICROS: i64 = 1_000_000;

/// For clocks.
pub(crate) fn micros(time: SystemTime) -> i64 {
    micros_of(Time::from(time))
}

/// For documents. The offset from UTC is not kept; no signature covers it.
pub(crate) fn micros_of(time: Time) -> i64 {
    let fraction = i64::from(time.subsecond_nanoseconds() / 1000);
    time.unix_seconds().saturating_mul(MICROS).saturating_add(fraction)
}

/// For documents where the zero time means "not yet".
pub(crate) fn micros_if_set(time: Time) -> Option<i64> {
    (!time.is_zero()).then(|| micros_of(time))
}

/// Back from the database.
pub(crate) fn time(micros: i64) -> Time {
    let span = Duration::from_micros(micros.unsigned_abs());
    let moment = if micros < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(span)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(span)
    };
    moment.map_or(Time::ZERO, Time::from)
}

/// Back from the database, where NULL means "not yet".
pub(crate) fn time_if_set(micros: Option<i64>) -> Time {
    micros.map_or(Time::ZERO, time)
}

#[cfg(test)]
mod tests {
    use super::{micros_if_set, micros_of, time, time_if_set};
    use mig_core::time::Time;
    use proptest::prelude::*;

    #[test]
    fn the_zero_time_is_no_time() {
        assert_eq!(micros_if_set(Time::ZERO), None);
        assert_eq!(time_if_set(None), Time::ZERO);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn times_survive_and_keep_their_second(micros in -62_135_596_800_000_000_i64..253_402_300_799_999_999) {
            prop_assert_eq!(micros_of(time(micros)), micros);
            prop_assert_eq!(time(micros).unix_seconds(), micros.div_euclid(1_000_000));
        }
    }
}
