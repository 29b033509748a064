//! The memory of a process: its map, and reading it.

use crate::sys::SystemError;
use std::{fmt::Debug, io, ops::Range, path::PathBuf};

/// A range of addresses of a process that is mapped in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The addresses; never empty.
    pub range: Range<u64>,
    /// Whether the process itself may read it.
    pub is_readable: bool,
    /// Whether it belongs to this process alone and no file lies behind it: pages that were never used are zeros.
    pub is_anonymous: bool,
    /// The file that is mapped here.
    pub file: Option<MappedFile>,
}

/// A file in the memory of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MappedFile {
    /// As the process sees it.
    pub path: PathBuf,
    /// Whether it was deleted or replaced since.
    pub is_deleted: bool,
}

/// The open memory of one process. Once open, it stays that of this process, even if another one gets its number.
pub trait Memory: Debug + Send {
    /// Reads from an address on. Fewer bytes than the buffer holds, but at least one, may be read.
    ///
    /// # Errors
    /// [`ReadError::Ended`] if the process has ended, else [`ReadError::Unreadable`] if there is nothing to read at `address`.
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> Result<usize, ReadError>;

    /// What the begin of an anonymous range looks like. The length is more than nothing, and at most that of the range.
    fn extent(&mut self, range: &Range<u64>) -> Extent {
        Extent::Used(range.end - range.start)
    }

    /// The smallest number of bytes that can be read or not, a power of two.
    fn page_bytes(&self) -> u64 {
        4096
    }
}

/// What the begin of an anonymous range looks like, and how many bytes of it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// It has to be read.
    Used(u64),
    /// It was never used: zeros, which take no memory as long as nobody reads them.
    Unused(u64),
}

/// Why memory was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The process has ended, or runs another program now.
    #[error("the process has ended")]
    Ended,
    /// Nothing can be read there.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
}

/// Why memory was not opened.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The system says no.
    #[error("permission denied")]
    Denied,
    /// There is no such process any more.
    #[error("the process has ended")]
    Ended,
    /// It has no memory of its own: a kernel thread, or a process that has ended and waits for its parent.
    #[error("the process has no memory")]
    None,
    /// It can not be read here at all, or reading failed.
    #[error(transparent)]
    System(#[from] SystemError),
}
