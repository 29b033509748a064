//! What differs between operating systems, behind one safe trait, and the files of a machine.
//!
//! A module asks [`of`] for the [`System`] of the machine that its session looks at. What a system can not tell is a
//! [`SystemError`], never an empty answer.

mod files;
mod held;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod process;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
mod windows;

#[cfg(any(target_os = "linux", target_os = "android"))]
use self::linux as platform;
#[cfg(target_os = "macos")]
use self::macos as platform;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
use self::windows as platform;

pub use self::{
    files::{Files, MAX_LINKS},
    held::{HeldProcess, Program},
    process::{Pid, Process},
};

use mig_core::module::Machine;
use std::{fmt::Debug, io, path::PathBuf};

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
