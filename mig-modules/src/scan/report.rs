//! What a scan found, and what it could not look at.

use crate::scan::{hash::Digest, metadata::Metadata};
use mig_core::module::Stop;
use std::{path::PathBuf, sync::Arc};

/// The outcome of a scan.
#[derive(Debug, Default)]
pub struct Report {
    /// The hits of each query, in the order of the queries; each list in the order of paths.
    pub hits: Vec<Vec<Hit>>,
    /// What was examined.
    pub statistics: Statistics,
    /// What went wrong, in the order of paths. The scan went on.
    pub problems: Vec<Problem>,
    /// Why the scan ended before its end. What was found until then is here.
    pub stopped: Option<Stop>,
}

/// Counts of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Regular files that at least one query looked at.
    pub files: u64,
    /// Files, directories and links that could not be opened.
    pub open_failed: u64,
}

/// A file found, and by what.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The file; shared by all hits on it.
    pub file: Arc<Found>,
    /// The filter that holds, by its place in the query; `None` if all together are the hit.
    pub filter: Option<usize>,
}

/// A file found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where: the path of the query, cleaned, and the names below.
    pub path: PathBuf,
    /// What it was at the time of the match; `None` if it vanished too soon.
    pub metadata: Option<Metadata>,
    /// The SHA-256 of the content, if it was asked for and the content could be read.
    pub sha256: Option<Digest>,
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; decides the order.
    pub path: PathBuf,
    /// What was tried and why it failed.
    pub text: String,
}
