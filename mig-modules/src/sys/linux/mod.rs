//! Linux: by the tables of `/proc`, of the running kernel or of an image.

mod bytecode;
mod delivery;
#[cfg(any(feature = "agentdestroy", feature = "upgrade"))]
mod held;
pub mod maps;
mod memory;
mod namespace;
pub mod netlink;
mod owner;
pub mod proc_net;
mod process;
pub mod route;
pub mod sock_diag;

use self::netlink::NetlinkError;
#[cfg(any(feature = "agentdestroy", feature = "upgrade"))]
use crate::sys::HeldProcess;
use crate::sys::{
    Files, Memory, MemoryError, Pid, Process, Region, System, SystemError, Undelivered,
    network::{
        Family, Interface, Namespace, Neighbour, Owners, Protocol, Socket, SocketFilter, Table, UnixSocket,
    },
};
use mig_core::module::{Machine, Session};
use std::{collections::BTreeSet, io, net::UdpSocket, path::Path};

#[derive(Debug)]
struct Linux {
    machine: Machine,
}

pub(super) fn system(machine: &Machine) -> Box<dyn System> {
    Box::new(Linux { machine: machine.clone() })
}

impl Linux {
    fn files(&self) -> Files<'_> {
        Files::of(&self.machine)
    }

    /// A kernel without IPv6 has no sockets of it, which is no failure. What an image lacks, its machine may have had.
    fn is_without_ipv6(&self) -> bool {
        self.machine.is_running() && !self.files().exists(Path::new("/proc/net/if_inet6"))
    }

    /// Asks the kernel inside of a namespace; `None` if there is none to ask, or it does not tell.
    fn ask<T: Send>(
        &self,
        namespace: &Namespace,
        question: impl FnOnce() -> Result<Table<T>, NetlinkError> + Send,
    ) -> Option<Result<Table<T>, SystemError>> {
        if !self.machine.is_running() {
            return None;
        }
        match namespace::inside(namespace, question) {
            Ok(table) => Some(Ok(table)),
            Err(NetlinkError::Stopped(stop)) => Some(Err(stop.into())),
            Err(_) => None,
        }
    }
}

impl System for Linux {
    fn processes(&self) -> Result<Vec<Pid>, SystemError> {
        process::list(self.files())
    }

    fn process(&self, pid: Pid) -> Result<Process, SystemError> {
        process::look(self.files(), pid)
    }

    fn regions(&self, pid: Pid) -> Result<Vec<Region>, SystemError> {
        maps::read(self.files(), pid)
    }

    fn memory(&self, pid: Pid) -> Result<Box<dyn Memory>, MemoryError> {
        if !self.machine.is_running() {
            return Err(SystemError::NotRunning { what: "reading the memory of processes" }.into());
        }
        Ok(Box::new(memory::ProcessMemory::open(pid)?))
    }

    fn namespaces(&self, session: &dyn Session) -> Result<Table<Namespace>, SystemError> {
        namespace::list(&self.machine, session)
    }

    fn sockets(
        &self,
        namespace: &Namespace,
        kind: (Protocol, Family),
        filter: &SocketFilter,
        session: &dyn Session,
    ) -> Result<Table<Socket>, SystemError> {
        self.ask(namespace, || sock_diag::sockets(kind, filter, session))
            .unwrap_or_else(|| proc_net::sockets(self.files(), namespace, kind, session))
            .or_else(|error| {
                if kind.1 == Family::V6 && self.is_without_ipv6() { Ok(Table::default()) } else { Err(error) }
            })
    }

    fn unix_sockets(
        &self,
        namespace: &Namespace,
        session: &dyn Session,
    ) -> Result<Table<UnixSocket>, SystemError> {
        self.ask(namespace, || sock_diag::unix_sockets(session))
            .unwrap_or_else(|| proc_net::unix_sockets(self.files(), namespace, session))
    }

    fn interfaces(
        &self,
        namespace: &Namespace,
        session: &dyn Session,
    ) -> Result<Table<Interface>, SystemError> {
        self.ask(namespace, || route::interfaces(session))
            .unwrap_or_else(|| proc_net::interfaces(self.files(), namespace, session))
    }

    fn neighbours(
        &self,
        namespace: &Namespace,
        family: Family,
        session: &dyn Session,
    ) -> Result<Table<Neighbour>, SystemError> {
        self.ask(namespace, || route::neighbours(family, session)).unwrap_or_else(|| match family {
            Family::V4 => proc_net::neighbours(self.files(), namespace, session),
            Family::V6 => Err(no_text_table("listing IPv6 neighbours")),
        })
    }

    fn socket_owners(&self, inodes: &BTreeSet<u64>, session: &dyn Session) -> Result<Owners, SystemError> {
        owner::find(self.files(), inodes, session)
    }

    fn watch_delivery(&self, socket: &UdpSocket) -> Result<(), SystemError> {
        let what = "asking for reports about packets";
        delivery::watch(socket).map_err(|source| SystemError::Kernel { what, source })
    }

    fn undelivered(&self, socket: &UdpSocket) -> Result<Option<Undelivered>, SystemError> {
        let what = "reading reports about packets";
        delivery::next(socket).map_err(|source| SystemError::Kernel { what, source })
    }

    fn package_databases(&self) -> Result<(), SystemError> {
        Ok(())
    }

    #[cfg(any(feature = "agentdestroy", feature = "upgrade"))]
    fn hold(&self, pid: Pid) -> Result<Box<dyn HeldProcess>, SystemError> {
        if self.machine.is_running() {
            held::hold(pid)
        } else {
            Err(SystemError::NotRunning { what: "ending processes" })
        }
    }
}

/// What only netlink tells was not told.
fn no_text_table(what: &'static str) -> SystemError {
    SystemError::Kernel { what, source: io::Error::other("only a running kernel tells, by netlink") }
}
