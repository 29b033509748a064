//! One attempt, and what can come of it.

use super::{
    icmp,
    packet::{Reply, reason},
    params::Protocol,
};
use crate::{
    net::{WaitError, in_background, receive},
    sys,
};
use mig_core::module::{Machine, Stop};
use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The host answered, after this time.
    Replied(Duration),
    /// Somebody said that there is no way, or that nobody listens.
    Refused(String),
    /// This machine has no way to that address at all.
    NoWay(String),
    /// Nothing came in time.
    Silent,
    /// The attempt could not be made.
    Failed(String),
}

/// One attempt at one address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) protocol: Protocol,
    pub(super) address: SocketAddr,
    /// Tells late answers to earlier attempts apart.
    pub(super) sequence: u16,
    pub(super) timeout: Duration,
}

impl Probe {
    /// Makes the attempt.
    ///
    /// # Errors
    /// [`Stop`] only.
    pub(super) fn ask(&self, checkpoint: &dyn Fn() -> Result<(), Stop>) -> Result<Answer, Stop> {
        let begin = Instant::now();
        let answered = match self.protocol {
            Protocol::Icmp => match icmp::ask(self.address, self.sequence, self.timeout, checkpoint) {
                Ok(Reply::Unreachable(reason)) => return Ok(Answer::Refused(reason.to_owned())),
                Ok(Reply::Echo) => Ok(()),
                Err(error) => Err(error),
            },
            Protocol::Tcp(_) => self.connect(checkpoint),
            Protocol::Udp(_) => self.send_datagram(checkpoint),
        };
        match answered {
            Ok(()) => Ok(Answer::Replied(begin.elapsed())),
            Err(WaitError::Stopped(stop)) => Err(stop),
            Err(WaitError::TimedOut(_)) => Ok(Answer::Silent),
            Err(WaitError::Io(error)) => Ok(of_error(&error)),
        }
    }

    /// A connection can not be interrupted while it is made.
    fn connect(&self, checkpoint: &dyn Fn() -> Result<(), Stop>) -> Result<(), WaitError> {
        let Self { address, timeout, .. } = *self;
        let connection =
            in_background(timeout, checkpoint, move || TcpStream::connect_timeout(&address, timeout))?;
        Ok(connection.map(drop)?)
    }

    fn send_datagram(&self, checkpoint: &dyn Fn() -> Result<(), Stop>) -> Result<(), WaitError> {
        let socket = if self.address.is_ipv4() {
            UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?
        } else {
            UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?
        };
        let system = sys::of(&Machine::Running);
        // Without reports a host that can not be reached looks like a silent one.
        system.watch_delivery(&socket).ok();
        // From then on only datagrams from there come in, and errors of the way.
        socket.connect(self.address)?;
        socket.send(b"Ping!Ping!Ping!")?;
        let error = match receive(&socket, &mut [0; 1], self.timeout, checkpoint) {
            Ok(_) => return Ok(()),
            Err(WaitError::Io(error)) if error.kind() != ErrorKind::ConnectionRefused => error,
            Err(error) => return Err(error),
        };
        let report = system.undelivered(&socket).ok().flatten();
        let reason = report.and_then(|report| reason(self.address.ip(), report.kind, report.code));
        Err(reason.map_or(error, |reason| io::Error::new(ErrorKind::HostUnreachable, reason)).into())
    }
}

/// What an error of the system says of the host.
fn of_error(error: &io::Error) -> Answer {
    match error.kind() {
        ErrorKind::TimedOut => Answer::Silent,
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::HostUnreachable => {
            Answer::Refused(error.to_string())
        }
        ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable | ErrorKind::Unsupported => {
            Answer::NoWay(error.to_string())
        }
        _ => Answer::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_says_something_else() {
        let answer = |kind: ErrorKind| of_error(&kind.into());
        assert!(matches!(answer(ErrorKind::ConnectionRefused), Answer::Refused(_)));
        assert!(matches!(answer(ErrorKind::HostUnreachable), Answer::Refused(_)));
        assert!(matches!(answer(ErrorKind::NetworkUnreachable), Answer::NoWay(_)));
        assert!(matches!(answer(ErrorKind::PermissionDenied), Answer::Failed(_)));
        assert_eq!(answer(ErrorKind::TimedOut), Answer::Silent);
    }
}
