//! Processes, as proc(5) describes them.

use crate::sys::{Files, Pid, Process, SystemError};
use mig_core::json;
use std::{
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

/// Longest table of a process that is read, in bytes.
const MAX_TABLE_BYTES: usize = 1 << 20;

/// What the kernel appends to the path of a program whose file is gone.
const DELETED: &[u8] = b" (deleted)";

/// The numbers of all processes, in order.
///
/// # Errors
/// If there are none: that is no table of processes, and nothing can be said of them.
pub(super) fn list(files: Files<'_>) -> Result<Vec<Pid>, SystemError> {
    let entries = files.list(Path::new("/proc")).map_err(SystemError::reading("/proc"))?;
    let number = |name: &str| name.parse().ok().filter(|_| name.bytes().all(|byte| byte.is_ascii_digit()));
    let mut pids: Vec<Pid> = entries.filter_map(|entry| number(entry.ok()?.file_name().to_str()?)).collect();
    pids.sort_unstable();
    if pids.is_empty() {
        // The directory of an image of a disk; a machine that runs has processes, or hides them.
        let reason = "there are no processes in it".to_owned();
        return Err(SystemError::Malformed { path: "/proc".into(), reason });
    }
    Ok(pids)
}

pub(super) fn look(files: Files<'_>, pid: Pid) -> Result<Process, SystemError> {
    let directory = PathBuf::from(format!("/proc/{pid}"));
    let table = |name: &str| {
        let path = directory.join(name);
        files.read(&path, MAX_TABLE_BYTES).map_err(SystemError::reading(path))
    };
    let status = table("status")?;
    let parent = field(&status, "PPid:").and_then(|text| text.parse().ok()).unwrap_or(0);
    let name = field(&status, "Name:").unwrap_or_default();
    let link = files.read_link(&directory.join("exe")).ok();
    let (executable, is_deleted) = link.map_or((None, false), program);
    let container = table("cgroup").ok().and_then(|cgroups| container(&cgroups));
    Ok(Process { pid, parent, name, executable, is_deleted, container })
}

/// The value of a line such as `Name:\tbash`.
fn field(status: &[u8], name: &str) -> Option<String> {
    let mut lines = status.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(name.as_bytes()))?;
    Some(json::lossy(value).trim().to_owned())
}

/// The path of a program, and whether its file is gone.
fn program(link: PathBuf) -> (Option<PathBuf>, bool) {
    match link.as_os_str().as_bytes().strip_suffix(DELETED) {
        Some(path) => (Some(std::ffi::OsString::from_vec(path.to_vec()).into()), true),
        None => (Some(link), false),
    }
}

/// The id of a container: the last run of 64 hexadecimal digits in the path of a control group, as Docker, containerd,
/// CRI-O and Podman write it.
fn container(cgroups: &[u8]) -> Option<String> {
    let mut runs = cgroups.split(|byte| !byte.is_ascii_hexdigit());
    let id = runs.rfind(|run| run.len() == 64)?;
    String::from_utf8(id.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::module::Machine;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn a_copy_of_proc_is_read() {
        let root = tempfile::tempdir().unwrap();
        let of = |pid: &str| root.path().join("proc").join(pid);
        for pid in ["12", "7", "self", "x1"] {
            fs::create_dir_all(of(pid)).unwrap();
        }
        fs::write(of("7").join("status"), "Name:\tcron job\nPPid:\t1\n").unwrap();
        symlink("/usr/sbin/cron (deleted)", of("7").join("exe")).unwrap();
        let id = "0123456789abcdef".repeat(4);
        fs::write(of("7").join("cgroup"), format!("0::/system.slice/docker-{id}.scope\n")).unwrap();
        let machine = Machine::image(root.path()).unwrap();
        let files = Files::of(&machine);
        assert_eq!(list(files).unwrap(), [7, 12]);
        let expected = Process {
            pid: 7,
            parent: 1,
            name: "cron job".to_owned(),
            executable: Some("/usr/sbin/cron".into()),
            is_deleted: true,
            container: Some(id),
        };
        assert_eq!(look(files, 7).unwrap(), expected);
        let gone = look(files, 12).unwrap_err().to_string();
        assert!(gone.starts_with("/proc/12/status: "), "{gone}");
    }

    #[test]
    fn the_running_machine_has_this_process() {
        let files = Files::of(&Machine::Running);
        let own = std::process::id();
        assert!(list(files).unwrap().contains(&own));
        let process = look(files, own).unwrap();
        assert_eq!(process.executable, std::env::current_exe().ok());
        assert!(!process.is_deleted);
    }

    #[test]
    fn only_runs_of_64_hexadecimal_digits_name_a_container() {
        assert_eq!(container(b"0::/user.slice/user-1000.slice\n"), None);
        assert_eq!(container(format!("0::/{}\n", "a".repeat(65)).as_bytes()), None);
    }
}
