//! The text tables below `/proc/net` (proc(5)): for kernels that do not answer by netlink, and for images.

use crate::sys::{
    Files, SystemError,
    network::{
        Family, Interface, MAX_ROWS, Namespace, Neighbour, Protocol, Socket, State, Table, UnixSocket,
        canonical,
    },
};
use mig_core::{json, module::Session};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// Longest line that is read, in bytes.
const MAX_LINE_BYTES: u64 = 4096;
/// After so many lines the session is asked whether to go on.
const LINES_PER_CHECKPOINT: usize = 1024;
/// Longest hardware address in a file, in bytes.
const MAX_MAC_BYTES: usize = 256;

/// What is wrong with a line, in the words of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum LineError {
    /// Too few words.
    #[error("/proc doesn't respect the expected format")]
    Format,
    /// The other end has no port.
    #[error("remote isn't in the form <ip>:<port>")]
    RemoteForm,
    /// The other end is no hexadecimal address.
    #[error("failed to convert remote IP")]
    Remote,
    /// The own end is no hexadecimal address.
    #[error("failed to convert local ip")]
    Local,
    /// The own end is too long or too short.
    #[error("invalid length for local address")]
    LocalLength,
}

/// Internet sockets, all that are there.
pub(super) fn sockets(
    files: Files<'_>,
    namespace: &Namespace,
    (protocol, family): (Protocol, Family),
    session: &dyn Session,
) -> Result<Table<Socket>, SystemError> {
    let suffix = if family == Family::V6 { "6" } else { "" };
    let file = format!("{}{suffix}", protocol.name());
    read(files, namespace, &file, session, |line| socket(line, protocol, family).map(Some))
}

/// Unix sockets with a name.
pub(super) fn unix_sockets(
    files: Files<'_>,
    namespace: &Namespace,
    session: &dyn Session,
) -> Result<Table<UnixSocket>, SystemError> {
    read(files, namespace, "unix", session, |line| unix_socket(line).map(Some))
}

/// IPv4 neighbours; the table has no others.
pub(super) fn neighbours(
    files: Files<'_>,
    namespace: &Namespace,
    session: &dyn Session,
) -> Result<Table<Neighbour>, SystemError> {
    read(files, namespace, "arp", session, |line| Ok(neighbour(line)))
}

/// The rows of a table: what its lines but the first mean.
fn read<T>(
    files: Files<'_>,
    namespace: &Namespace,
    name: &str,
    session: &dyn Session,
    row: impl Fn(&[u8]) -> Result<Option<T>, LineError>,
) -> Result<Table<T>, SystemError> {
    let (path, file) = open(files, namespace, name)?;
    let mut table = Table::default();
    let mut faults: BTreeMap<LineError, usize> = BTreeMap::new();
    let mut number = 0;
    let ended = for_each_line(file, session, &mut |line| {
        number += 1;
        if number > 1 && !line.is_empty() {
            match row(line) {
                Ok(row) => table.rows.extend(row),
                Err(fault) => *faults.entry(fault).or_default() += 1,
            }
        }
        table.rows.len() < MAX_ROWS
    });
    ended.map_err(|error| error.at(&path))?;
    for (fault, lines) in faults {
        let reason = if lines == 1 { fault.to_string() } else { format!("{fault} ({lines} lines)") };
        table.problems.push(SystemError::Malformed { path: path.clone(), reason });
    }
    if table.rows.len() >= MAX_ROWS {
        let reason = format!("only the first {MAX_ROWS} lines were read");
        table.problems.push(SystemError::Malformed { path, reason });
    }
    Ok(table)
}

/// The file of the first process inside whose file opens.
fn open(files: Files<'_>, namespace: &Namespace, name: &str) -> Result<(PathBuf, File), SystemError> {
    let mut paths: Vec<PathBuf> =
        namespace.processes.iter().map(|pid| PathBuf::from(format!("/proc/{pid}/net/{name}"))).collect();
    if namespace.is_own() {
        paths.push(Path::new("/proc/net").join(name));
    }
    let mut failure = None;
    for path in paths {
        match files.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) => failure = failure.or(Some(SystemError::reading(path)(error))),
        }
    }
    Err(failure.unwrap_or(SystemError::unsupported("a network namespace without processes")))
}

