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
        match held(files, pid, inodes, session)? {
            Some(held) => {
                held.into_iter().for_each(|inode| owners.processes.entry(inode).or_default().push(pid))
            }
            None => owners.unreadable += 1,
        }
    }
    Ok(owners)
}

/// The wanted sockets of a process; `None` if we may not look.
fn held(
    files: Files<'_>,
    pid: Pid,
    inodes: &BTreeSet<u64>,
    session: &dyn Session,
) -> Result<Option<BTreeSet<u64>>, Stop> {
    let directory = PathBuf::from(format!("/proc/{pid}/fd"));
    let entries = match files.list(&directory) {
        Ok(entries) => entries,
        // Unless it has ended since.
        Err(error) => return Ok((error.kind() != io::ErrorKind::PermissionDenied).then(BTreeSet::new)),
    };
    let mut held = BTreeSet::new();
    for (number, entry) in entries.flatten().enumerate() {
        if number.is_multiple_of(LINKS_PER_CHECKPOINT) {
            session.checkpoint()?;
        }
        let inode = entry.path().read_link().ok().and_then(|target| inode(&target));
        held.extend(inode.filter(|inode| inodes.contains(inode)));
    }
    Ok(Some(held))
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
