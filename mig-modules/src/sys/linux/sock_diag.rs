//! Sockets by `sock_diag`: the kernel's own listing, filtered there (sock_diag(7)).

use super::{
    bytecode,
    netlink::{Attributes, Client, Message, NetlinkError, attribute, u32_at},
};
use crate::sys::{
    SystemError,
    network::{Family, MAX_ROWS, Protocol, Socket, SocketFilter, State, Table, UnixSocket},
};
use mig_core::{json, module::Session};
use rustix::{io::Errno, net::netlink::SOCK_DIAG};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// `SOCK_DIAG_BY_FAMILY`, of questions and answers.
const KIND_BY_FAMILY: u16 = 20;
/// `INET_DIAG_REQ_BYTECODE`.
const ATTRIBUTE_BYTECODE: u16 = 1;
/// `UNIX_DIAG_NAME`.
const ATTRIBUTE_NAME: u16 = 0;
/// `UDIAG_SHOW_NAME`.
const SHOW_NAME: u32 = 1;
const FAMILY_UNIX: u8 = 1;
/// Bytes of `inet_diag_sockid`, all zero in a question for everything.
const SOCKET_ID: usize = 48;
/// All states of TCP.
const ALL_STATES: u32 = 0x1fff;

/// Internet sockets of the thread's network namespace.
pub(super) fn sockets(
    (protocol, family): (Protocol, Family),
    filter: &SocketFilter,
    session: &dyn Session,
) -> Result<Table<Socket>, NetlinkError> {
    let mut client = Client::open(Some(SOCK_DIAG))?;
    let program = filter.peers.as_deref().and_then(bytecode::program);
    let question = question(protocol, family, states(protocol, filter), program.as_deref());
    let answer = collect(&mut client, &question, session, |message| inet_socket(message.body, protocol));
    match answer {
        // A kernel that does not take the program still lists everything.
        Err(NetlinkError::Io(error)) if is_refusal(&error) && program.is_some() => {
            let question = self::question(protocol, family, states(protocol, filter), None);
            collect(&mut client, &question, session, |message| inet_socket(message.body, protocol))
        }
        answer => answer,
    }
}

/// Unix sockets with a name of the thread's network namespace.
pub(super) fn unix_sockets(session: &dyn Session) -> Result<Table<UnixSocket>, NetlinkError> {
    let mut question = vec![FAMILY_UNIX, 0, 0, 0];
    for number in [ALL_STATES, 0, SHOW_NAME, u32::MAX, u32::MAX] {
        question.extend(number.to_ne_bytes());
    }
    let mut client = Client::open(Some(SOCK_DIAG))?;
    collect(&mut client, &question, session, |message| unix_socket(message.body))
}

fn is_refusal(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::INVAL.raw_os_error())
}

/// The rows of an answer. Other messages, and sockets we can not make sense of, are counted.
fn collect<T>(
    client: &mut Client,
    question: &[u8],
    session: &dyn Session,
    row: impl Fn(Message<'_>) -> Option<T>,
) -> Result<Table<T>, NetlinkError> {
    let mut table = Table::default();
    let mut lost = 0_u64;
    client.dump(KIND_BY_FAMILY, question, session, &mut |message| match row(message) {
        Some(row) if table.rows.len() < MAX_ROWS => table.rows.push(row),
        _ => lost += 1,
    })?;
    if lost > 0 {
        let source = io::Error::other(format!("{lost} were dropped: malformed, or more than {MAX_ROWS}"));
        table.problems.push(SystemError::Kernel { what: "listing sockets", source });
    }
    Ok(table)
}

/// `inet_diag_req_v2`.
fn question(protocol: Protocol, family: Family, states: u32, program: Option<&[u8]>) -> Vec<u8> {
    let family = match family {
        Family::V4 => 2,
        Family::V6 => 10,
    };
    let protocol = match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Raw => 255,
    };
    let mut question = vec![family, protocol, 0, 0];
    question.extend(states.to_ne_bytes());
    question.extend([0; SOCKET_ID]);
    question.extend(program.and_then(|program| attribute(ATTRIBUTE_BYTECODE, program)).unwrap_or_default());
    question
}

/// Walking the listening sockets is spared if none of them can match.
fn states(protocol: Protocol, filter: &SocketFilter) -> u32 {
    let bit = |state: State| 1 << state.0;
    let nobody = |address: IpAddr| {
        filter.peers.as_ref().is_none_or(|peers| peers.iter().any(|subnet| subnet.contains(address)))
    };
    let may_be_nobody = nobody(Ipv4Addr::UNSPECIFIED.into()) || nobody(Ipv6Addr::UNSPECIFIED.into());
    match protocol {
        Protocol::Tcp if filter.listening_only => bit(State::LISTEN),
        Protocol::Udp | Protocol::Raw if filter.listening_only => bit(State::CLOSE),
        Protocol::Tcp if !may_be_nobody => ALL_STATES & !bit(State::LISTEN),
        _ => ALL_STATES,
    }
}

