//! What a run has found so far, kept within bounds.

use super::{
    holders::Holders,
    params::{Params, Query},
    result::{Elements, Entry},
    tables::Tables,
};
use mig_core::{
    limits,
    module::{Session, Stop},
};

/// Room for elements in a result, in bytes of JSON.
const MAX_ELEMENTS_BYTES: usize = limits::MAX_RESULT_BYTES / 8 * 7;
/// More than what an entry takes beside its path, program and container.
const ENTRY_BYTES: usize = 400;

/// Something found, and the socket it is.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) entry: Entry,
    /// By which processes hold it; 0 if it is no socket, or nobody holds it.
    pub(super) inode: u64,
}

/// Hits for each query, and what was looked at.
#[derive(Debug)]
pub(super) struct Answer<'r> {
    session: &'r dyn Session,
    queries: &'r [Query],
    pub(super) hits: Vec<Vec<Hit>>,
    pub(super) examined: usize,
    pub(super) total: usize,
    room: usize,
}

impl<'r> Answer<'r> {
    pub(super) fn new(params: &'r Params, session: &'r dyn Session) -> Self {
        let hits = params.queries.iter().map(|_| Vec::new()).collect();
        Self { session, queries: &params.queries, hits, examined: 0, total: 0, room: MAX_ELEMENTS_BYTES }
    }

    /// Adds a hit of the query at this place. Those for which a result has no room are counted only.
    pub(super) fn add(&mut self, query: usize, hit: Hit) -> Result<(), Stop> {
        self.session.count(1)?;
        self.total += 1;
        let size = ENTRY_BYTES + 6 * (hit.entry.path.len() + hit.entry.executable.len());
        self.room = self.room.saturating_sub(size);
        if self.room > 0 {
            self.hits.get_mut(query).map(|hits| hits.push(hit)).unwrap_or_default();
        }
        Ok(())
    }

    /// Reports what kept a query from seeing everything.
    pub(super) fn fail(&self, check: &str, failure: Option<&String>) {
        if let Some(failure) = failure {
            self.session.soft_error(format!("{check}: {failure}"));
        }
    }

    /// Says of each socket that was found which process holds it, if that is not said yet.
    pub(super) fn name_owners(&mut self, tables: &Tables<'_>) -> Result<(), Stop> {
        let unnamed = || |hit: &&mut Hit| hit.inode > 0 && hit.entry.pid == 0.0;
        let inodes = self.hits.iter_mut().flatten().filter(unnamed()).map(|hit| hit.inode).collect();
        let mut holders = Holders::find(&*tables.system, &inodes, tables.session)?;
        for hit in self.hits.iter_mut().flatten().filter(unnamed()) {
            if let Some(pid) = holders.of(hit.inode).first() {
                holders.describe(&mut hit.entry, *pid, hit.inode);
            }
        }
        Ok(())
    }

    /// The elements; says so if some did not fit.
    pub(super) fn into_elements(self) -> Elements {
        let kept: usize = self.hits.iter().map(Vec::len).sum();
        if kept < self.total {
            self.session.soft_error(format!("only {kept} of {} matches fit in the result", self.total));
        }
        let mut elements = Elements::new();
        for (query, hits) in self.queries.iter().zip(self.hits) {
            let entries: Vec<Entry> = hits.into_iter().map(|hit| hit.entry).collect();
            let of_check = elements.entry(query.check.field().to_owned()).or_default();
            of_check
                .get_or_insert_default()
                .insert(query.text.clone(), Some(entries).filter(|entries| !entries.is_empty()));
        }
        elements
    }
}
