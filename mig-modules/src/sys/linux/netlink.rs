//! Netlink, the kernel's own protocol for its tables: a client that asks for whole ones, and the messages of the answers
//! (netlink(7)).

use mig_core::module::{Session, Stop};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType,
        netlink::SocketAddrNetlink,
        recvfrom, sendto, socket_with,
        sockopt::{Timeout, set_socket_timeout},
    },
};
use std::{io, os::fd::OwnedFd, time::Duration};

/// The kernel fills at most this much at once, in bytes.
const BUFFER_BYTES: usize = 32 << 10;
/// How long one answer may take before the session is asked whether to go on.
const PATIENCE: Duration = Duration::from_millis(50);
/// After how many times [`PATIENCE`] the kernel is given up.
const MAX_WAITS: u32 = 100;

/// Bytes of the header of a message: length, kind, flags, sequence number, sender.
const HEADER: usize = 16;
const KIND_ERROR: u16 = 2;
const KIND_DONE: u16 = 3;
const FLAG_REQUEST: u16 = 1;
const FLAG_DUMP: u16 = 0x300;
const FLAG_INTERRUPTED: u16 = 0x10;

/// Why the kernel gives no table.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// A call failed, or the kernel refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its answer does not look as it should.
    #[error("the kernel's answer is malformed")]
    Malformed,
    /// The table changed while it was read.
    #[error("the table changed while it was read")]
    Interrupted,
    /// The run has to end.
    #[error(transparent)]
    Stopped(#[from] Stop),
}

impl From<Errno> for NetlinkError {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

/// One message without its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub kind: u16,
    /// Flags of the header.
    pub flags: u16,
    /// Number of the question it answers.
    pub sequence: u32,
    /// The body.
    pub body: &'a [u8],
}

/// The messages in what was received at once; an error ends them.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a>(pub &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, NetlinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let message = self.split();
        if message.is_none() {
            self.0 = &[];
        }
        Some(message.ok_or(NetlinkError::Malformed))
    }
}

impl<'a> Messages<'a> {
    fn split(&mut self) -> Option<Message<'a>> {
        let length = usize::try_from(u32_at(self.0, 0)?).ok()?;
        let body = self.0.get(HEADER..length)?;
        let message = Message {
            kind: u16_at(self.0, 4)?,
            flags: u16_at(self.0, 6)?,
            sequence: u32_at(self.0, 8)?,
            body,
        };
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    }
}

/// The attributes behind the fixed part of a body: kind and value. What is malformed ends them.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a>(pub &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(u16_at(self.0, 0)?);
        let kind = u16_at(self.0, 2)?;
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// A number in the order of this machine.
pub(super) fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    bytes.get(place..)?.first_chunk().copied().map(u16::from_ne_bytes)
}

/// A number in the order of this machine.
pub(super) fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

/// An attribute as it is sent, filled up to a multiple of four bytes; `None` if it is too long for one.
pub(super) fn attribute(kind: u16, value: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(value.len() + 4).ok()?;
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    Some(bytes)
}

/// A connection to the kernel, in the network namespace of the thread that opens it.
#[derive(Debug)]
pub(super) struct Client {
    socket: OwnedFd,
    sequence: u32,
}

impl Client {
    /// Connects to a family of tables; `None` are those of routes, addresses and neighbours.
    pub(super) fn open(family: Option<Protocol>) -> Result<Self, NetlinkError> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, family)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Asks for a whole table, and hands over each message of it.
    pub(super) fn dump(
        &mut self,
        kind: u16,
        body: &[u8],
        session: &dyn Session,
        row: &mut dyn FnMut(Message<'_>),
    ) -> Result<(), NetlinkError> {
        self.ask(kind, body)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            session.checkpoint()?;
            let length = self.receive(&mut buffer, session)?;
            for message in Messages(buffer.get(..length).unwrap_or_default()) {
                let message = message?;
                if message.sequence != self.sequence {
                    continue;
                }
                if message.flags & FLAG_INTERRUPTED != 0 {
                    return Err(NetlinkError::Interrupted);
                }
                match message.kind {
                    KIND_DONE => return failure(message.body),
                    KIND_ERROR => return failure(message.body).and(Err(NetlinkError::Malformed)),
                    _ => row(message),
                }
            }
        }
    }

    fn ask(&mut self, kind: u16, body: &[u8]) -> Result<(), NetlinkError> {
        self.sequence += 1;
        let length = u32::try_from(HEADER + body.len()).map_err(|_| NetlinkError::Malformed)?;
        let mut question = length.to_ne_bytes().to_vec();
        question.extend(kind.to_ne_bytes());
        question.extend((FLAG_REQUEST | FLAG_DUMP).to_ne_bytes());
        question.extend(self.sequence.to_ne_bytes());
        question.extend([0; 4]);
        question.extend_from_slice(body);
        sendto(&self.socket, &question, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        Ok(())
    }

    /// Waits for a part of an answer; what others than the kernel send is dropped.
    fn receive(&self, buffer: &mut [u8], session: &dyn Session) -> Result<usize, NetlinkError> {
        for _ in 0..MAX_WAITS {
            match recvfrom(&self.socket, &mut *buffer, RecvFlags::TRUNC) {
                Err(Errno::AGAIN | Errno::INTR) => session.checkpoint()?,
                Err(error) => return Err(error.into()),
                Ok((_, length, _)) if length > buffer.len() => return Err(NetlinkError::Malformed),
                Ok((_, length, Some(sender))) => {
                    if SocketAddrNetlink::try_from(sender).is_ok_and(|sender| sender.pid() == 0) {
                        return Ok(length);
                    }
                }
                Ok((_, _, None)) => {}
            }
        }
        Err(Errno::TIMEDOUT.into())
    }
}

/// The number in the body of an error or of the end of a table: 0, or an error with a minus sign.
fn failure(body: &[u8]) -> Result<(), NetlinkError> {
    match u32_at(body, 0).map(u32::cast_signed) {
        Some(number) if number < 0 => Err(io::Error::from_raw_os_error(number.saturating_neg()).into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend([kind.to_ne_bytes(), 0_u16.to_ne_bytes()].concat());
        bytes.extend([7_u32.to_ne_bytes(), 0_u32.to_ne_bytes()].concat());
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn messages_and_attributes_are_split_at_multiples_of_four_bytes() {
        let attributes = [attribute(1, b"a").unwrap(), attribute(2, b"").unwrap()].concat();
        let bytes = [message(20, &attributes), message(3, b"x")].concat();
        let messages: Vec<_> = Messages(&bytes).map(Result::unwrap).collect();
        assert_eq!((messages[0].kind, messages[0].sequence, messages[1].body), (20, 7, b"x".as_slice()));
        let attributes: Vec<_> = Attributes(messages[0].body).collect();
        assert_eq!(attributes, [(1, b"a".as_slice()), (2, b"".as_slice())]);
    }

    #[test]
    fn a_message_that_is_cut_off_is_an_error_and_the_last() {
        let bytes = message(20, b"12345678");
        for length in 1..bytes.len() {
            let mut messages = Messages(&bytes[..length]);
            assert!(matches!(messages.next(), Some(Err(NetlinkError::Malformed))), "{length}");
            assert!(messages.next().is_none());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn random_bytes_end(bytes in proptest::collection::vec(prop_oneof![Just(0_u8), Just(16), Just(20), any::<u8>()], 0..200)) {
            let bodies: usize = Messages(&bytes).flatten().map(|message| Attributes(message.body).count()).sum();
            prop_assert!(bodies <= bytes.len());
        }
    }
}
