//! One run of a scan: what its threads share.

use crate::scan::{
    content::LineMatcher,
    first::FirstHits,
    ground::Ground,
    plan::Plan,
    report::{Problem, Report, Statistics},
    scope::Roots,
};
use mig_core::module::{Session, Stop};
use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// What the threads of a run share.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) plans: &'a [Plan],
    pub(super) matcher: &'a LineMatcher,
    pub(super) session: &'a dyn Session,
    /// The machine that is looked at.
    pub(super) ground: Ground<'a>,
    pub(super) roots: Roots,
    /// The hits of each query.
    pub(super) hits: Vec<FirstHits>,
    /// When the run began: ages count from here.
    pub(super) now: SystemTime,
    files: AtomicU64,
    open_failed: AtomicU64,
    problems: Mutex<Vec<Problem>>,
    stop: Mutex<Option<Stop>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(plans: &'a [Plan], matcher: &'a LineMatcher, session: &'a dyn Session) -> Self {
        let ground = Ground::of(session.machine());
        Self {
            plans,
            matcher,
            session,
            ground,
            roots: Roots::new(plans.iter().map(|plan| &plan.query), ground),
            hits: plans.iter().map(|plan| FirstHits::new(plan.query.limit)).collect(),
            now: session.started(),
            files: AtomicU64::new(0),
            open_failed: AtomicU64::new(0),
            problems: Mutex::default(),
            stop: Mutex::default(),
        }
    }

    pub(super) fn count_files(&self, files: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
    }

    pub(super) fn count_open_failed(&self) {
        self.open_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes something that could not be looked at.
    pub(super) fn problem(&self, path: &Path, text: String) {
        let problem = Problem { path: path.to_owned(), text };
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }

    /// Ends the run; the first reason counts.
    pub(super) fn stop(&self, why: Stop) {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn into_report(self) -> Report {
        let mut problems = self.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        problems.sort_by(|one, other| {
            crate::scan::paths::compare(&one.path, &other.path).then_with(|| one.text.cmp(&other.text))
        });
        problems.dedup();
        Report {
            hits: self.hits.into_iter().map(FirstHits::into_sorted).collect(),
            statistics: Statistics {
                files: self.files.into_inner(),
                open_failed: self.open_failed.into_inner(),
            },
            problems,
            stopped: self.stop.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }
}
