//! What differs between operating systems, behind one safe trait, and the files of a machine.
//!
//! A module asks [`of`] for the [`System`] of the machine that its session looks at. What a system can not tell is a
//! [`SystemError`], never an empty answer.

mod delivery;
mod files;
mod held;
mod links;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod memory;
pub mod network;
mod process;
pub(crate) mod spelling;
#[cfg(any(
    all(unix, feature = "upgrade"),
    all(any(target_os = "linux", target_os = "android"), feature = "agentdestroy")
))]
pub(crate) mod trust;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
mod windows;

#[cfg(any(target_os = "linux", target_os = "android"))]
use self::linux as platform;
#[cfg(target_os = "macos")]
use self::macos as platform;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
use self::windows as platform;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use self::linux::maps;
pub use self::{
    delivery::Undelivered,
    files::Files,
    held::{HeldProcess, Program},
    links::{LinkError, MAX_LINKS},
    memory::{Extent, MappedFile, Memory, MemoryError, ReadError, Region},
    process::{Pid, Process},
};

use self::network::{
    Family, Interface, Namespace, Neighbour, Owners, Protocol, Socket, SocketFilter, Table, UnixSocket,
};
use mig_core::module::{Machine, Session, Stop};
use std::{collections::BTreeSet, fmt::Debug, io, net::UdpSocket, path::PathBuf};

/// What an operating system tells of itself.
///
/// What a system has no way to tell is [`SystemError::Unsupported`], by default everything.
pub trait System: Debug + Send + Sync {
    /// The processes, by number.
    ///
    /// # Errors
    /// [`SystemError`] if there is no list of them.
    fn processes(&self) -> Result<Vec<Pid>, SystemError> {
        Err(SystemError::unsupported("listing processes"))
    }

    /// What is known of one process.
    ///
    /// # Errors
    /// [`SystemError`], also if the process has ended.
    fn process(&self, pid: Pid) -> Result<Process, SystemError> {
        let _ = pid;
        Err(SystemError::unsupported("looking at processes"))
    }

    /// The memory map of a process, by address; nothing for a process without memory of its own, such as a kernel thread.
    ///
    /// # Errors
    /// [`SystemError`], also if the process has ended.
    fn regions(&self, pid: Pid) -> Result<Vec<Region>, SystemError> {
        let _ = pid;
        Err(SystemError::unsupported("listing the memory of processes"))
    }

    /// Opens the memory of a process for reading.
    ///
    /// # Errors
    /// [`MemoryError`] says whether it is denied, or there is none.
    fn memory(&self, pid: Pid) -> Result<Box<dyn Memory>, MemoryError> {
        let _ = pid;
        Err(SystemError::unsupported("reading the memory of processes").into())
    }

    /// The network namespaces of the machine.
    ///
    /// # Errors
    /// [`SystemError`] if there is no way to list them.
    fn namespaces(&self, session: &dyn Session) -> Result<Table<Namespace>, SystemError> {
        _ = session;
        Err(SystemError::unsupported("listing network namespaces"))
    }

    /// The internet sockets of a namespace that a filter lets through, and maybe others.
    ///
    /// # Errors
    /// [`SystemError`] if nothing can be told, or the session stops.
    fn sockets(
        &self,
        namespace: &Namespace,
        kind: (Protocol, Family),
        filter: &SocketFilter,
        session: &dyn Session,
    ) -> Result<Table<Socket>, SystemError> {
        _ = (namespace, kind, filter, session);
        Err(SystemError::unsupported("listing sockets"))
    }

    /// The unix sockets of a namespace that have a name.
    ///
    /// # Errors
    /// As [`sockets`](Self::sockets).
    fn unix_sockets(
        &self,
        namespace: &Namespace,
        session: &dyn Session,
    ) -> Result<Table<UnixSocket>, SystemError> {
        _ = (namespace, session);
        Err(SystemError::unsupported("listing unix sockets"))
    }

    /// The interfaces of a namespace with their addresses.
    ///
    /// # Errors
    /// As [`sockets`](Self::sockets).
    fn interfaces(
        &self,
        namespace: &Namespace,
        session: &dyn Session,
    ) -> Result<Table<Interface>, SystemError> {
        _ = (namespace, session);
        Err(SystemError::unsupported("listing network interfaces"))
    }

