//! ICMP echo (RFC 792, RFC 4443): a request, and what comes back because of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an echo request carries.
const PAYLOAD: &[u8] = b"Ping!Ping!Ping!Ping!Ping!Ping!Ping!Ping!Ping!";

/// Largest message that is read, in bytes: room for the request, quoted in an error, behind the longest headers.
pub const MAX_MESSAGE_BYTES: usize = 1500;

/// Length of the header of an ICMP message, in bytes.
const HEADER: usize = 8;
/// Numbers of the protocols in IP headers.
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;

/// One echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Who is asked.
    pub target: IpAddr,
    /// Tells the requests of this run from those of others.
    pub identifier: u16,
    /// Tells the requests of a run from each other.
    pub sequence: u16,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The reply of the target itself.
    Echo,
    /// The target, or somebody on the way, says that the request does not arrive, and why.
    Unreachable(&'static str),
}

impl Echo {
    /// The message to send. The system fills in the checksum of ICMPv6, which covers addresses that it chooses.
    #[must_use]
    pub fn request(&self) -> Vec<u8> {
        let mut message = vec![self.request_type(), 0, 0, 0];
        message.extend(self.identifier.to_be_bytes());
        message.extend(self.sequence.to_be_bytes());
        message.extend(PAYLOAD);
        if self.target.is_ipv4() {
            let sum = checksum(&message).to_be_bytes();
            message.splice(2..4, sum);
        }
        message
    }

    /// The message to send where the system does not fill in the checksum of ICMPv6; `source` is our address on the way.
    #[must_use]
    pub fn request_from(&self, source: IpAddr) -> Vec<u8> {
        let mut message = self.request();
        if let (IpAddr::V6(source), IpAddr::V6(target)) = (source, self.target) {
            let length = u32::try_from(message.len()).unwrap_or_default().to_be_bytes();
            let pseudo_header =
                [&source.octets()[..], &target.octets(), &length, &[0, 0, 0, ICMP_V6]].concat();
            let sum = checksum(&[&pseudo_header[..], &message].concat()).to_be_bytes();
            message.splice(2..4, sum);
        }
        message
    }

    /// What a datagram says of this request; `None` if it is about something else, or broken. An IPv4 header in front, which
    /// some systems hand over, is skipped.
    #[must_use]
    pub fn read(&self, from: IpAddr, datagram: &[u8]) -> Option<Reply> {
        let message = if self.target.is_ipv4() { without_header(datagram) } else { datagram };
        let (header, rest) = message.split_at_checked(HEADER)?;
        // The system has checked that of ICMPv6.
        if self.target.is_ipv4() && checksum(message) != 0 {
            return None;
        }
        if header.starts_with(&[self.reply_type(), 0]) {
            let is_ours = from == self.target && self.is_named_in(header) && rest == PAYLOAD;
            return is_ours.then_some(Reply::Echo);
        }
        let reason = reason(self.target, *header.first()?, *header.get(1)?)?;
        self.is_quoted_in(rest).then_some(Reply::Unreachable(reason))
    }

    /// What a report of the network says of this request: type and code of the message, and what was sent, from the ICMP header
    /// on. `None` if it is about something else.
    #[must_use]
    pub fn undelivered(&self, kind: u8, code: u8, sent: &[u8]) -> Option<Reply> {
        let reason = reason(self.target, kind, code)?;
        self.is_begin_of(sent).then_some(Reply::Unreachable(reason))
    }

    fn request_type(&self) -> u8 {
        if self.target.is_ipv4() { 8 } else { 128 }
    }

    fn reply_type(&self) -> u8 {
        if self.target.is_ipv4() { 0 } else { 129 }
    }

    /// Identifier and sequence of an echo header.
    fn is_named_in(&self, header: &[u8]) -> bool {
        let number = |at: usize| Some(u16::from_be_bytes([*header.get(at)?, *header.get(at + 1)?]));
        (number(4), number(6)) == (Some(self.identifier), Some(self.sequence))
    }

    /// Whether this is the beginning of the packet of this request: its IP header and its ICMP header.
    fn is_quoted_in(&self, packet: &[u8]) -> bool {
        let (protocol, target, message) = match self.target {
            IpAddr::V4(_) => (
                packet.get(9),
                bytes_at::<4>(packet, 16).map(Ipv4Addr::from).map(IpAddr::V4),
                without_header(packet),
            ),
            IpAddr::V6(_) => (
                packet.get(6),
                bytes_at::<16>(packet, 24).map(Ipv6Addr::from).map(IpAddr::V6),
                packet.get(40..).unwrap_or_default(),
            ),
        };
        let expected = if self.target.is_ipv4() { ICMP } else { ICMP_V6 };
        protocol == Some(&expected) && target == Some(self.target) && self.is_begin_of(message)
    }

    /// Whether this is the ICMP header of this request, and maybe more.
    fn is_begin_of(&self, message: &[u8]) -> bool {
        message.starts_with(&[self.request_type(), 0]) && self.is_named_in(message)
    }
}

/// What the network says of a packet to a target, by type and code of its message; `None` if it is no error.
pub(super) fn reason(target: IpAddr, kind: u8, code: u8) -> Option<&'static str> {
    Some(match (target.is_ipv4(), kind, code) {
        (true, 3, 0 | 6 | 8 | 11) => "network unreachable",
        (true, 3, 1 | 5 | 7 | 12) | (false, 1, 3) => "host unreachable",
        (true, 3, 2) => "protocol unreachable",
        (true, 3, 3) | (false, 1, 4) => "port unreachable",
        (true, 3, 9 | 10 | 13) | (false, 1, 1 | 5 | 6) => "prohibited by a filter",
        (true, 3, _) | (false, 1, _) if code != 0 => "destination unreachable",
        (false, 1, 0) => "no route to destination",
        (true, 11, _) | (false, 3, _) => "time to live exceeded",
        (false, 2, _) => "packet too big",
        (true, 12, _) | (false, 4, _) => "parameter problem",
        _ => return None,
    })
}

/// What follows an IPv4 header, or everything if there is none: no ICMP message begins with its version, 4.
fn without_header(packet: &[u8]) -> &[u8] {
    match packet.first() {
        Some(first) if first >> 4 == 4 => packet.get(usize::from(first & 0xf) * 4..).unwrap_or_default(),
        _ => packet,
    }
}

fn bytes_at<const N: usize>(packet: &[u8], at: usize) -> Option<[u8; N]> {
    packet.get(at..)?.first_chunk().copied()
}

/// The Internet checksum (RFC 1071); 0 over a message that holds its own.
fn checksum(message: &[u8]) -> u16 {
    let word = |pair: &[u8]| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(u16::from_be_bytes([high, 0])),
        _ => 0,
    };
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    // A carry is folded in at once, so that no length overflows.
    let sum = message.chunks(2).fold(0, |sum, pair| fold(sum + word(pair)));
    #[expect(clippy::cast_possible_truncation, reason = "folded to 16 bits")]
    let sum = fold(sum) as u16;
    !sum
}

#[cfg(test)]
mod tests;
