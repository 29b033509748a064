//! Which processes hold sockets: their descriptors are links such as `/proc/7/fd/3 -> socket:[18391]`.

use super::process;
use crate::sys::{Files, Pid, SystemError, network::Owners};
use mig_core::module::{Session, Stop};
use std::{
    collections::BTreeSet,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// After so many descriptors the session is asked whether to go on.
const LINKS_PER_CHECKPOINT: usize = 256;

/// The processes that hold sockets with these inodes, and how many can not be looked into.
pub(super) fn find(
    files: Files<'_>,
    inodes: &BTreeSet<u64>,
    session: &dyn Session,
) -> Result<Owners, SystemError> {
    let mut owners = Owners::default();
    if inodes.is_empty() {
        return Ok(owners);
    }
    for pid in process::list(files)? {
        session.checkpoint()?;
        let held = held(files, pid, inodes, session)?;
        owners.unreadable += usize::from(held.is_refused);
        held.inodes.into_iter().for_each(|inode| owners.processes.entry(inode).or_default().push(pid));
    }
    Ok(owners)
}

/// What a process holds.
#[derive(Default)]
struct Held {
    inodes: BTreeSet<u64>,
    /// Some of it we may not see.
    is_refused: bool,
}

/// The wanted sockets of a process. One that has ended since holds none.
fn held(files: Files<'_>, pid: Pid, inodes: &BTreeSet<u64>, session: &dyn Session) -> Result<Held, Stop> {
    let is_refusal = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    let directory = PathBuf::from(format!("/proc/{pid}/fd"));
    let entries = match files.list(&directory) {
        Ok(entries) => entries,
        Err(error) => return Ok(Held { is_refused: is_refusal(error), ..Held::default() }),
    };
    let mut held = Held::default();
    for (number, entry) in entries.flatten().enumerate() {
        if number.is_multiple_of(LINKS_PER_CHECKPOINT) {
            session.checkpoint()?;
        }
        match entry.path().read_link() {
            Ok(target) => held.inodes.extend(inode(&target).filter(|inode| inodes.contains(inode))),
            Err(error) => held.is_refused |= is_refusal(error),
        }
    }
    Ok(held)
}

/// The number in `socket:[18391]`.
fn inode(target: &Path) -> Option<u64> {
    let number = target.as_os_str().as_bytes().strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::{module::Machine, testing::TestSession};
    use std::{net::UdpSocket, os::fd::AsRawFd};

    #[test]
    fn own_sockets_are_held_by_this_process() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let link = PathBuf::from(format!("/proc/self/fd/{}", socket.as_raw_fd()));
        let inode = inode(&link.read_link().unwrap()).unwrap();
        let owners =
            find(Files::of(&Machine::Running), &BTreeSet::from([inode, 1]), &TestSession::new()).unwrap();
        assert_eq!(owners.processes.into_iter().collect::<Vec<_>>(), [(inode, vec![std::process::id()])]);
    }

    #[test]
    fn only_sockets_have_such_links() {
        for target in ["pipe:[7]", "socket:[x]", "socket:[7", "/dev/null"] {
            assert_eq!(inode(Path::new(target)), None, "{target}");
        }
    }
}
