//! Processes that are acted upon, and not only looked at.

use super::SystemError;
use std::{fmt::Debug, fs::File, path::PathBuf, process::Command};

/// A process that was got hold of: what is done is done to it, never to another one that got its number later.
pub trait HeldProcess: Debug {
    /// Opens its program.
    ///
    /// # Errors
    /// [`SystemError`], also if the process has ended.
    fn program(&self) -> Result<Program, SystemError>;

    /// A command that starts this very program, whatever its path leads to now.
    fn command(&self, program: &Program) -> Command;

    /// Removes the file of this program, and no other one that got its path later.
    ///
    /// # Errors
    /// [`SystemError`].
    fn remove(&self, program: &Program) -> Result<(), SystemError>;

    /// Ends it at once.
    ///
    /// # Errors
    /// [`SystemError`], also if it has ended.
    fn kill(&self) -> Result<(), SystemError>;
}

/// The program of a process, open.
#[derive(Debug)]
pub struct Program {
    /// What runs, whatever its path leads to now.
    pub file: File,
    /// Where it was when it was started.
    pub path: PathBuf,
    /// Whether it was deleted there.
    pub is_deleted: bool,
    /// Tells files from each other: the numbers of the device and of the file on it.
    pub identity: (u64, u64),
    /// Why others than the superuser and ourselves may have changed it, if they may.
    pub distrust: Option<String>,
}
