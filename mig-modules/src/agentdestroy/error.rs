//! Why an agent is not ended, in the words of the original where there are such.

use super::params::out_of_range;
use crate::{
    agent_program::AskError,
    sys::{Pid, SystemError},
};
use mig_core::module::Stop;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub(super) enum DestroyError {
    #[error(transparent)]
    Stopped(#[from] Stop),
    #[error("PID '{0}' is mine. Refusing to suicide.")]
    Mine(Pid),
    /// There is no such process, or we may not look at it.
    #[error("{}", path_not_found(*.pid, .source))]
    NoProgram { pid: Pid, source: SystemError },
    #[error("'{}' isn't a supported OS", std::env::consts::OS)]
    UnsupportedSystem,
    #[error("{0}")]
    NotRunning(SystemError),
    #[error("PID '{pid}' is not an agent: '{}' {reason}", program.display())]
    NotAnAgent { pid: Pid, program: PathBuf, reason: String },
    #[error("Failed to check agent version: '{0}'")]
    Version(AskError),
    #[error("Version mismatch. Expected '{expected}', found '{found}'")]
    OtherVersion { expected: String, found: String },
    #[error("Failed to remove executable '{}': '{source}'", program.display())]
    NotRemoved { program: PathBuf, source: SystemError },
    #[error("PID '{pid}' not killed. Returned error '{source}'")]
    NotKilled { pid: Pid, source: SystemError },
}

impl DestroyError {
    /// Looking at the process failed.
    pub(super) fn looking_at(pid: Pid) -> impl Fn(SystemError) -> Self {
        move |source| match source {
            SystemError::Unsupported { .. } => Self::UnsupportedSystem,
            SystemError::NotRunning { .. } => Self::NotRunning(source),
            source => Self::NoProgram { pid, source },
        }
    }
}

/// Numbers that the original does not take are out of range as long as nobody has them.
fn path_not_found(pid: Pid, source: &SystemError) -> String {
    if pid > u16::MAX.into() && source.is_missing() {
        out_of_range(pid.into())
    } else {
        format!("Executable path of PID '{pid}' not found: '{source}'")
    }
}
