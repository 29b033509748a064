//! One process: first its name, then its libraries, then in one walk its memory.

use super::{
    matcher::Checkpoint,
    plan::{Plan, PlannedSearch, Test},
    process::{Name, libraries},
    scope::Progress,
    walk::{Break, Piece, Unread, Visitor, Walk, Wanted},
};
use crate::sys::{MappedFile, Memory, MemoryError, Pid, Process, Region, System, SystemError};
use mig_core::module::{Session, Stop};
use std::{collections::BTreeSet, io, ops::Range, time::Instant};

/// Failures that are kept of one process.
const MAX_FAILURES: usize = 1000;

/// What processes are asked, and through what.
#[derive(Debug)]
pub(super) struct Examiner<'a> {
    pub(super) plan: &'a Plan,
    pub(super) system: &'a dyn System,
    pub(super) session: &'a dyn Session,
    /// The searching process, and the agent that started it.
    pub(super) own: &'a [Pid],
}

/// What came of a process.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was looked at.
    Examined(Box<Examined>),
    /// It may not be looked at, for this reason.
    Refused(String),
    /// It ended before.
    Ended,
    /// No search is about it.
    Skipped,
}

/// A process that was looked at.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) process: Process,
    pub(super) name: Name,
    /// Known if a search is about libraries.
    pub(super) libraries: BTreeSet<MappedFile>,
    /// For each search, whether each of its checks holds.
    pub(super) found: Vec<Vec<bool>>,
    pub(super) bytes_read: u64,
    pub(super) failures: Vec<String>,
    /// Ranges that could not be read and are not among the failures.
    pub(super) read_failures: u64,
    pub(super) stopped: Option<Stop>,
}

impl Examiner<'_> {
    pub(super) fn examine(&self, pid: Pid) -> Outcome {
        let is_own = self.own.contains(&pid);
        let searches = &self.plan.searches;
        let is_on: Vec<bool> =
            searches.iter().map(|search| !is_own || search.echo.options.include_self).collect();
        if is_own && !is_on.contains(&true) {
            return Outcome::Skipped;
        }
        let memory = match self.system.memory(pid) {
            Ok(memory) => Some(memory),
            Err(MemoryError::None | MemoryError::System(SystemError::NotRunning { .. })) => None,
            Err(MemoryError::Ended) => return Outcome::Ended,
            Err(MemoryError::Denied) => {
                return Outcome::Refused(format!("Permission denied to access memory of process {pid}"));
            }
            Err(MemoryError::System(error)) => return Outcome::Refused(error.to_string()),
        };
        let process = match self.system.process(pid) {
            Ok(process) => process,
            Err(SystemError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Outcome::Ended;
            }
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let mut examined = Examined::new(process, searches);
        self.look(&mut examined, is_on, memory);
        Outcome::Examined(Box::new(examined))
    }

    fn look(&self, examined: &mut Examined, mut is_on: Vec<bool>, memory: Option<Box<dyn Memory>>) {
        examined.check_names(&self.plan.searches, &mut is_on);
        let mut regions = None;
        if self.has(&is_on, |test| matches!(test, Test::Library(_))) {
            let regions = regions.insert(self.regions(examined));
            examined.libraries = libraries(&examined.process, regions);
            examined.check_libraries(&self.plan.searches, &mut is_on);
        }
        if let Some(mut memory) = memory
            && self.has(&is_on, |test| matches!(test, Test::Memory { .. }))
        {
            let regions = regions.unwrap_or_else(|| self.regions(examined));
            self.search_memory(examined, &is_on, memory.as_mut(), &regions);
        }
    }

    /// Whether a search that is on has such a check.
    fn has(&self, is_on: &[bool], is_such: impl Fn(&Test) -> bool) -> bool {
        let mut searches = self.plan.searches.iter().zip(is_on).filter(|(_, is_on)| **is_on);
        searches.any(|(search, _)| search.checks.iter().any(|check| is_such(&check.test)))
    }

    /// The map; empty if it can not be read, which is a failure.
    fn regions(&self, examined: &mut Examined) -> Vec<Region> {
        self.system.regions(examined.process.pid).unwrap_or_else(|error| {
            examined.failures.push(error.to_string());
            Vec::new()
        })
    }

    fn search_memory(
        &self,
        examined: &mut Examined,
        is_on: &[bool],
        memory: &mut dyn Memory,
        regions: &[Region],
    ) {
        let searches = || self.plan.searches.iter().zip(is_on).enumerate().filter(|(_, (_, is_on))| **is_on);
        let mut progress: Vec<Progress<'_>> = self.plan.scopes.iter().map(Progress::new).collect();
        for (_, (search, _)) in searches() {
            for check in &search.checks {
                if let Test::Memory { scope, expression } = check.test {
                    progress[scope].want(expression);
                }
            }
        }
        let open = || progress.iter().filter(|progress| progress.is_open()).map(|progress| progress.scope);
        let from = open().map(|scope| scope.window.from).min().unwrap_or(0);
        let overlap = open().map(|scope| scope.matcher.overlap()).max().unwrap_or(0);
        let log_failures = searches().any(|(_, (search, _))| search.echo.options.log_failures);
        let checkpoint = || self.session.checkpoint();
        let mut scan = Scan {
            pid: examined.process.pid,
            checkpoint: &checkpoint,
            begin: Instant::now(),
            progress: &mut progress,
            log_failures,
            failures: &mut examined.failures,
            read_failures: &mut examined.read_failures,
        };
        let mut walk = Walk::new(memory, overlap, &mut scan);
        let end = walk.run(regions, from);
        examined.bytes_read = walk.bytes_read();
        match end {
            Ok(()) | Err(Break::Unwanted) => {}
            Err(Break::Stopped(stop)) => examined.stopped = Some(stop),
            Err(Break::Ended) => {
                let pid = examined.process.pid;
                examined.failures.push(format!("Process {pid} ended before all of its memory was read"));
            }
        }
        for (place, (search, _)) in searches() {
            for (found, check) in examined.found[place].iter_mut().zip(&search.checks) {
                if let Test::Memory { scope, expression } = check.test {
                    *found = progress[scope].is_found(expression);
                }
            }
        }
    }
}

