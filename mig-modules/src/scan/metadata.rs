//! What a directory entry is, as far as filters and results ask.

use std::time::SystemTime;

/// What a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file: the only kind whose content is ever read.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A FIFO, socket or device: never opened.
    Special,
}

/// Size, mode and time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: Kind,
    /// Length in bytes as the system reports it. Files of `/proc` say 0: never a bound for reading.
    pub size: u64,
    /// Type and permissions as in `st_mode`; made up from type and read-only flag where the system has no such thing.
    pub mode: u32,
    /// When the content changed last.
    pub modified: SystemTime,
    /// The device the file lies on; 0 where the system does not say.
    pub device: u64,
}

/// Whether a symbolic link stands for itself or for what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// The link itself; opening one fails.
    Keep,
    /// What it leads to, over all hops.
    Follow,
}
