//! A session for tests of modules.

use crate::module::{Machine, Session, Stop};
use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// A [`Session`] that a test sets up, and asks afterwards.
#[derive(Debug)]
pub struct TestSession {
    threads: NonZeroUsize,
    started: SystemTime,
    /// The stop, and after how many checkpoints it comes.
    stop: Option<(u64, Stop)>,
    result_limit: u64,
    checkpoints: AtomicU64,
    results: AtomicU64,
    soft_errors: Mutex<Vec<String>>,
}

impl TestSession {
    /// A session with two threads that never stops.
    #[must_use]
    pub fn new() -> Self {
        Self {
            threads: NonZeroUsize::MIN.saturating_add(1),
            started: SystemTime::now(),
            stop: None,
            result_limit: u64::MAX,
            checkpoints: AtomicU64::new(0),
            results: AtomicU64::new(0),
            soft_errors: Mutex::default(),
        }
    }

    /// With as many threads; at least one.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// With this time as its beginning.
    #[must_use]
    pub fn started(mut self, started: SystemTime) -> Self {
        self.started = started;
        self
    }

    /// With this stop at every checkpoint after the first `checkpoints`.
    #[must_use]
    pub fn stop_after(mut self, checkpoints: u64, stop: Stop) -> Self {
        self.stop = Some((checkpoints, stop));
        self
    }

    /// With a budget of as many results.
    #[must_use]
    pub fn result_limit(mut self, results: u64) -> Self {
        self.result_limit = results;
        self
    }

    /// How many checkpoints there were.
    pub fn checkpoints(&self) -> u64 {
        self.checkpoints.load(Ordering::Relaxed)
    }

    /// How many results were counted.
    pub fn results(&self) -> u64 {
        self.results.load(Ordering::Relaxed)
    }

    /// What went wrong, in the order in which it was reported.
    pub fn soft_errors(&self) -> Vec<String> {
        self.soft_errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Default for TestSession {
    fn default() -> Self {
        Self::new()
    }
}

static RUNNING: Machine = Machine::Running;

impl Session for TestSession {
    fn checkpoint(&self) -> Result<(), Stop> {
        let before = self.checkpoints.fetch_add(1, Ordering::Relaxed);
        match self.stop {
            Some((checkpoints, stop)) if before >= checkpoints => Err(stop),
            _ => Ok(()),
        }
    }

    fn count(&self, results: u64) -> Result<(), Stop> {
        let before = self.results.fetch_add(results, Ordering::Relaxed);
        if before.saturating_add(results) > self.result_limit { Err(Stop::ResultLimit) } else { Ok(()) }
    }

    fn soft_error(&self, error: String) {
        self.soft_errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }

    fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    fn started(&self) -> SystemTime {
        self.started
    }

    fn machine(&self) -> &Machine {
        &RUNNING
    }
}