/// Why reading lines ended early.
enum ReadError {
    Io(io::Error),
    Stopped(mig_core::module::Stop),
}

impl ReadError {
    fn at(self, path: &Path) -> SystemError {
        match self {
            Self::Io(error) => SystemError::reading(path)(error),
            Self::Stopped(stop) => stop.into(),
        }
    }
}

/// Lines without their ends, until one is not wanted any more. A line that is too long counts as several.
fn for_each_line(
    file: File,
    session: &dyn Session,
    line: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), ReadError> {
    let mut reader = BufReader::with_capacity(64 << 10, file);
    let mut bytes = Vec::new();
    for number in 0_usize.. {
        if number.is_multiple_of(LINES_PER_CHECKPOINT) {
            session.checkpoint().map_err(ReadError::Stopped)?;
        }
        bytes.clear();
        let length =
            reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes).map_err(ReadError::Io)?;
        if length == 0 || !line(bytes.trim_ascii_end()) {
            break;
        }
    }
    Ok(())
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// A line of `tcp`, `udp`, `raw` and their counterparts for IPv6: number, own end, other end, state, ..., inode as the
/// tenth word.
///
/// # Errors
/// [`LineError`] says what is wrong.
pub fn socket(line: &[u8], protocol: Protocol, family: Family) -> Result<Socket, LineError> {
    let mut words = words(line).skip(1);
    let mut word = || words.next().ok_or(LineError::Format);
    let (local, remote, state) = (word()?, word()?, word()?);
    let local = local_end(local, family)?;
    let (address, port) = split_end(remote).ok_or(LineError::RemoteForm)?;
    let remote = end(address, port, family).ok_or(LineError::Remote)?;
    let state = State(hex(state).and_then(|state| u8::try_from(state).ok()).ok_or(LineError::Format)?);
    let inode = words.nth(5).and_then(decimal).unwrap_or(0);
    Ok(Socket { protocol, local, remote, state, inode })
}

fn local_end(word: &[u8], family: Family) -> Result<SocketAddr, LineError> {
    let (address, port) = split_end(word).ok_or(LineError::Local)?;
    let digits = if family == Family::V4 { 8 } else { 32 };
    if address.len() != digits {
        return Err(LineError::LocalLength);
    }
    end(address, port, family).ok_or(LineError::Local)
}

fn split_end(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = word.iter().position(|byte| *byte == b':')?;
    Some((word.get(..colon)?, word.get(colon + 1..)?))
}

/// Addresses are groups of four bytes, each a number in the order of the machine, which is taken to be the usual one.
fn end(address: &[u8], port: &[u8], family: Family) -> Option<SocketAddr> {
    let port = u16::try_from(hex(port)?).ok()?;
    let groups = address.chunks(8).map(|group| (group.len() == 8).then(|| hex(group)).flatten());
    let groups: Vec<u32> = groups.collect::<Option<_>>()?;
    let address: IpAddr = match (family, groups.as_slice()) {
        (Family::V4, [group]) => Ipv4Addr::from(group.to_le_bytes()).into(),
        (Family::V6, [a, b, c, d]) => {
            let group = |group: &u32| u128::from(group.swap_bytes());
            Ipv6Addr::from_bits(group(a) << 96 | group(b) << 64 | group(c) << 32 | group(d)).into()
        }
        _ => return None,
    };
    Some(canonical(SocketAddr::new(address, port)))
}

/// At most eight hexadecimal digits.
fn hex(word: &[u8]) -> Option<u32> {
    if word.is_empty() || word.len() > 8 {
        return None;
    }
    word.iter().try_fold(0, |sum, byte| Some(sum << 4 | char::from(*byte).to_digit(16)?))
}

