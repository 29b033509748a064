//! A session for tests: counts what is asked of it.

use mig_core::module::{Machine, Session, Stop};
use std::{
    num::NonZeroUsize,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// Two threads and no limits, until it is cancelled.
#[derive(Debug)]
pub(crate) struct TestSession {
    pub(crate) cancelled: AtomicBool,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) results: AtomicU64,
    pub(crate) errors: Mutex<Vec<String>>,
    started: SystemTime,
    machine: Machine,
}

impl TestSession {
    pub(crate) fn new() -> Self {
        Self::on(Machine::Running)
    }

    pub(crate) fn on(machine: Machine) -> Self {
        Self {
            cancelled: AtomicBool::new(false),
            checkpoints: AtomicU64::new(0),
            results: AtomicU64::new(0),
            errors: Mutex::default(),
            started: SystemTime::now(),
            machine,
        }
    }
}

impl Session for TestSession {
    fn checkpoint(&self) -> Result<(), Stop> {
        self.checkpoints.fetch_add(1, Ordering::Relaxed);
        if self.cancelled.load(Ordering::Relaxed) { Err(Stop::Cancelled) } else { Ok(()) }
    }

    fn count(&self, results: u64) -> Result<(), Stop> {
        self.results.fetch_add(results, Ordering::Relaxed);
        Ok(())
    }

    fn soft_error(&self, error: String) {
        self.errors.lock().expect("no panic elsewhere").push(error);
    }

    fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::new(2).expect("not zero")
    }

    fn started(&self) -> SystemTime {
        self.started
    }

    fn machine(&self) -> &Machine {
        &self.machine
    }
}
