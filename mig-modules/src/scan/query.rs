//! What a scan is asked: typed, parsed, ready to run.

use crate::{
    dialect::Pattern,
    scan::{hash::Digest, metadata::Metadata},
};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// One question about files. Queries that run together share the walk and every read.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Files and directories to look into.
    pub paths: Vec<PathBuf>,
    /// Levels of directories below a path; 1 is the files right in it, 0 nothing; `None` has no limit.
    pub max_depth: Option<u64>,
    /// Enter remote and pseudo file systems that are mounted below a path.
    pub foreign_file_systems: bool,
    /// What makes a hit.
    pub combine: Combine,
    /// What is asked of a file. A query without filters finds nothing.
    pub filters: Vec<Filter>,
    /// Contents ask for all lines of a file, not for one: see [`Test::Content`].
    pub every_line: bool,
    /// Look into gzip data for contents and digests.
    pub decompress: bool,
    /// Most hits; the first in the order of paths are kept. `None` has no limit.
    pub limit: Option<usize>,
    /// Compute the SHA-256 of each file found; with [`Combine::All`] only.
    pub return_sha256: bool,
}

/// What makes a hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combine {
    /// A file for which all filters hold.
    All,
    /// Each pair of a filter and a file for which it holds.
    #[default]
    Any,
}

/// A test, and in which sense it is asked.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What is tested.
    pub test: Test,
    /// Holds if the test does not. Of a content with [`Query::every_line`]: no line may match.
    pub negated: bool,
    /// Inverts what came out, after `negated`; with [`Query::every_line`] of all contents together.
    pub mismatch: bool,
}

impl Filter {
    /// Whether the filter holds, given what its test says.
    pub(super) fn holds(&self, tested: bool) -> bool {
        tested ^ self.negated ^ self.mismatch
    }
}

/// One property of a file.
#[derive(Clone, Debug)]
pub enum Test {
    /// The base name matches.
    Name(Arc<Pattern>),
    /// The mode, written like `-rw-r--r--`, matches.
    Mode(Arc<Pattern>),
    /// The size lies in a range.
    Size(SizeRange),
    /// The content was changed before or after some time.
    Modified(Age),
    /// A line of the content matches; with [`Query::every_line`] all lines do, and there is one.
    ///
    /// A line ends at LF; a CR right before it, or at the end of the file, does not belong to it.
    Content(Arc<Pattern>),
    /// The content has this digest.
    Digest(Digest),
}

/// A range of sizes in bytes, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRange {
    /// The least size.
    pub min: u64,
    /// The greatest size.
    pub max: u64,
}

impl SizeRange {
    pub(super) fn contains(self, metadata: &Metadata) -> bool {
        (self.min..=self.max).contains(&metadata.size)
    }
}

/// A time of change relative to the begin of the scan, the bound itself excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Less than this ago, or in the future.
    Younger(Duration),
    /// More than this ago.
    Older(Duration),
}

impl Age {
    pub(super) fn contains(self, metadata: &Metadata, now: SystemTime) -> bool {
        // How long ago; nothing for the future.
        let age = now.duration_since(metadata.modified).ok();
        match self {
            Self::Younger(bound) => age.is_none_or(|age| age < bound),
            Self::Older(bound) => age.is_some_and(|age| age > bound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::metadata::Kind;

    #[test]
    fn ages_exclude_their_bound_and_the_future_is_young() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let day = Duration::from_secs(86_400);
        let at = |modified| Metadata { kind: Kind::File, size: 0, mode: 0, modified, device: 0 };
        for (modified, younger, older) in [
            (now + day, true, false),
            (now, true, false),
            (now - day, false, false),
            // Windows counts time in steps of 100 ns.
            (now - day - Duration::from_nanos(100), false, true),
            (now - day + Duration::from_nanos(100), true, false),
        ] {
            assert_eq!(Age::Younger(day).contains(&at(modified), now), younger, "{modified:?}");
            assert_eq!(Age::Older(day).contains(&at(modified), now), older, "{modified:?}");
        }
    }
}
