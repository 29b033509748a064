//! Whom to believe, after Marzullo: the largest group of servers that can all be right at once.

use super::exchange::Measurement;
use std::time::Duration;

/// Clocks are not told apart more finely.
const RESOLUTION: Duration = Duration::from_millis(1);

/// What most servers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    /// Whether each of the measurements is one of them.
    pub(super) members: Vec<bool>,
    /// Their clocks minus ours, the median, in nanoseconds.
    pub(super) offset: i64,
}

/// What more than half of the servers agree on, if they do.
pub(super) fn agree(measurements: &[Measurement]) -> Option<Agreement> {
    let intervals: Vec<(i64, i64)> = measurements.iter().map(interval).collect();
    let members_at =
        |point: i64| intervals.iter().map(|(low, high)| (*low..=*high).contains(&point)).collect();
    // The largest group has a point in common, the highest of their lower ends.
    let groups = intervals.iter().map(|(low, _)| -> Vec<bool> { members_at(*low) });
    let members = groups.max_by_key(|members| size(members))?;
    if size(&members) * 2 <= measurements.len() {
        return None;
    }
    let believed = measurements.iter().zip(&members).filter(|(_, is_member)| **is_member);
    let mut offsets: Vec<i64> = believed.map(|(measurement, _)| measurement.offset).collect();
    offsets.sort_unstable();
    let offset = *offsets.get(offsets.len() / 2)?;
    Some(Agreement { members, offset })
}

fn size(members: &[bool]) -> usize {
    members.iter().filter(|is_member| **is_member).count()
}

/// Where the truth lies, if this server is right.
fn interval(measurement: &Measurement) -> (i64, i64) {
    let uncertainty = measurement.uncertainty.max(RESOLUTION).as_nanos();
    let uncertainty = i64::try_from(uncertainty).unwrap_or(i64::MAX);
    (measurement.offset.saturating_sub(uncertainty), measurement.offset.saturating_add(uncertainty))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: i64 = 1_000_000;

    /// A server with this offset, sure to so many milliseconds.
    fn server(offset: i64, uncertainty: u64) -> Measurement {
        Measurement {
            offset: offset * MILLISECOND,
            delay: Duration::ZERO,
            elapsed: Duration::ZERO,
            server_time: 0,
            stratum: 1,
            uncertainty: Duration::from_millis(uncertainty),
        }
    }

    #[test]
    fn a_server_alone_is_believed_and_none_says_nothing() {
        assert_eq!(agree(&[]), None);
        let expected = Agreement { members: vec![true], offset: 70 * MILLISECOND };
        assert_eq!(agree(&[server(70, 0)]), Some(expected));
    }

    #[test]
    fn a_liar_is_outvoted() {
        let found = agree(&[server(10, 5), server(3_600_000, 5), server(12, 5), server(14, 5)]).unwrap();
        assert_eq!(found.members, [true, false, true, true]);
        assert_eq!(found.offset, 12 * MILLISECOND);
    }

    #[test]
    fn a_server_that_is_not_sure_agrees_with_more_others() {
        let found = agree(&[server(0, 1), server(100, 1), server(40, 60), server(99, 1)]).unwrap();
        assert_eq!(found.members, [false, true, true, true]);
    }

    #[test]
    fn half_of_the_servers_is_not_enough() {
        assert_eq!(agree(&[server(0, 5), server(1_000, 5)]), None);
        assert_eq!(agree(&[server(0, 5), server(1, 5), server(1_000, 5), server(1_001, 5)]), None);
    }

    #[test]
    fn servers_that_differ_by_less_than_clocks_can_tell_agree() {
        assert!(agree(&[server(0, 0), server(1, 0)]).is_some());
    }

    #[test]
    fn absurd_offsets_overflow_nothing() {
        let absurd = |offset: i64| Measurement { offset, uncertainty: Duration::MAX, ..server(0, 0) };
        assert!(agree(&[absurd(i64::MIN), absurd(i64::MAX), absurd(0)]).is_some());
    }
}
