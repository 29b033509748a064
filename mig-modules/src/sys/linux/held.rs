//! Holding processes by pidfd_open(2), and their programs by `/proc/<pid>/exe`.

use crate::sys::{HeldProcess, Pid, Program, SystemError, trust::distrust};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, openat, statat, unlinkat},
    io::Errno,
    process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

/// What the kernel appends to the path of a program whose file is gone.
const DELETED: &str = " (deleted)";

/// Gets hold of a process of this machine.
pub(super) fn hold(pid: Pid) -> Result<Box<dyn HeldProcess>, SystemError> {
    let path = PathBuf::from(format!("/proc/{pid}"));
    let number = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let handle = number.ok_or(Errno::SRCH).and_then(|number| pidfd_open(number, PidfdFlags::empty()));
    match handle {
        Ok(handle) => Ok(Box::new(Held { handle, path })),
        Err(error) => Err(SystemError::reading(path)(error.into())),
    }
}

#[derive(Debug)]
struct Held {
    /// Means this process, as long as it is open.
    handle: OwnedFd,
    /// Means this process only as long as it lives.
    path: PathBuf,
}

impl Held {
    fn failed(&self, error: impl Into<io::Error>) -> SystemError {
        SystemError::reading(&self.path)(error.into())
    }

    /// An ended process makes its handle readable.
    fn check_alive(&self) -> Result<(), SystemError> {
        let mut handles = [PollFd::new(&self.handle, PollFlags::IN)];
        match poll(&mut handles, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.failed(Errno::SRCH)),
            Err(error) => Err(self.failed(error)),
        }
    }
}

impl HeldProcess for Held {
    fn program(&self) -> Result<Program, SystemError> {
        let link = self.path.join("exe");
        let path = fs::read_link(&link).map_err(SystemError::reading(&link))?;
        let file = File::open(&link).map_err(SystemError::reading(&link))?;
        // It lived all the time, so the number was its own when the link was followed.
        self.check_alive()?;
        let stat = fstat(&file).map_err(|error| SystemError::reading(&link)(error.into()))?;
        let (path, is_deleted) = match path.to_str().and_then(|path| path.strip_suffix(DELETED)) {
            Some(path) => (path.into(), true),
            None => (path, false),
        };
        let distrust = distrust("it", stat.st_uid, stat.st_mode);
        Ok(Program { file, path, is_deleted, identity: identity(&stat), distrust })
    }

    fn command(&self, program: &Program) -> Command {
        // The new process still has the descriptor when it looks the path up; the program does not get it.
        let mut command = Command::new(format!("/proc/self/fd/{}", program.file.as_raw_fd()));
        command.arg0(&program.path);
        command
    }

    fn remove(&self, program: &Program) -> Result<(), SystemError> {
        let path = &program.path;
        let failed = |error: io::Error| SystemError::reading(path)(error);
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(failed(Errno::ISDIR.into()));
        };
        let directory = open_directory(directory).map_err(failed)?;
        let stat =
            statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| failed(error.into()))?;
        if identity(&stat) != program.identity {
            return Err(failed(io::Error::other("another file is there now")));
        }
        unlinkat(&directory, name, AtFlags::empty()).map_err(|error| failed(error.into()))
    }

    fn kill(&self) -> Result<(), SystemError> {
        pidfd_send_signal(self.handle.as_fd(), Signal::KILL).map_err(|error| self.failed(error))
    }
}

/// Opens a directory in which nobody else can put another file in the place of one.
fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let directory = openat(CWD, path, OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY, Mode::empty())?;
    let stat = fstat(&directory)?;
    match distrust("its directory", stat.st_uid, stat.st_mode) {
        None => Ok(directory),
        Some(reason) => Err(io::Error::new(io::ErrorKind::PermissionDenied, reason)),
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Stdio};

    fn child() -> Child {
        Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap()
    }

    #[test]
    fn a_process_is_held_with_its_program_and_killed() {
        let mut child = child();
        let held = hold(child.id()).unwrap();
        // Until exec(2) it is still a copy of this program.
        let program = loop {
            let program = held.program().unwrap();
            if program.path.ends_with("sleep") || program.path.ends_with("coreutils") {
                break program;
            }
            std::thread::yield_now();
        };
        assert_eq!((program.is_deleted, &program.distrust), (false, &None));
        let version = held.command(&program).arg("--version").output().unwrap();
        assert!(mig_core::json::lossy(&version.stdout).contains("sleep"), "{version:?}");
        held.kill().unwrap();
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn nothing_is_done_to_whoever_gets_the_number_later() {
        let mut child = child();
        let held = hold(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(held.program().is_err());
        assert!(held.kill().unwrap_err().to_string().contains("No such process"));
        assert!(hold(child.id()).is_err());
    }

    #[test]
    fn numbers_that_no_process_has_are_not_held() {
        for pid in [0, 1 << 22, u32::MAX] {
            let error = hold(pid).unwrap_err().to_string();
            assert!(error.starts_with(&format!("/proc/{pid}: ")), "{error}");
        }
    }
}
