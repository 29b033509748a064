//! The processes that hold sockets.

use super::result::Entry;
use crate::sys::{Pid, Process, System, SystemError, network::Owners};
use mig_core::{
    json,
    module::{Session, Stop},
};
use std::collections::{BTreeMap, BTreeSet};

/// Processes by the sockets they hold, looked at when they are asked for.
#[derive(Debug)]
pub(super) struct Holders<'s> {
    system: &'s dyn System,
    owners: Owners,
    processes: BTreeMap<Pid, Process>,
}

impl<'s> Holders<'s> {
    /// Finds the holders of these sockets. Whether some can not be seen is a soft error.
    pub(super) fn find(
        system: &'s dyn System,
        inodes: &BTreeSet<u64>,
        session: &dyn Session,
    ) -> Result<Self, Stop> {
        let owners = match system.socket_owners(inodes, session) {
            Ok(owners) => owners,
            Err(SystemError::Stopped(stop)) => return Err(stop),
            Err(error) => {
                session.soft_error(format!("owners of sockets: {error}"));
                Owners::default()
            }
        };
        let hidden =
            inodes.iter().filter(|inode| **inode > 0 && !owners.processes.contains_key(inode)).count();
        if hidden > 0 {
            session.soft_error(format!(
                "owners of sockets: {hidden} sockets are held by nobody that can be seen; {} processes can not be looked into",
                owners.unreadable
            ));
        }
        Ok(Self { system, owners, processes: BTreeMap::new() })
    }

    /// The processes that hold a socket, by number.
    pub(super) fn of(&self, inode: u64) -> Vec<Pid> {
        self.owners.processes.get(&inode).cloned().unwrap_or_default()
    }

    /// The path of the program of a process, or its name if it has no path that we may see.
    pub(super) fn program(&mut self, pid: Pid) -> String {
        let process = self.process(pid);
        match &process.executable {
            Some(path) => json::lossy(path.as_os_str().as_encoded_bytes()),
            None => process.name.clone(),
        }
    }

    /// Says of a socket that this process holds it, and which others do.
    pub(super) fn describe(&mut self, entry: &mut Entry, pid: Pid, inode: u64) {
        entry.executable = self.program(pid);
        entry.container = self.process(pid).container.clone().unwrap_or_default();
        entry.pid = f64::from(pid);
        entry.other_pids = self.of(inode).into_iter().filter(|other| *other != pid).map(f64::from).collect();
    }

    /// What is known of a process; nothing if it has ended.
    fn process(&mut self, pid: Pid) -> &Process {
        self.processes.entry(pid).or_insert_with(|| self.system.process(pid).unwrap_or_default())
    }
}
