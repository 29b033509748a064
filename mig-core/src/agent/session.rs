//! The session of a real run: time, results, soft errors.

use crate::module::{Machine, Session, Stop};
use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// What a run may use.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Longest time of the run.
    pub time: Duration,
    /// Most results.
    pub results: u64,
    /// Most soft errors that are kept; further ones are counted.
    pub soft_errors: usize,
    /// Most threads.
    pub threads: NonZeroUsize,
}

impl Default for Budget {
    /// Five minutes, a million results, 10,000 soft errors, half of the processors.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            time: Duration::from_secs(300),
            results: 1_000_000,
            soft_errors: 10_000,
            threads: NonZeroUsize::new(processors / 2).unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// Ends runs from outside. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct CancelHandle(Arc<AtomicBool>);

impl CancelHandle {
    /// Ends each run at its next checkpoint, also those that have not begun.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One run and its budget.
#[derive(Debug)]
pub struct RunSession {
    budget: Budget,
    machine: Machine,
    cancelled: CancelHandle,
    began: Instant,
    started: SystemTime,
    results: AtomicU64,
    errors: Mutex<Vec<String>>,
    dropped_errors: AtomicU64,
}

impl RunSession {
    /// A run that begins now.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            machine: Machine::Running,
            cancelled: CancelHandle::default(),
            began: Instant::now(),
            started: SystemTime::now(),
            results: AtomicU64::new(0),
            errors: Mutex::default(),
            dropped_errors: AtomicU64::new(0),
        }
    }

    /// Looks at this machine instead of the running one.
    #[must_use]
    pub fn on(self, machine: Machine) -> Self {
        Self { machine, ..self }
    }

    /// Ends when this handle is cancelled, so that one ends several runs. It takes the place of the handle that the run had.
    #[must_use]
    pub fn cancelled_by(self, handle: &CancelHandle) -> Self {
        Self { cancelled: handle.clone(), ..self }
    }

    /// What ends the run from outside.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancelled.clone()
    }

    /// The soft errors, in the order in which they were reported; the last says how many were left out.
    #[must_use]
    pub fn into_errors(self) -> Vec<String> {
        let mut errors = self.errors.into_inner().unwrap_or_else(PoisonError::into_inner);
        let dropped = self.dropped_errors.into_inner();
        if dropped > 0 {
            errors.push(format!(
                "{dropped} errors were not returned (max errors = {})",
                self.budget.soft_errors
            ));
        }
        errors
    }
}

impl Session for RunSession {
    fn checkpoint(&self) -> Result<(), Stop> {
        if self.cancelled.0.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        if self.began.elapsed() > self.budget.time {
            return Err(Stop::Deadline);
        }
        Ok(())
    }

    fn count(&self, results: u64) -> Result<(), Stop> {
        let before = self.results.fetch_add(results, Ordering::Relaxed);
        if before.saturating_add(results) > self.budget.results {
            return Err(Stop::ResultLimit);
        }
        Ok(())
    }

    fn soft_error(&self, error: String) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.len() < self.budget.soft_errors {
            errors.push(error);
        } else {
            self.dropped_errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn threads(&self) -> NonZeroUsize {
        self.budget.threads
    }

    fn started(&self) -> SystemTime {
        self.started
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_handle_ends_all_runs_that_it_was_given_to() {
        let handle = CancelHandle::default();
        let session = || RunSession::new(Budget::default()).cancelled_by(&handle);
        let (first, second, other) = (session(), session(), RunSession::new(Budget::default()));
        assert_eq!(first.checkpoint(), Ok(()));
        first.cancel_handle().cancel();
        assert_eq!([first, second, session()].map(|session| session.checkpoint()), [Err(Stop::Cancelled); 3]);
        assert_eq!(other.checkpoint(), Ok(()));
    }
}
