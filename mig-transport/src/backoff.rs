//! How long to wait before the next attempt. Ten thousand agents must not return to a broker in the same second.

use std::time::Duration;

/// Pauses that double up to a limit, each shortened by chance to a quarter at most.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        let first = first.max(Duration::from_millis(1));
        Self { first, longest: longest.max(first), next: first }
    }

    /// After a connection that lasted for `lived`: one that ends at once is no success.
    pub(crate) fn succeeded(&mut self, lived: Duration) {
        if lived >= self.longest {
            self.next = self.first;
        }
    }

    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = self.next.saturating_mul(2).min(self.longest);
        // Without random numbers everybody waits the whole pause.
        let chance = getrandom::u32().unwrap_or(u32::MAX);
        pause.mul_f64(0.25 + 0.75 * f64::from(chance) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_never_end() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        for whole in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let (whole, pause) = (Duration::from_secs(whole), backoff.pause());
            assert!(pause <= whole && pause >= whole / 4, "{pause:?} of {whole:?}");
        }
    }

    #[test]
    fn a_connection_that_ends_at_once_does_not_make_us_impatient() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        backoff.pause();
        backoff.succeeded(Duration::from_secs(1));
        assert_eq!(backoff.next, Duration::from_secs(2));
        backoff.succeeded(Duration::from_secs(60));
        assert_eq!(backoff.next, Duration::from_secs(1));
    }
}
