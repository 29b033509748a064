//! One process: first its name, then its libraries, then in one walk its memory.

use super::{
    plan::{Plan, PlannedSearch, Test},
    process::{Name, libraries},
    scan::Scan,
    scope::Progress,
    walk::{Break, Walk},
};
use crate::sys::{MappedFile, Memory, MemoryError, Pid, Process, Region, System, SystemError};
use mig_core::module::{Session, Stop};
use std::{collections::BTreeSet, io, time::Instant};

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
    /// For each search, whether it is about this process.
    asked: Vec<bool>,
    /// For each search, whether each of its checks holds.
    found: Vec<Vec<bool>>,
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
        let asked: Vec<bool> =
            searches.iter().map(|search| !is_own || search.echo.options.include_self).collect();
        if !asked.contains(&true) {
            return Outcome::Skipped;
        }
        let opened = self.open(pid).and_then(|memory| Ok((memory, self.process(pid)?)));
        let (memory, process) = match opened {
            Ok(opened) => opened,
            Err(outcome) => return outcome,
        };
        let mut examined = Examined::new(process, searches, asked);
        self.look(&mut examined, memory);
        Outcome::Examined(Box::new(examined))
    }

    /// The memory of a process; `None` if it has none, or is that of an image.
    fn open(&self, pid: Pid) -> Result<Option<Box<dyn Memory>>, Outcome> {
        match self.system.memory(pid) {
            Ok(memory) => Ok(Some(memory)),
            Err(MemoryError::None | MemoryError::System(SystemError::NotRunning { .. })) => Ok(None),
            Err(MemoryError::Ended) => Err(Outcome::Ended),
            Err(MemoryError::Denied) => {
                Err(Outcome::Refused(format!("Permission denied to access memory of process {pid}")))
            }
            Err(MemoryError::System(error)) => Err(Outcome::Refused(error.to_string())),
        }
    }

    fn process(&self, pid: Pid) -> Result<Process, Outcome> {
        self.system.process(pid).map_err(|error| match error {
            SystemError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => Outcome::Ended,
            error => Outcome::Refused(error.to_string()),
        })
    }

    fn look(&self, examined: &mut Examined, memory: Option<Box<dyn Memory>>) {
        let searches = &self.plan.searches;
        let mut is_on = examined.asked.clone();
        examined.check_names(searches, &mut is_on);
        let mut regions = None;
        if has_check(searches, &is_on, |test| matches!(test, Test::Library(_))) {
            let regions = regions.insert(self.regions(examined));
            examined.libraries = libraries(&examined.process, regions);
            examined.check_libraries(searches, &mut is_on);
        }
        if let Some(mut memory) = memory
            && has_check(searches, &is_on, |test| matches!(test, Test::Memory { .. }))
        {
            let regions = regions.unwrap_or_else(|| self.regions(examined));
            self.search_memory(examined, &is_on, memory.as_mut(), &regions);
        }
    }

    /// The map; empty if it can not be read, which is a failure.
    fn regions(&self, examined: &mut Examined) -> Vec<Region> {
        self.system.regions(examined.process.pid).unwrap_or_else(|error| {
            examined.failures.push(error.to_string());
            Vec::new()
        })
    }

    /// Looks for what the searches that are on ask of memory, in one walk.
    fn search_memory(
        &self,
        examined: &mut Examined,
        is_on: &[bool],
        memory: &mut dyn Memory,
        regions: &[Region],
    ) {
        let searches = &self.plan.searches;
        let mut progress: Vec<Progress<'_>> = self.plan.scopes.iter().map(Progress::new).collect();
        for wanted in in_memory(searches, is_on) {
            progress[wanted.scope].want(wanted.expression);
        }
        let mut on = searches.iter().zip(is_on).filter(|(_, is_on)| **is_on);
        let log_failures = on.any(|(search, _)| search.echo.options.log_failures);
        let end = self.walk(examined, &mut progress, log_failures, memory, regions);
        match end {
            Ok(()) | Err(Break::Unwanted) => {}
            Err(Break::Stopped(stop)) => examined.stopped = Some(stop),
            Err(Break::Ended) => {
                let pid = examined.process.pid;
                examined.failures.push(format!("Process {pid} ended before all of its memory was read"));
            }
        }
        for InMemory { search, check, scope, expression } in in_memory(searches, is_on) {
            examined.found[search][check] = progress[scope].is_found(expression);
        }
    }

    fn walk(
        &self,
        examined: &mut Examined,
        progress: &mut [Progress<'_>],
        log_failures: bool,
        memory: &mut dyn Memory,
        regions: &[Region],
    ) -> Result<(), Break> {
        let open = || progress.iter().filter(|progress| progress.is_open()).map(|progress| progress.scope);
        let from = open().map(|scope| scope.window.from).min().unwrap_or(0);
        let overlap = open().map(|scope| scope.matcher.overlap()).max().unwrap_or(0);
        let mut scan = Scan {
            pid: examined.process.pid,
            checkpoint: &|| self.session.checkpoint(),
            begin: Instant::now(),
            progress,
            log_failures,
            failures: &mut examined.failures,
            read_failures: &mut examined.read_failures,
        };
        let mut walk = Walk::new(memory, overlap, &mut scan);
        let end = walk.run(regions, from);
        examined.bytes_read = walk.bytes_read();
        end
    }
}

