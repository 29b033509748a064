//! Network namespaces: found by the processes inside, and entered (namespaces(7), setns(2)).

use super::{netlink::NetlinkError, process};
use crate::sys::{
    Files, Pid, SystemError,
    network::{Namespace, Table},
};
use mig_core::{json, module::Session};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::{fd::AsFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
    thread,
};

/// The namespaces with a process inside, by name.
pub(super) fn list(files: Files<'_>, session: &dyn Session) -> Result<Table<Namespace>, SystemError> {
    let mut namespaces: BTreeMap<String, Vec<Pid>> = BTreeMap::new();
    let mut refused = 0_usize;
    for pid in process::list(files)? {
        session.checkpoint()?;
        match files.read_link(&link(pid)) {
            Ok(name) => namespaces.entry(json::lossy(name.as_os_str().as_bytes())).or_default().push(pid),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => refused += 1,
            // It has ended, or is a thread of the kernel.
            Err(_) => {}
        }
    }
    if namespaces.is_empty() && refused == 0 {
        let reason = "no process tells its network namespace".to_owned();
        return Err(SystemError::Malformed { path: "/proc".into(), reason });
    }
    let rows = namespaces.into_iter().map(|(name, processes)| Namespace { name, processes }).collect();
    let problems = (refused > 0).then(|| SystemError::Malformed {
        path: "/proc".into(),
        reason: format!("the network namespaces of {refused} processes can not be seen without more rights"),
    });
    Ok(Table { rows, problems: problems.into_iter().collect() })
}

fn link(pid: Pid) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/ns/net"))
}

/// Asks the kernel inside of a namespace: on this thread if it is there already, else on a thread of its own.
pub(super) fn inside<T: Send>(
    namespace: &Namespace,
    ask: impl FnOnce() -> Result<T, NetlinkError> + Send,
) -> Result<T, NetlinkError> {
    if namespace.processes.is_empty() || is_here(Path::new("/proc/thread-self/ns/net"), namespace) {
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

/// The namespace as the first process holds it that is still there.
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
    Err(failure)
}

fn is_here(path: &Path, namespace: &Namespace) -> bool {
    fs::read_link(path).is_ok_and(|name| json::lossy(name.as_os_str().as_bytes()) == namespace.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::{module::Machine, testing::TestSession};

    #[test]
    fn this_process_is_in_one_of_the_namespaces() {
        let table = list(Files::of(&Machine::Running), &TestSession::new()).unwrap();
        let own =
            table.rows.iter().find(|namespace| namespace.processes.contains(&std::process::id())).unwrap();
        assert!(own.name.starts_with("net:["), "{own:?}");
        assert_eq!(inside(own, || Ok(7)).unwrap(), 7);
    }

    #[test]
    fn an_image_without_namespaces_is_no_machine_without_them() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::image(root.path()).unwrap();
        let error = || list(Files::of(&machine), &TestSession::new()).unwrap_err().to_string();
        fs::create_dir(root.path().join("proc")).unwrap();
        assert_eq!(error(), "/proc: there are no processes in it");
        fs::create_dir(root.path().join("proc/7")).unwrap();
        assert_eq!(error(), "/proc: no process tells its network namespace");
    }

    #[test]
    fn a_namespace_that_is_gone_is_an_error() {
        let gone = Namespace { name: "net:[1]".to_owned(), processes: vec![std::process::id()] };
        assert!(matches!(inside(&gone, || Ok(())), Err(NetlinkError::Io(_))));
    }
}
