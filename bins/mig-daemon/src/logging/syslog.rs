//! Lines to a syslog server, in the form of RFC 3164, by a thread of its own: a server that hangs holds up nobody.

use super::Sink;
use mig_core::logging::Severity;
use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, TcpStream, ToSocketAddrs as _, UdpSocket},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

/// Lines that wait at most; further ones are left out, and counted.
const WAITING: usize = 1024;
/// How long a server may take to accept a connection, or a line.
const LIMIT: Duration = Duration::from_secs(5);
/// What the original uses, whatever its configuration says.
const FACILITY_DAEMON: u8 = 3;

#[derive(Debug)]
pub(super) struct Syslog {
    tag: String,
    lines: SyncSender<String>,
}

impl Syslog {
    pub(super) fn start(program: &str, host: &str, port: u16, protocol: &str) -> io::Result<Self> {
        let server = Server { host: host.to_owned(), port };
        let mut line = Line::connect(&server, protocol)?;
        let (lines, waiting) = sync_channel(WAITING);
        let protocol = protocol.to_owned();
        thread::Builder::new().name("syslog".to_owned()).spawn(move || {
            forward(&waiting, &mut line, || Line::connect(&server, &protocol));
        })?;
        Ok(Self { tag: format!("{program}[{}]", std::process::id()), lines })
    }
}

impl Sink for Syslog {
    fn wants_time(&self) -> bool {
        false
    }

    fn write(&self, severity: Severity, line: &str) {
        let priority = FACILITY_DAEMON * 8 + severity as u8;
        // Without time and host: the server puts its own.
        let full = self.lines.try_send(format!("<{priority}>{}: {line}", self.tag)).is_err();
        if full {
            writeln!(io::stderr(), "{line} (syslog is too slow)").ok();
        }
    }
}

/// Until the program ends. A line that can not be sent is tried once more on a new connection.
fn forward(waiting: &Receiver<String>, line: &mut Line, connect: impl Fn() -> io::Result<Line>) {
    for text in waiting {
        if line.send(&text).is_ok() {
            continue;
        }
        let again = connect().and_then(|new| {
            *line = new;
            line.send(&text)
        });
        if again.is_err() {
            // Who looks at the service manager's log still sees it.
            writeln!(io::stderr(), "{text} (syslog does not answer)").ok();
        }
    }
}

#[derive(Debug)]
struct Server {
    host: String,
    port: u16,
}

#[derive(Debug)]
enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Line {
    fn connect(server: &Server, protocol: &str) -> io::Result<Self> {
        let address = (server.host.as_str(), server.port).to_socket_addrs()?.next();
        let address = address.ok_or_else(|| io::Error::other("the host has no address"))?;
        match protocol {
            "udp" => {
                let any = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.to_string() } else { "::".to_owned() };
                let socket = UdpSocket::bind((any.as_str(), 0))?;
                socket.connect(address)?;
                Ok(Self::Udp(socket))
            }
            "tcp" => {
                let stream = TcpStream::connect_timeout(&address, LIMIT)?;
                stream.set_write_timeout(Some(LIMIT))?;
                Ok(Self::Tcp(stream))
            }
            other => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, format!("'{other}' is no protocol of it")))
            }
        }
    }

    fn send(&mut self, text: &str) -> io::Result<()> {
        match self {
            Self::Udp(socket) => socket.send(text.as_bytes()).map(drop),
            Self::Tcp(stream) => stream.write_all(format!("{text}\n").as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{BufRead as _, BufReader},
        net::TcpListener,
    };

    #[test]
    fn a_server_gets_facility_severity_and_the_line() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let port = server.local_addr().unwrap().port();
        let syslog = Syslog::start("mig-test", "127.0.0.1", port, "udp").unwrap();
        syslog.write(Severity::Warning, "- - - [warning] it is late");
        let mut buffer = [0; 200];
        let bytes = server.recv(&mut buffer).unwrap();
        let expected = format!("<28>mig-test[{}]: - - - [warning] it is late", std::process::id());
        assert_eq!(&buffer[..bytes], expected.as_bytes());
    }

    #[test]
    fn over_tcp_each_line_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let syslog = Syslog::start("mig-test", "127.0.0.1", port, "tcp").unwrap();
        let mut lines = BufReader::new(listener.accept().unwrap().0).lines();
        for text in ["one", "two"] {
            syslog.write(Severity::Error, text);
            assert!(lines.next().unwrap().unwrap().ends_with(text));
        }
    }

    #[test]
    fn an_unknown_protocol_is_named() {
        let error = Syslog::start("mig-test", "127.0.0.1", 1, "carrier").unwrap_err();
        assert_eq!(error.to_string(), "'carrier' is no protocol of it");
    }
}