impl Examined {
    fn new(process: Process, searches: &[PlannedSearch]) -> Self {
        Self {
            name: Name::of_process(&process),
            process,
            libraries: BTreeSet::new(),
            found: searches.iter().map(|search| vec![false; search.checks.len()]).collect(),
            bytes_read: 0,
            failures: Vec::new(),
            read_failures: 0,
            stopped: None,
        }
    }

    fn check_names(&mut self, searches: &[PlannedSearch], is_on: &mut [bool]) {
        let name = self.name.clone();
        self.check(searches, is_on, |test| match test {
            Test::Name(pattern) => Some(name.is_match(pattern)),
            _ => None,
        });
    }

    fn check_libraries(&mut self, searches: &[PlannedSearch], is_on: &mut [bool]) {
        let names: Vec<Name> = self.libraries.iter().map(Name::of_file).collect();
        self.check(searches, is_on, |test| match test {
            Test::Library(pattern) => Some(names.iter().any(|name| name.is_match(pattern))),
            _ => None,
        });
    }

    /// Notes what `holds` knows of checks. A search that needs all of them is off when one does not hold.
    fn check(
        &mut self,
        searches: &[PlannedSearch],
        is_on: &mut [bool],
        holds: impl Fn(&Test) -> Option<bool>,
    ) {
        for ((search, is_on), found) in searches.iter().zip(is_on).zip(&mut self.found) {
            if !*is_on {
                continue;
            }
            for (check, found) in search.checks.iter().zip(found) {
                if let Some(holds) = holds(&check.test) {
                    *found = holds;
                    *is_on &= holds || !search.echo.options.match_all;
                }
            }
        }
    }
}

/// What a walk over one process is for.
struct Scan<'a, 's> {
    pid: Pid,
    checkpoint: Checkpoint<'a>,
    begin: Instant,
    progress: &'a mut [Progress<'s>],
    log_failures: bool,
    failures: &'a mut Vec<String>,
    read_failures: &'a mut u64,
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
