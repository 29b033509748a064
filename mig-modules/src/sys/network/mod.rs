//! What is known of a network: sockets, interfaces, neighbours. Plain data, the same on every system.

pub mod netstat_tool;
mod subnet;

pub use self::subnet::{Subnet, SubnetError};

use crate::sys::{Pid, SystemError};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Most rows that are kept of one table: a process that opens sockets as fast as it can must not fill our memory.
pub const MAX_ROWS: usize = 1 << 20;

/// A network of its own on a machine, such as that of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// What the kernel calls it, such as `net:[4026531992]`; `default` for the one of this process.
    pub name: String,
    /// Processes inside, by number.
    pub processes: Vec<Pid>,
    /// Files that are bound to it, such as `/run/netns/blue`.
    pub files: Vec<PathBuf>,
}

impl Namespace {
    /// The namespace of this process, or that of an image.
    #[must_use]
    pub fn own() -> Self {
        Self { name: "default".to_owned(), ..Self::default() }
    }

    /// True for what [`own`](Self::own) gives: nothing has to be entered.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.processes.is_empty() && self.files.is_empty()
    }
}

/// What was read of a table, and what of it could not be.
#[derive(Debug)]
pub struct Table<T> {
    /// The rows, in the order of the system.
    pub rows: Vec<T>,
    /// Why rows are missing.
    pub problems: Vec<SystemError>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), problems: Vec::new() }
    }
}

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Streams.
    Tcp,
    /// Datagrams.
    Udp,
    /// Packets of a protocol whose number stands in place of the local port.
    Raw,
}

impl Protocol {
    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Raw => "raw",
        }
    }
}

/// The width of a table's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6, which also carries IPv4 in mapped addresses.
    V6,
}

/// What a socket is doing, by the numbers of Linux.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State(pub u8);

impl State {
    /// Connected.
    pub const ESTABLISHED: Self = Self(1);
    /// Of TCP closed; of others not connected.
    pub const CLOSE: Self = Self(7);
    /// Waits for connections.
    pub const LISTEN: Self = Self(10);

    /// Its name as `ss` writes it, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 13] = [
            "unknown",
            "established",
            "syn-sent",
            "syn-recv",
            "fin-wait-1",
            "fin-wait-2",
            "time-wait",
            "unconnected",
            "close-wait",
            "last-ack",
            "listening",
            "closing",
            "new-syn-recv",
        ];
        NAMES.get(usize::from(self.0)).copied().unwrap_or("unknown")
    }
}

/// An internet socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Socket {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its own end; mapped addresses are IPv4.
    pub local: SocketAddr,
    /// The other end; the unspecified address and port 0 if there is none.
    pub remote: SocketAddr,
    /// What it is doing.
    pub state: State,
    /// Its number in the kernel, by which processes hold it; 0 if nobody does any more.
    pub inode: u64,
}

impl Socket {
    /// Whether it takes what comes: of TCP state LISTEN, of UDP not connected.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        match self.protocol {
            Protocol::Tcp => self.state == State::LISTEN,
            Protocol::Udp | Protocol::Raw => {
                self.state == State::CLOSE && self.remote.ip().is_unspecified() && self.remote.port() == 0
            }
        }
    }
}

/// Which sockets are wanted. A system may return more, but knows how to skip others cheaply.
#[derive(Clone, Debug, Default)]
pub struct SocketFilter {
    /// Only sockets that wait for connections or datagrams.
    pub listening_only: bool,
    /// Only sockets whose other end is in one of these; `None` for any.
    pub peers: Option<Vec<Subnet>>,
}

/// A socket of the machine itself, with a path or an abstract name (`@...`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixSocket {
    /// Where it is bound; empty if it is not.
    pub path: String,
    /// Whether it waits for connections.
    pub is_listening: bool,
    /// As [`Socket::inode`].
    pub inode: u64,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Its hardware address as `aa:bb:cc:dd:ee:ff`; empty if it has none.
    pub mac: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// A machine nearby that this one has talked with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbour {
    /// Its address as the table has it.
    pub address: String,
    /// Its hardware address; only zeros while it is not known.
    pub mac: String,
}

/// Which processes hold sockets.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// Processes by the inode of a socket, ascending.
    pub processes: BTreeMap<u64, Vec<Pid>>,
    /// Processes that we may not look into.
    pub unreadable: usize,
}

/// A hardware address as text: `aa:bb:cc`.
#[must_use]
pub fn mac_text(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// The same end with its address as IPv4, if it is a mapped one.
#[must_use]
pub fn canonical(end: SocketAddr) -> SocketAddr {
    SocketAddr::new(end.ip().to_canonical(), end.port())
}
