//! Sockets for ICMP: those that need no rights where the system gives them, raw ones otherwise.

use super::packet::{Echo, MAX_MESSAGE_BYTES, Reply};
use crate::{
    net::{WaitError, receive},
    sys::{self, System, Undelivered},
};
use mig_core::module::{Machine, Stop};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

/// Sends one echo request and waits for what it causes.
pub(super) fn ask(
    target: SocketAddr,
    sequence: u16,
    limit: Duration,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<Reply, WaitError> {
    let system = sys::of(&Machine::Running);
    let (socket, identifier) = open(target.ip(), &*system)?;
    let echo = Echo { target: target.ip(), identifier, sequence };
    // Windows leaves the checksum of ICMPv6 to us; other systems fill it in, whatever it is.
    let request = if cfg!(windows) { echo.request_from(source(target)?) } else { echo.request() };
    socket.send_to(&request, target)?;
    let begin = Instant::now();
    let mut buffer = [0; MAX_MESSAGE_BYTES];
    loop {
        // Raw sockets hear everything that comes in; what others get does not make us wait longer.
        let left = limit.saturating_sub(begin.elapsed());
        let reply = match receive(&socket, &mut buffer, left, checkpoint) {
            Ok((length, from)) => {
                echo.read(from.ip().to_canonical(), buffer.get(..length).unwrap_or_default())
            }
            Err(WaitError::Io(error)) => match system.undelivered(&socket) {
                Ok(Some(Undelivered { kind, code, sent })) => echo.undelivered(kind, code, &sent),
                _ => return Err(error.into()),
            },
            Err(error) => return Err(error),
        };
        if let Some(reply) = reply {
            return Ok(reply);
        }
    }
}

/// A socket, and the identifier that requests through it carry. The standard library's type for datagrams reads and writes any
/// kind of socket.
fn open(target: IpAddr, system: &dyn System) -> io::Result<(UdpSocket, u16)> {
    let (domain, protocol, any) = match target {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4, IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6, IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
    };
    if let Ok(socket) = Socket::new(domain, Type::DGRAM, Some(protocol)) {
        // Linux chooses the identifier, and calls it a port.
        socket.bind(&SocketAddr::new(any, 0).into())?;
        let socket = UdpSocket::from(socket);
        // Raw sockets receive the network's reports themselves, and so do these on some systems. Without reports there is silence.
        system.watch_delivery(&socket).ok();
        let identifier = Some(socket.local_addr()?.port()).filter(|port| *port != 0);
        return Ok((socket, identifier.unwrap_or_else(own_identifier)));
    }
    let socket = Socket::new(domain, Type::RAW, Some(protocol)).map_err(with_rights)?;
    Ok((socket.into(), own_identifier()))
}

/// Our own address on the way to another.
fn source(target: SocketAddr) -> io::Result<IpAddr> {
    let any = if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    // Nothing is sent; but the port must not be 0.
    socket.connect(SocketAddr::new(target.ip(), 9))?;
    Ok(socket.local_addr()?.ip())
}

/// The lower half of the number of this process.
fn own_identifier() -> u16 {
    let [.., high, low] = std::process::id().to_be_bytes();
    u16::from_be_bytes([high, low])
}

/// Says what would help, if anything would.
fn with_rights(error: io::Error) -> io::Error {
    let text = match error.kind() {
        io::ErrorKind::PermissionDenied => format!("icmp needs {RIGHTS}: {error}"),
        _ => format!("icmp is not supported here: {error}"),
    };
    io::Error::new(error.kind(), text)
}

const RIGHTS: &str = if cfg!(windows) {
    "an administrator"
} else {
    "root, CAP_NET_RAW, or a group in net.ipv4.ping_group_range"
};
