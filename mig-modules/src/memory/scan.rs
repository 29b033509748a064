//! What is done with the pieces of a process: each open search looks at what of a piece lies in its window.

use super::{
    matcher::Checkpoint,
    scope::Progress,
    walk::{Piece, Unread, Visitor, Wanted},
};
use crate::sys::Pid;
use mig_core::module::Stop;
use std::{ops::Range, time::Instant};

/// Failures that are named of one process.
const MAX_FAILURES: usize = 1000;

/// What a walk over one process is for.
pub(super) struct Scan<'a, 's> {
    pub(super) pid: Pid,
    pub(super) checkpoint: Checkpoint<'a>,
    /// When the walk began.
    pub(super) begin: Instant,
    pub(super) progress: &'a mut [Progress<'s>],
    /// Name each range that is not read.
    pub(super) log_failures: bool,
    pub(super) failures: &'a mut Vec<String>,
    /// Ranges that could not be read and were not named.
    pub(super) read_failures: &'a mut u64,
}

impl Visitor for Scan<'_, '_> {
    fn piece(&mut self, piece: Piece<'_>) -> Result<Wanted, Stop> {
        (self.checkpoint)()?;
        for progress in self.progress.iter_mut().filter(|progress| progress.is_open()) {
            if progress.scope.window.time_limit.is_some_and(|limit| self.begin.elapsed() > limit) {
                progress.close();
                let pid = self.pid;
                self.failures
                    .push(format!("Time limit reached in process {pid} before all of its memory was read"));
            } else if let Some(view) = progress.view(piece) {
                progress.scope.matcher.search(view, &mut progress.open, self.checkpoint)?;
            }
        }
        let wants_more = self.progress.iter().any(Progress::is_open);
        Ok(if wants_more { Wanted::More } else { Wanted::Nothing })
    }

    fn unread(&mut self, range: Range<u64>, reason: Unread) {
        if self.log_failures && self.failures.len() < MAX_FAILURES {
            let Range { start, end } = range;
            self.failures.push(match reason {
                Unread::Protected => format!("Unreadable memory {start:x}-{end:x} of process {}", self.pid),
                Unread::Failed => format!("Reading memory {start:x}-{end:x} of process {} failed", self.pid),
            });
        } else if reason == Unread::Failed {
            *self.read_failures += 1;
        }
    }
}