/// Whether a search that is on has such a check.
fn has_check(searches: &[PlannedSearch], is_on: &[bool], is_such: impl Fn(&Test) -> bool) -> bool {
    let mut on = searches.iter().zip(is_on).filter(|(_, is_on)| **is_on);
    on.any(|(search, _)| search.checks.iter().any(|check| is_such(&check.test)))
}

/// A check that looks into memory: its place among searches and checks, and what it looks for.
struct InMemory {
    search: usize,
    check: usize,
    scope: usize,
    expression: usize,
}

/// The checks of searches that are on which look into memory.
fn in_memory<'a>(searches: &'a [PlannedSearch], is_on: &'a [bool]) -> impl Iterator<Item = InMemory> + 'a {
    let on = searches.iter().enumerate().filter(|(search, _)| is_on[*search]);
    on.flat_map(|(search, planned)| {
        planned.checks.iter().enumerate().filter_map(move |(check, planned)| match planned.test {
            Test::Memory { scope, expression } => Some(InMemory { search, check, scope, expression }),
            Test::Name(_) | Test::Library(_) => None,
        })
    })
}

impl Examined {
    fn new(process: Process, searches: &[PlannedSearch], asked: Vec<bool>) -> Self {
        Self {
            name: Name::of_process(&process),
            process,
            libraries: BTreeSet::new(),
            asked,
            found: searches.iter().map(|search| vec![false; search.checks.len()]).collect(),
            bytes_read: 0,
            failures: Vec::new(),
            read_failures: 0,
            stopped: None,
        }
    }

    /// Whether a check of a search holds.
    pub(super) fn holds(&self, search: usize, check: usize) -> bool {
        self.found[search][check]
    }

    /// Whether all checks of a search hold.
    pub(super) fn holds_all(&self, search: usize) -> bool {
        self.asked[search] && self.found[search].iter().all(|found| *found)
    }

    /// How many elements of a result this process gives.
    pub(super) fn hits(&self, searches: &[PlannedSearch]) -> u64 {
        let hits = searches.iter().enumerate().map(|(place, search)| {
            if search.echo.options.match_all {
                u64::from(self.holds_all(place))
            } else {
                self.found[place].iter().filter(|found| **found).count() as u64
            }
        });
        hits.sum()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::params::Params;
    use mig_core::{json, testing::TestSession};

    /// Process 1 is denied, 2 ends before it is looked at, 3 has no memory, and the map of 4 can not be read.
    #[derive(Debug)]
    struct Fake;

    #[derive(Debug)]
    struct NoMemory;

    impl Memory for NoMemory {
        fn read(&mut self, _address: u64, _buffer: &mut [u8]) -> Result<usize, crate::sys::ReadError> {
            Err(crate::sys::ReadError::Ended)
        }
    }

    impl System for Fake {
        fn process(&self, pid: Pid) -> Result<Process, SystemError> {
            Ok(Process { pid, name: format!("name{pid}"), ..Process::default() })
        }

        fn memory(&self, pid: Pid) -> Result<Box<dyn Memory>, MemoryError> {
            match pid {
                1 => Err(MemoryError::Denied),
                2 => Err(MemoryError::Ended),
                3 => Err(MemoryError::None),
                _ => Ok(Box::new(NoMemory)),
            }
        }
    }

    fn examine(pid: Pid, search: &str) -> Outcome {
        let text = format!(r#"{{"searches":{{"s1":{search}}}}}"#);
        let plan = Plan::new(Params::parse(&json::from_str(&text).unwrap()).unwrap()).unwrap();
        let session = TestSession::new();
        Examiner { plan: &plan, system: &Fake, session: &session, own: &[9] }.examine(pid)
    }

    const ALL: &str = r#"{"names":["^.name[0-9].$"],"contents":["x"]}"#;

    #[test]
    fn a_process_that_can_not_be_seen_is_told_from_one_that_ended() {
        let Outcome::Refused(failure) = examine(1, ALL) else { panic!() };
        assert_eq!(failure, "Permission denied to access memory of process 1");
        assert!(matches!(examine(2, ALL), Outcome::Ended));
    }

    #[test]
    fn a_process_without_memory_is_found_by_its_name() {
        let Outcome::Examined(examined) = examine(3, ALL) else { panic!() };
        assert!(examined.holds(0, 0) && !examined.holds(0, 1) && examined.failures.is_empty());
    }

    #[test]
    fn a_map_that_can_not_be_read_is_a_failure() {
        let Outcome::Examined(examined) = examine(4, ALL) else { panic!() };
        assert_eq!(examined.failures.len(), 1, "{examined:?}");
        let only_names = r#"{"names":["^.name4.$"],"options":{"matchall":true}}"#;
        let Outcome::Examined(examined) = examine(4, only_names) else { panic!() };
        assert!(examined.holds_all(0) && examined.failures.is_empty(), "no map is needed");
    }

    #[test]
    fn a_search_without_filters_is_about_all_processes_but_the_own() {
        let every = r#"{"options":{"matchall":true}}"#;
        let Outcome::Examined(examined) = examine(4, every) else { panic!() };
        assert!(examined.holds_all(0));
        assert!(matches!(examine(9, every), Outcome::Skipped));
        assert!(matches!(
            examine(9, r#"{"options":{"matchall":true,"includeself":true}}"#),
            Outcome::Examined(_)
        ));
    }
}