fn decimal(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// A line of `arp`: address, two numbers, hardware address, ...; shorter lines are skipped as the original does.
#[must_use]
pub fn neighbour(line: &[u8]) -> Option<Neighbour> {
    let mut words = words(line);
    let address = json::lossy(words.next()?);
    let mac = json::lossy(words.nth(2)?);
    Some(Neighbour { address, mac })
}

/// A line of `unix`: five numbers, a state (01 until connected), inode, and the path if it has one.
///
/// # Errors
/// [`LineError::Format`] if there are too few words.
pub fn unix_socket(line: &[u8]) -> Result<UnixSocket, LineError> {
    /// `__SO_ACCEPTCON`.
    const LISTENS: u32 = 0x1_0000;
    let mut words = words(line).skip(3);
    let mut word = || words.next().ok_or(LineError::Format);
    let flags = hex(word()?).ok_or(LineError::Format)?;
    let (_kind, _state) = (word()?, word()?);
    let inode = decimal(word()?).ok_or(LineError::Format)?;
    let path: Vec<&[u8]> = words.collect();
    Ok(UnixSocket { path: json::lossy(&path.join(&b' ')), is_listening: flags & LISTENS != 0, inode })
}

/// What the text tables tell of interfaces: names and hardware addresses below `/sys/class/net`, IPv6 addresses of `if_inet6`
/// and, under no name, IPv4 addresses of `fib_trie`.
pub(super) fn interfaces(
    files: Files<'_>,
    namespace: &Namespace,
    session: &dyn Session,
) -> Result<Table<Interface>, SystemError> {
    let mut interfaces: BTreeMap<String, Interface> = BTreeMap::new();
    let mut problems = Vec::new();
    // The directory shows the namespace in which it was mounted.
    let macs = if namespace.is_own() {
        read_macs(files, &mut interfaces)
    } else {
        Err(SystemError::unsupported(
            "telling hardware addresses of other network namespaces without netlink",
        ))
    };
    problems.extend(macs.err());
    let mut add = |name: &str, address: IpAddr| {
        let interface = interfaces.entry(name.to_owned()).or_default();
        if !interface.addresses.contains(&address) && interface.addresses.len() < MAX_ADDRESSES {
            interface.addresses.push(address);
        }
    };
    let mut of_table = |name: &str, take: &mut dyn FnMut(&[u8])| {
        let read = open(files, namespace, name).and_then(|(path, file)| {
            let each = &mut |line: &[u8]| {
                take(line);
                true
            };
            for_each_line(file, session, each).map_err(|error| error.at(&path))
        });
        problems.extend(read.err());
    };
    of_table("if_inet6", &mut |line| {
        if let Some((name, address)) = address6(line) {
            add(&name, address);
        }
    });
    let mut last = None;
    of_table("fib_trie", &mut |line| {
        if let Some(address) = local_route(line, &mut last) {
            add("", address);
        }
    });
    let named = interfaces.into_iter().map(|(name, interface)| Interface { name, ..interface });
    Ok(Table { rows: named.collect(), problems })
}

/// Addresses of one interface that are kept.
const MAX_ADDRESSES: usize = 4096;

fn read_macs(files: Files<'_>, interfaces: &mut BTreeMap<String, Interface>) -> Result<(), SystemError> {
    let directory = Path::new("/sys/class/net");
    let entries = files.list(directory).map_err(SystemError::reading(directory))?;
    for entry in entries.flatten().take(MAX_ADDRESSES) {
        let path = directory.join(entry.file_name()).join("address");
        let text = files.read(&path, MAX_MAC_BYTES).unwrap_or_default();
        let mac = json::lossy(text.trim_ascii());
        let mac = if mac.bytes().all(|byte| matches!(byte, b'0' | b':')) { String::new() } else { mac };
        let name = json::lossy(entry.file_name().as_encoded_bytes());
        interfaces.entry(name).or_default().mac = mac;
    }
    Ok(())
}

/// A line of `if_inet6`: 32 hexadecimal digits, four numbers, name.
fn address6(line: &[u8]) -> Option<(String, IpAddr)> {
    let mut words = words(line);
    let digits = std::str::from_utf8(words.next().filter(|digits| digits.len() == 32)?).ok()?;
    let address = Ipv6Addr::from_bits(u128::from_str_radix(digits, 16).ok()?);
    Some((json::lossy(words.nth(4)?), address.into()))
}

/// `fib_trie` has `|-- 192.0.2.10` and below it `/32 host LOCAL` for an address of the machine itself.
fn local_route(line: &[u8], last: &mut Option<Ipv4Addr>) -> Option<IpAddr> {
    let line = line.trim_ascii();
    if let Some(address) = line.strip_prefix(b"|-- ") {
        *last = std::str::from_utf8(address).ok()?.parse().ok();
        return None;
    }
    (line == b"/32 host LOCAL").then_some(*last)?.map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::{module::Machine, testing::TestSession};
    use proptest::prelude::*;
    use std::fs;

    #[test]
    fn ends_are_read_in_both_families() {
        let line = b"  2: 0A0200C0:0016 077100CB:C738 01 0:0 00:0 00000000     0        0 20002 1 0";
        let socket = socket(line, Protocol::Tcp, Family::V4).unwrap();
        assert_eq!(
            (socket.local.to_string(), socket.remote.to_string()),
            ("192.0.2.10:22".into(), "203.0.113.7:51000".into())
        );
        assert_eq!((socket.state, socket.inode), (State::ESTABLISHED, 20002));
        let line = b"3: B80D0120000000000000000010000000:A02A 0000000000000000FFFF0000097100CB:9C40 01";
        let socket = super::socket(line, Protocol::Udp, Family::V6).unwrap();
        assert_eq!(
            (socket.local.to_string(), socket.remote.to_string()),
            ("[2001:db8::10]:41002".into(), "203.0.113.9:40000".into())
        );
    }

    #[test]
    fn a_line_that_is_wrong_says_why() {
        for (line, fault) in [
            ("0: 00000000:0016", LineError::Format),
            ("0: 00000000:0016 00000000 0A", LineError::RemoteForm),
            ("0: 00000000:0016 ZZ000201:0000 0A", LineError::Remote),
            ("0: 00000000:0016 000201:0000 0A", LineError::Remote),
            ("0: 00000000:0016 00000000:10000 0A", LineError::Remote),
            ("0: 0000000X:0016 00000000:0000 0A", LineError::Local),
            ("0: 000000:0016 00000000:0000 0A", LineError::LocalLength),
        ] {
            assert_eq!(socket(line.as_bytes(), Protocol::Tcp, Family::V4), Err(fault), "{line}");
        }
    }

    #[test]
    fn unix_sockets_may_have_blanks_in_their_paths() {
        let line = b"0000000000000000: 00000002 00000000 00010000 0001 01 18391 /run/a b";
        let expected = UnixSocket { path: "/run/a b".to_owned(), is_listening: true, inode: 18391 };
        assert_eq!(unix_socket(line), Ok(expected));
        assert_eq!(unix_socket(b"0: 2 0 10000 1"), Err(LineError::Format));
    }

    #[test]
    fn interfaces_of_an_image_are_put_together_from_three_tables() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("sys/class/net/eth0/address", "02:fc:00:00:00:01\n");
        write("sys/class/net/lo/address", "00:00:00:00:00:00\n");
        write("proc/net/if_inet6", "fe800000000000000000000000000001 02 40 20 80 eth0\n");
        write(
            "proc/net/fib_trie",
            "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.0.2.10\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n",
        );
        let machine = Machine::image(root.path()).unwrap();
        let table = interfaces(Files::of(&machine), &Namespace::own(), &TestSession::new()).unwrap();
        assert!(table.problems.is_empty());
        let described: Vec<String> =
            table.rows.iter().map(|row| format!("{} {} {:?}", row.name, row.mac, row.addresses)).collect();
        assert_eq!(described, ["  [192.0.2.10]", "eth0 02:fc:00:00:00:01 [fe80::1]", "lo  []"]);
    }

    #[test]
    fn the_tables_of_this_machine_are_read() {
        let (files, session) = (Files::of(&Machine::Running), TestSession::new());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let table = sockets(files, &Namespace::own(), (Protocol::Tcp, Family::V4), &session).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(table.rows.iter().any(|socket| socket.local == address && socket.is_listening()));
        assert!(neighbours(files, &Namespace::own(), &session).unwrap().problems.is_empty());
        assert!(unix_sockets(files, &Namespace::own(), &session).unwrap().problems.is_empty());
        let interfaces = interfaces(files, &Namespace::own(), &session).unwrap();
        assert!(interfaces.rows.iter().any(|row| row.addresses.contains(&Ipv4Addr::LOCALHOST.into())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_line_is_read_or_refused(line in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..100),
            "([0-9A-F:]{0,40} ){0,12}/?".prop_map(String::into_bytes),
        ]) {
            for family in [Family::V4, Family::V6] {
                _ = socket(&line, Protocol::Tcp, family);
            }
            _ = (neighbour(&line), unix_socket(&line), address6(&line), local_route(&line, &mut None));
        }
    }
}
