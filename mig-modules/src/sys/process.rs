//! What is known of a process.

use std::path::PathBuf;

/// The number of a process.
pub type Pid = u32;

/// A process at the time it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// The number of its parent, 0 if it has none.
    pub parent: Pid,
    /// The name the kernel gives it, at most 15 bytes on Linux.
    pub name: String,
    /// The path of its program, if it has one and we may see it.
    pub executable: Option<PathBuf>,
    /// Whether the file of its program was deleted or replaced since it began.
    pub is_deleted: bool,
    /// The id of the container it runs in, if it runs in one.
    pub container: Option<String>,
}
