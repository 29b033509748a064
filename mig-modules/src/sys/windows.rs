//! Windows, and systems we do not know: sockets by the tool `netstat` of Windows, servers of time by the registry; the rest of the
//! running system is not told yet. Modules that need files only are complete.

mod registry;

use crate::sys::{
    System, SystemError,
    network::{Family, Namespace, Protocol, Socket, SocketFilter, Table, netstat_tool},
    packages_of_images_only,
};
use mig_core::{
    json, limits,
    module::{Machine, Session},
};
use std::{
    env, io,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Longest listing of sockets that is read, in bytes.
const MAX_LISTING_BYTES: usize = 64 << 20;
/// How often a tool at work lets the session decide whether to go on.
const PATIENCE: Duration = Duration::from_millis(20);

#[derive(Debug)]
struct Windows {
    machine: Machine,
}

pub(super) fn system(machine: &Machine) -> Box<dyn System> {
    Box::new(Windows { machine: machine.clone() })
}

impl System for Windows {
    fn sockets(
        &self,
        _namespace: &Namespace,
        kind: (Protocol, Family),
        _filter: &SocketFilter,
        session: &dyn Session,
    ) -> Result<Table<Socket>, SystemError> {
        let what = "listing sockets";
        let table = match kind {
            _ if !cfg!(windows) => return Err(SystemError::unsupported(what)),
            _ if !self.machine.is_running() => return Err(SystemError::NotRunning { what }),
            (Protocol::Tcp, Family::V4) => "TCP",
            (Protocol::Tcp, Family::V6) => "TCPv6",
            (Protocol::Udp, Family::V4) => "UDP",
            (Protocol::Udp, Family::V6) => "UDPv6",
            (Protocol::Raw, _) => return Err(SystemError::unsupported("listing raw sockets")),
        };
        let listing = netstat_tool::parse(&json::lossy(&run(table, session)?));
        let mut problems = Vec::new();
        if listing.unreadable > 0 {
            let source = io::Error::other(format!("{} lines have no addresses", listing.unreadable));
            problems.push(SystemError::Kernel { what, source });
        }
        Ok(Table { rows: listing.sockets, problems })
    }

    fn package_databases(&self) -> Result<(), SystemError> {
        packages_of_images_only(&self.machine)
    }

    fn time_servers(&self) -> Result<Vec<String>, SystemError> {
        if self.machine.is_running() { registry::time_servers() } else { Ok(Vec::new()) }
    }
}

/// What the tool prints of a table. It is taken from the directory of the system, whatever the search path says.
fn run(table: &str, session: &dyn Session) -> Result<Vec<u8>, SystemError> {
    let root = env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    let tool = root.join("System32").join("netstat.exe");
    let failed = |error| SystemError::reading(tool.clone())(error);
    let mut command = Command::new(&tool);
    command.args(["-na", "-p", table]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    let output = child.stdout.take().ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
    let reader = thread::spawn(move || limits::read(output, MAX_LISTING_BYTES));
    wait(&mut child, session, failed)?;
    reader.join().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into())).map_err(failed)
}

/// Waits for the end of a tool; kills it if the session stops.
fn wait(
    child: &mut Child,
    session: &dyn Session,
    failed: impl Fn(io::Error) -> SystemError,
) -> Result<(), SystemError> {
    while child.try_wait().map_err(&failed)?.is_none() {
        if let Err(stop) = session.checkpoint() {
            child.kill().and_then(|()| child.wait()).map_err(&failed)?;
            return Err(stop.into());
        }
        thread::sleep(PATIENCE);
    }
    Ok(())
}
