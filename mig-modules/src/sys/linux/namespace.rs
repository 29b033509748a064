//! Network namespaces: found by the processes inside and by the files bound to them, and entered (namespaces(7), setns(2)).

use super::{netlink::NetlinkError, process};
use crate::sys::{
    Files, Pid, SystemError,
    network::{Namespace, Table},
};
use mig_core::{
    json,
    module::{Machine, Session},
};
use nix::sys::statfs::{NSFS_MAGIC, fstatfs};
use rustix::{
    fs::{Mode, OFlags, fstat, open},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::{fd::AsFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
    thread,
};

/// Where `ip netns` (ip-netns(8)) and container engines bind namespaces to files, so that they live without a process.
const BOUND: [&str; 2] = ["/run/netns", "/run/docker/netns"];
/// Most files that are looked at in one of these directories.
const MAX_BOUND: usize = 4096;

/// The namespaces with a process inside or a file bound to them, by name. Others can not be found: they are held by open
/// descriptors alone.
pub(super) fn list(machine: &Machine, session: &dyn Session) -> Result<Table<Namespace>, SystemError> {
    let files = Files::of(machine);
    let mut namespaces: BTreeMap<String, Namespace> = BTreeMap::new();
    let mut refused = 0_usize;
    for pid in process::list(files)? {
        session.checkpoint()?;
        match files.read_link(&link(pid)) {
            Ok(name) => entry(&mut namespaces, json::lossy(name.as_os_str().as_bytes())).processes.push(pid),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => refused += 1,
            // It has ended, or is a thread of the kernel.
            Err(_) => {}
        }
    }
    if namespaces.is_empty() && refused == 0 {
        let reason = "no process tells its network namespace".to_owned();
        return Err(SystemError::Malformed { path: "/proc".into(), reason });
    }
    // In an image these are files without anything bound to them.
    if machine.is_running() {
        for (name, file) in BOUND.iter().flat_map(|directory| bound(Path::new(directory))) {
            session.checkpoint()?;
            entry(&mut namespaces, name).files.push(file);
        }
    }
    let problems = (refused > 0).then(|| SystemError::Malformed {
        path: "/proc".into(),
        reason: format!("the network namespaces of {refused} processes can not be seen without more rights"),
    });
    Ok(Table { rows: namespaces.into_values().collect(), problems: problems.into_iter().collect() })
}

fn entry(namespaces: &mut BTreeMap<String, Namespace>, name: String) -> &mut Namespace {
    namespaces.entry(name.clone()).or_insert_with(|| Namespace { name, ..Namespace::default() })
}

/// The namespaces that are bound to files of a directory, with their names in the kernel.
fn bound(directory: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(directory).into_iter().flatten().take(MAX_BOUND).flatten();
    entries.filter_map(|entry| Some((bound_name(&entry.path())?, entry.path()))).collect()
}

/// What the kernel calls the namespace that is bound to a file; `None` if none is.
fn bound_name(path: &Path) -> Option<String> {
    // Such a path opens nothing yet: a FIFO or a device in its place is not touched.
    let place = open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()).ok()?;
    if fstatfs(&place).ok()?.filesystem_type() != NSFS_MAGIC {
        return None;
    }
    Some(format!("net:[{}]", fstat(&place).ok()?.st_ino))
}

fn link(pid: Pid) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/ns/net"))
}

/// Asks the kernel inside of a namespace: on this thread if it is there already, else on a thread of its own.
pub(super) fn inside<T: Send>(
    namespace: &Namespace,
    ask: impl FnOnce() -> Result<T, NetlinkError> + Send,
) -> Result<T, NetlinkError> {
    if namespace.is_own() || is_here(Path::new("/proc/thread-self/ns/net"), namespace) {
        return ask();
    }
    let entrance = entrance(namespace)?;
    let work = move || {
        move_into_link_name_space(entrance.as_fd(), Some(LinkNameSpaceType::Network))?;
        ask()
    };
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("namespace".to_owned()).spawn_scoped(scope, work)?;
        worker.join().unwrap_or_else(|_| Err(io::Error::other("the thread of the namespace died").into()))
    })
}

/// The namespace as the first process or file holds it that is still there.
fn entrance(namespace: &Namespace) -> io::Result<File> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for pid in &namespace.processes {
        let path = link(*pid);
        match File::open(&path) {
            // Its number may belong to another process by now.
            Ok(file) if is_here(&path, namespace) => return Ok(file),
            Ok(_) => {}
            Err(error) => failure = error,
        }
    }
    for path in &namespace.files {
        if bound_name(path).as_ref() == Some(&namespace.name) {
            return File::open(path);
        }
    }
    Err(failure)
}

fn is_here(path: &Path, namespace: &Namespace) -> bool {
    fs::read_link(path).is_ok_and(|name| json::lossy(name.as_os_str().as_bytes()) == namespace.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::testing::TestSession;

    #[test]
    fn this_process_is_in_one_of_the_namespaces() {
        let table = list(&Machine::Running, &TestSession::new()).unwrap();
        let own =
            table.rows.iter().find(|namespace| namespace.processes.contains(&std::process::id())).unwrap();
        assert!(own.name.starts_with("net:["), "{own:?}");
        assert_eq!(inside(own, || Ok(7)).unwrap(), 7);
    }

    #[test]
    fn an_image_without_namespaces_is_no_machine_without_them() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::image(root.path()).unwrap();
        let error = || list(&machine, &TestSession::new()).unwrap_err().to_string();
        fs::create_dir(root.path().join("proc")).unwrap();
        assert_eq!(error(), "/proc: there are no processes in it");
        fs::create_dir(root.path().join("proc/7")).unwrap();
        assert_eq!(error(), "/proc: no process tells its network namespace");
    }

    #[test]
    fn a_namespace_that_is_gone_is_an_error() {
        let name = "net:[1]".to_owned();
        let gone = Namespace { name, processes: vec![std::process::id()], files: vec!["/etc/passwd".into()] };
        assert!(matches!(inside(&gone, || Ok(())), Err(NetlinkError::Io(_))));
    }
}