    /// The neighbours of a namespace in one family.
    ///
    /// # Errors
    /// As [`sockets`](Self::sockets).
    fn neighbours(
        &self,
        namespace: &Namespace,
        family: Family,
        session: &dyn Session,
    ) -> Result<Table<Neighbour>, SystemError> {
        _ = (namespace, family, session);
        Err(SystemError::unsupported("listing neighbours"))
    }

    /// The processes that hold the sockets with these inodes.
    ///
    /// # Errors
    /// As [`sockets`](Self::sockets).
    fn socket_owners(&self, inodes: &BTreeSet<u64>, session: &dyn Session) -> Result<Owners, SystemError> {
        _ = (inodes, session);
        Err(SystemError::unsupported("telling which process holds a socket"))
    }

    /// Has the system keep what the network says of packets that are sent through this socket of datagrams, UDP or ICMP, and do not
    /// arrive. A report also ends the next call of the socket, with an error.
    ///
    /// # Errors
    /// [`SystemError`] if it keeps no such reports.
    fn watch_delivery(&self, socket: &UdpSocket) -> Result<(), SystemError> {
        let _ = socket;
        Err(SystemError::unsupported("asking for reports about packets"))
    }

    /// The next of those reports, without waiting; `None` if there is none.
    ///
    /// # Errors
    /// [`SystemError`] if they can not be read.
    fn undelivered(&self, socket: &UdpSocket) -> Result<Option<Undelivered>, SystemError> {
        let _ = socket;
        Err(SystemError::unsupported("reading reports about packets"))
    }

    /// Whether the packages of the system are listed in files that can be read, as on Linux. Those of an image always are.
    ///
    /// # Errors
    /// [`SystemError::Unsupported`] if the system lists them elsewhere, or has none.
    fn package_databases(&self) -> Result<(), SystemError> {
        Err(SystemError::unsupported(LISTING_PACKAGES))
    }

    /// The servers that the system takes its time from, as it writes them, where no file of the machine says so.
    ///
    /// # Errors
    /// [`SystemError`] if they can not be read.
    fn time_servers(&self) -> Result<Vec<String>, SystemError> {
        Ok(Vec::new())
    }

    /// Gets hold of a process, to act upon it.
    ///
    /// # Errors
    /// [`SystemError`], also if the process has ended.
    fn hold(&self, pid: Pid) -> Result<Box<dyn HeldProcess>, SystemError> {
        let _ = pid;
        Err(SystemError::unsupported("ending processes"))
    }
}

/// The system of a machine.
#[must_use]
pub fn of(machine: &Machine) -> Box<dyn System> {
    platform::system(machine)
}

const LISTING_PACKAGES: &str = "listing the packages of the system";

/// For systems whose own packages are in no database that we read: the packages of an image may be.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn packages_of_images_only(machine: &Machine) -> Result<(), SystemError> {
    if machine.is_running() { Err(SystemError::unsupported(LISTING_PACKAGES)) } else { Ok(()) }
}

/// Why a system does not tell.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// It has no way to, or ours is not written yet.
    #[error("{what} is not supported on {}", std::env::consts::OS)]
    Unsupported {
        /// What was tried.
        what: &'static str,
    },
    /// It can not be told of an image: a running kernel has to be asked.
    #[error("{what} needs a running machine, not an image")]
    NotRunning {
        /// What was tried.
        what: &'static str,
    },
    /// A file or a call failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file, as the machine names it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the system does not look as it should.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file, as the machine names it.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A question to the kernel failed.
    #[error("{what}: {source}")]
    Kernel {
        /// What was asked.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The run has to end.
    #[error(transparent)]
    Stopped(#[from] Stop),
}

impl SystemError {
    /// Nobody can do this here.
    #[must_use]
    pub fn unsupported(what: &'static str) -> Self {
        Self::Unsupported { what }
    }

    /// Whether what was looked for is not there: a file, or a process.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound || is_no_process(error);
        matches!(self, Self::Io { source, .. } if is_missing(source))
    }

    /// Reading this file failed.
    pub fn reading(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}

/// The standard library has no kind for it.
fn is_no_process(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error());
    #[cfg(not(unix))]
    return {
        let _ = error;
        false
    };
}
