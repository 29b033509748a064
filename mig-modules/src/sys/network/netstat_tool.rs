//! What the tool `netstat -na` of Windows prints: a header, then lines of protocol, local end, other end and, for TCP, state.

use super::{Protocol, Socket, State, canonical};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// The sockets of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Lines of three and more words, the heading included.
    pub entries: usize,
    /// The sockets whose ends are addresses.
    pub sockets: Vec<Socket>,
    /// Lines of sockets with an end that is no address, such as the name of a host.
    pub unreadable: usize,
}

/// Reads a listing.
#[must_use]
pub fn parse(text: &str) -> Listing {
    let mut listing = Listing::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [protocol, local, remote, state @ ..] = words.as_slice() else { continue };
        listing.entries += 1;
        let Some(protocol) = self::protocol(protocol) else { continue };
        match socket(protocol, local, remote, state.first().copied()) {
            Some(socket) => listing.sockets.push(socket),
            None => listing.unreadable += 1,
        }
    }
    listing
}

fn protocol(word: &str) -> Option<Protocol> {
    match word {
        "TCP" => Some(Protocol::Tcp),
        "UDP" => Some(Protocol::Udp),
        _ => None,
    }
}

fn socket(protocol: Protocol, local: &str, remote: &str, state: Option<&str>) -> Option<Socket> {
    let local = end(local)?;
    let remote = if remote == "*:*" { nobody(local) } else { end(remote)? };
    let state = match protocol {
        Protocol::Tcp => tcp_state(state, remote),
        Protocol::Udp | Protocol::Raw => State::CLOSE,
    };
    Some(Socket { protocol, local: canonical(local), remote: canonical(remote), state, inode: 0 })
}

/// An address and a port; addresses of version 6 stand in brackets, with the number of an interface behind `%`.
fn end(word: &str) -> Option<SocketAddr> {
    match word.strip_prefix('[') {
        None => word.parse::<SocketAddrV4>().ok().map(SocketAddr::V4),
        Some(inside) => {
            let (address, port) = inside.split_once("]:")?;
            let address = address.split_once('%').map_or(address, |(address, _)| address);
            let (address, port) = (address.parse().ok()?, port.parse().ok()?);
            Some(SocketAddrV6::new(address, port, 0, 0).into())
        }
    }
}

/// No other end, in the family of this one.
fn nobody(local: SocketAddr) -> SocketAddr {
    let address: IpAddr =
        if local.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    SocketAddr::new(address, 0)
}

/// The tool translates the names of states into the language of the system, so a socket without another end listens.
fn tcp_state(word: Option<&str>, remote: SocketAddr) -> State {
    match word {
        _ if remote.port() == 0 => State::LISTEN,
        Some("ESTABLISHED") => State::ESTABLISHED,
        Some("SYN_SENT") => State(2),
        Some("SYN_RECEIVED") => State(3),
        Some("FIN_WAIT_1") => State(4),
        Some("FIN_WAIT_2") => State(5),
        Some("TIME_WAIT") => State(6),
        Some("CLOSE_WAIT") => State(8),
        Some("LAST_ACK") => State(9),
        Some("CLOSING") => State(11),
        _ => State(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_hosts_are_counted_and_skipped() {
        let listing =
            parse("Proto Local Foreign State\r\n TCP 1.2.3.4:5 host.example.net:443 ESTABLISHED\r\nTCP\r\n");
        assert_eq!(listing, Listing { entries: 2, sockets: Vec::new(), unreadable: 1 });
    }

    #[test]
    fn states_in_another_language_still_tell_who_listens() {
        let listing = parse("TCP [::]:135 [::]:0 ABH\u{d6}REN\nUDP [fe80::1%3]:1900 *:*\n");
        assert_eq!(listing.sockets.len(), 2);
        assert!(listing.sockets.iter().all(Socket::is_listening));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_text_is_read(text in r"((TCP|UDP)? ?[\[\]0-9a-f:.%*]{0,20} ?\PC{0,9}\n?){0,6}") {
            let listing = parse(&text);
            prop_assert!(listing.sockets.len() + listing.unreadable <= listing.entries);
        }
    }
}
