//! Directories and files as the walk needs them: relative to an open directory, links never followed by accident.

#[cfg(any(not(unix), test))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use portable::{Directory, ListBuffer};
#[cfg(unix)]
pub(super) use unix::{Directory, ListBuffer};

/// More entries than this in one batch suggest that the directory holds further ones.
#[cfg(unix)]
const FULL_BATCH: usize = 256;

/// What listing a part of a directory came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// There are no further entries.
    All,
    /// A large directory: call again for the next entries.
    Part,
}
