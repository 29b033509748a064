//! Directories and files as the walk needs them: relative to an open directory, links never followed by accident.

#[cfg(any(not(unix), test))]
mod elsewhere;
#[cfg(any(not(unix), test))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use portable::{Directory, ListBuffer};
#[cfg(unix)]
pub(super) use unix::{Directory, ListBuffer};

/// What listing a part of a directory came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// There are no further entries.
    All,
    /// A large directory: call again for the next entries.
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        expect(dead_code, reason = "other systems give all entries at once")
    )]
    Part,
}
