//! One question to one server, and what follows from the answer.

use super::{
    packet::{Refusal, Reply, Request},
    sources::Server,
};
use crate::net::{LookupError, WaitError, receive, resolve};
use mig_core::module::Stop;
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant, SystemTime},
};

/// How long an answer of a host is waited for, in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most addresses of a host that are asked, until one answers.
const MAX_ADDRESSES: usize = 4;
/// More than what an answer needs, in bytes.
const MAX_DATAGRAM_BYTES: usize = 1024;

/// What is known after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measurement {
    /// The server's clock minus ours, in nanoseconds.
    pub(super) offset: i64,
    /// The time that question and answer were on their way.
    pub(super) delay: Duration,
    /// The time from the question to the answer.
    pub(super) elapsed: Duration,
    /// When the answer left, by the server's clock, in nanoseconds since 1970.
    pub(super) server_time: i64,
    /// Servers between it and a clock.
    pub(super) stratum: u8,
    /// How wrong `offset` may be.
    pub(super) uncertainty: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error(transparent)]
    Lookup(#[from] LookupError),
    #[error(transparent)]
    Wait(#[from] WaitError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl ExchangeError {
    /// The run must end.
    pub(super) fn stop(&self) -> Option<Stop> {
        match self {
            Self::Lookup(LookupError::Stopped(stop)) | Self::Wait(WaitError::Stopped(stop)) => Some(*stop),
            _ => None,
        }
    }
}

/// Asks one address after the other, until one answers.
pub(super) fn ask(
    server: &Server,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<Measurement, ExchangeError> {
    let mut addresses = resolve(&server.host, server.port, checkpoint)?;
    addresses.truncate(MAX_ADDRESSES);
    let patience = PATIENCE / u32::try_from(addresses.len()).unwrap_or(1).max(1);
    let mut failure = WaitError::TimedOut(PATIENCE).into();
    for address in addresses {
        match ask_address(address, patience, checkpoint) {
            Err(error) if error.stop().is_none() => failure = error,
            done => return done,
        }
    }
    Err(failure)
}

fn ask_address(
    address: SocketAddr,
    patience: Duration,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<Measurement, ExchangeError> {
    let socket = socket_to(address).map_err(WaitError::Io)?;
    let request = Request::new(getrandom::u64()?);
    let (begin, sent) = (Instant::now(), unix_nanoseconds(SystemTime::now()));
    socket.send(&request.packet()).map_err(WaitError::Io)?;
    let mut buffer = [0; MAX_DATAGRAM_BYTES];
    loop {
        // What is no answer to this question does not make us wait longer.
        let left = patience.saturating_sub(begin.elapsed());
        let (length, _) = receive(&socket, &mut buffer, left, checkpoint)?;
        let elapsed = begin.elapsed();
        if let Some(answer) = request.read(buffer.get(..length).unwrap_or_default()) {
            return Ok(measure(sent, elapsed, &answer?));
        }
    }
}

/// A socket of its own for each question: the port, too, is hard to guess. Only the server's datagrams come in.
fn socket_to(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.connect(address)?;
    Ok(socket)
}

/// Offset and delay of RFC 5905, section 8. The clock of the machine may be set while we wait: elapsed time is taken from
/// another one.
fn measure(sent: i64, elapsed: Duration, reply: &Reply) -> Measurement {
    let waited = nanoseconds(elapsed);
    let arrived = sent.saturating_add(waited);
    let there = i128::from(reply.received) - i128::from(sent);
    let back = i128::from(reply.sent) - i128::from(arrived);
    let delay = waited.saturating_sub(reply.sent.saturating_sub(reply.received)).max(0);
    let delay = Duration::from_nanos(delay.unsigned_abs());
    Measurement {
        offset: i64::try_from((there + back) / 2).unwrap_or(if there < 0 { i64::MIN } else { i64::MAX }),
        delay,
        elapsed,
        server_time: reply.sent,
        stratum: reply.stratum,
        uncertainty: delay / 2 + reply.distance,
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn unix_nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => nanoseconds(after),
        Err(before) => -nanoseconds(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(received: i64, sent: i64) -> Reply {
        Reply { received, sent, stratum: 1, distance: Duration::from_nanos(5) }
    }

    #[test]
    fn the_way_there_and_back_does_not_count_as_drift() {
        // 30 on the way there, 10 in the server, 30 on the way back; its clock is 1,000 ahead.
        let found = measure(100, Duration::from_nanos(70), &reply(1_130, 1_140));
        assert_eq!((found.offset, found.delay), (1_000, Duration::from_nanos(60)));
        assert_eq!((found.server_time, found.uncertainty), (1_140, Duration::from_nanos(35)));
        let found = measure(5_000, Duration::from_nanos(70), &reply(1_030, 1_040));
        assert_eq!(found.offset, -4_000);
    }

    #[test]
    fn absurd_times_overflow_nothing() {
        let far = measure(i64::MIN, Duration::MAX, &reply(i64::MAX, i64::MAX));
        assert_eq!(far.server_time, i64::MAX);
        assert_eq!(measure(i64::MIN, Duration::ZERO, &reply(i64::MAX, i64::MAX)).offset, i64::MAX);
        assert_eq!(measure(0, Duration::ZERO, &reply(0, i64::MAX)).delay, Duration::ZERO);
    }
}