/// A socket from `inet_diag_msg`.
#[must_use]
pub fn inet_socket(body: &[u8], protocol: Protocol) -> Option<Socket> {
    let (family, state) = (*body.first()?, State(*body.get(1)?));
    let end = |port: usize, address: usize| {
        let port = u16::from_be_bytes(*body.get(port..)?.first_chunk()?);
        let address = body.get(address..address + 16)?;
        Some(SocketAddr::new(ip(family, address)?.to_canonical(), port))
    };
    let inode = u64::from(u32_at(body, 68)?);
    Some(Socket { protocol, local: end(4, 8)?, remote: end(6, 24)?, state, inode })
}

/// The address of a family at the beginning of these bytes.
pub(super) fn ip(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match family {
        2 => bytes.first_chunk::<4>().map(|bytes| Ipv4Addr::from(*bytes).into()),
        10 => bytes.first_chunk::<16>().map(|bytes| Ipv6Addr::from(*bytes).into()),
        _ => None,
    }
}

/// A socket from `unix_diag_msg` and the attribute with its name.
#[must_use]
pub fn unix_socket(body: &[u8]) -> Option<UnixSocket> {
    let is_listening = State(*body.get(2)?) == State::LISTEN;
    let inode = u64::from(u32_at(body, 4)?);
    let name = Attributes(body.get(16..)?).find(|(kind, _)| *kind == ATTRIBUTE_NAME);
    Some(UnixSocket { path: unix_name(name.map_or(&[], |(_, name)| name)), is_listening, inode })
}

/// Abstract names begin with a zero byte, and are written with `@` as everywhere.
fn unix_name(name: &[u8]) -> String {
    match name {
        [0, name @ ..] => format!("@{}", json::lossy(name)),
        name => json::lossy(name.strip_suffix(&[0]).unwrap_or(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::testing::TestSession;
    use proptest::prelude::*;
    use std::{
        net::{TcpListener, TcpStream, UdpSocket},
        os::unix::net::UnixListener,
    };

    fn of(protocol: Protocol, family: Family, filter: &SocketFilter) -> Vec<Socket> {
        sockets((protocol, family), filter, &TestSession::new()).unwrap().rows
    }

    #[test]
    fn own_connections_are_found_by_the_kernel_and_others_are_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let local = stream.local_addr().unwrap();
        let mut filter =
            SocketFilter { peers: Some(vec!["127.0.0.0/8".parse().unwrap()]), ..Default::default() };
        let found = of(Protocol::Tcp, Family::V4, &filter);
        assert!(
            found.iter().any(|socket| socket.local == local
                && socket.state == State::ESTABLISHED
                && socket.inode > 0)
        );
        filter.peers = Some(vec!["127.99.99.0/24".parse().unwrap(), "2001:db8:99::/48".parse().unwrap()]);
        assert_eq!(of(Protocol::Tcp, Family::V4, &filter), []);
        assert_eq!(of(Protocol::Tcp, Family::V6, &filter), []);
    }

    #[test]
    fn listeners_are_found() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let filter = SocketFilter { listening_only: true, peers: None };
        for (protocol, address) in [(Protocol::Tcp, tcp.local_addr()), (Protocol::Udp, udp.local_addr())] {
            let address = address.unwrap();
            let found = of(protocol, Family::V4, &filter);
            assert!(found.iter().any(|socket| socket.local == address && socket.is_listening()), "{address}");
        }
    }

    #[test]
    fn mapped_peers_are_ipv4_peers() {
        let Ok(listener) = TcpListener::bind("[::]:0") else { return eprintln!("skipped: no IPv6") };
        let port = listener.local_addr().unwrap().port();
        let _stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let filter = SocketFilter { peers: Some(vec!["127.0.0.1".parse().unwrap()]), ..Default::default() };
        let found = of(Protocol::Tcp, Family::V6, &filter);
        assert!(found.iter().any(|socket| socket.local.port() == port && socket.remote.is_ipv4()));
    }

    #[test]
    fn unix_sockets_have_names() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let found = unix_sockets(&TestSession::new()).unwrap().rows;
        let path = path.to_str().unwrap();
        assert!(found.iter().any(|socket| socket.path == path && socket.is_listening));
    }

    #[test]
    fn abstract_names_begin_with_an_at_sign() {
        assert_eq!(unix_name(b"\0agent"), "@agent");
        assert_eq!(unix_name(b"/run/x\0"), "/run/x");
        assert_eq!(unix_name(b""), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn random_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..120)) {
            _ = (inet_socket(&body, Protocol::Tcp), unix_socket(&body));
        }
    }
}
