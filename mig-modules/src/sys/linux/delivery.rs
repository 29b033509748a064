//! What the network says of packets that do not arrive: from the error queue of the socket that sent them.

use crate::sys::Undelivered;
use nix::{
    cmsg_space,
    errno::Errno,
    libc,
    sys::socket::{
        ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt,
        sockopt::{Ipv4RecvErr, Ipv6RecvErr},
    },
};
use std::{
    io::{self, IoSliceMut},
    net::UdpSocket,
    os::fd::AsRawFd,
};

/// Bytes that are kept of what was sent: more than the headers of any protocol that we send.
const MAX_SENT_BYTES: usize = 256;

/// Has the kernel keep reports. From then on a report also ends the next call of the socket, with an error.
pub(super) fn watch(socket: &UdpSocket) -> io::Result<()> {
    let watching = if socket.local_addr()?.is_ipv4() {
        setsockopt(socket, Ipv4RecvErr, &true)
    } else {
        setsockopt(socket, Ipv6RecvErr, &true)
    };
    Ok(watching?)
}

/// Takes the next report out of the queue, without waiting. What is no report of the network is dropped.
pub(super) fn next(socket: &UdpSocket) -> io::Result<Option<Undelivered>> {
    loop {
        let mut sent = [0; MAX_SENT_BYTES];
        let mut control = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
        let mut parts = [IoSliceMut::new(&mut sent)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let message =
            match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags) {
                Ok(message) => message,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        let length = message.bytes;
        let error = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(error, _) if error.ee_origin == libc::SO_EE_ORIGIN_ICMP => {
                Some(error)
            }
            ControlMessageOwned::Ipv6RecvErr(error, _) if error.ee_origin == libc::SO_EE_ORIGIN_ICMP6 => {
                Some(error)
            }
            _ => None,
        });
        if let Some(error) = error {
            let sent = sent.get(..length).unwrap_or_default().to_vec();
            return Ok(Some(Undelivered { kind: error.ee_type, code: error.ee_code, sent }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_closed_port_is_reported_with_what_was_sent_there() {
        for (loopback, kind, code) in [("127.0.0.1:0", 3, 3), ("[::1]:0", 1, 4)] {
            let Ok(closed) = UdpSocket::bind(loopback).and_then(|socket| socket.local_addr()) else {
                continue;
            };
            let socket = UdpSocket::bind(loopback).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            watch(&socket).unwrap();
            assert_eq!(next(&socket).unwrap(), None);
            socket.send_to(b"hello", closed).unwrap();
            assert_eq!(socket.recv(&mut [0]).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
            let sent = b"hello".to_vec();
            assert_eq!(next(&socket).unwrap(), Some(Undelivered { kind, code, sent }), "{loopback}");
            assert_eq!(next(&socket).unwrap(), None);
        }
    }
}
