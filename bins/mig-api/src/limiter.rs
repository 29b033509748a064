//! How often one address may do something.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Addresses that are remembered; beyond, those whose bucket is full again are forgotten, and then all.
const MAX_ADDRESSES: usize = 100_000;

/// A number of times that comes back by and by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many come back each second.
    pub per_second: f64,
    /// How many there are at most, above 0.
    pub burst: f64,
}

/// One bucket per network: of IPv6 addresses their first 64 bits count, because a machine has as many as it likes.
#[derive(Debug)]
pub(crate) struct Limiter {
    rate: Rate,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    seen: Instant,
}

impl Bucket {
    fn left_at(self, now: Instant, rate: Rate) -> f64 {
        let idle = now.saturating_duration_since(self.seen).as_secs_f64();
        (self.left + idle * rate.per_second).min(rate.burst)
    }
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Takes one; else says how long to wait for the next.
    pub(crate) fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let left = self.left(address, now);
        if left < 1.0 {
            let wait = (1.0 - left) / self.rate.per_second.max(f64::MIN_POSITIVE);
            return Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::from_secs(3600)));
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_ADDRESSES {
            buckets.retain(|_, bucket| bucket.left_at(now, self.rate) < self.rate.burst);
            if buckets.len() >= MAX_ADDRESSES {
                buckets.clear();
            }
        }
        buckets.insert(network(address), Bucket { left: left - 1.0, seen: now });
        Ok(())
    }

    /// How long to wait until there is one; `None` if there is.
    pub(crate) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let left = self.left(address, now);
        let wait = (1.0 - left) / self.rate.per_second.max(f64::MIN_POSITIVE);
        (left < 1.0).then(|| Duration::try_from_secs_f64(wait).unwrap_or(Duration::from_secs(3600)))
    }

    fn left(&self, address: IpAddr, now: Instant) -> f64 {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.get(&network(address)).map_or(self.rate.burst, |bucket| bucket.left_at(now, self.rate))
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_comes_back_by_and_by() {
        let limiter = Limiter::new(Rate { per_second: 2.0, burst: 3.0 });
        let (address, start) = ("192.0.2.1".parse().unwrap(), Instant::now());
        for _ in 0..3 {
            limiter.take(address, start).unwrap();
        }
        assert_eq!(limiter.take(address, start).unwrap_err(), Duration::from_millis(500));
        assert_eq!(limiter.wait(address, start), Some(Duration::from_millis(500)));
        let later = start + Duration::from_millis(500);
        assert_eq!(limiter.wait(address, later), None);
        limiter.take(address, later).unwrap();
        limiter.take(address, later).unwrap_err();
        limiter.take("192.0.2.2".parse().unwrap(), later).unwrap();
    }

    #[test]
    fn addresses_of_one_network_share_a_bucket() {
        let limiter = Limiter::new(Rate { per_second: 1.0, burst: 1.0 });
        let now = Instant::now();
        limiter.take("2001:db8::1".parse().unwrap(), now).unwrap();
        limiter.take("2001:db8::2".parse().unwrap(), now).unwrap_err();
        limiter.take("2001:db8:0:1::2".parse().unwrap(), now).unwrap();
        limiter.take("::ffff:192.0.2.1".parse().unwrap(), now).unwrap();
        limiter.take("192.0.2.1".parse().unwrap(), now).unwrap_err();
    }
}
