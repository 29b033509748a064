//! A prepared run: looks at all processes, and puts the answer into the shape of the original.

use super::{
    examine::{Examined, Examiner, Outcome as Examination},
    params::Params,
    plan::{Plan, PlannedSearch},
    result::{Element, Elements, ProcessEntry, Statistics},
    wire::Search,
};
use crate::{
    sys::{self, Pid, System},
    text,
};
use mig_core::{
    json, limits,
    module::{Outcome, ParamsError, Run, Session, Stop},
};
use std::{
    mem, panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

/// Room for elements in a result, in bytes of JSON.
const MAX_ELEMENTS_BYTES: usize = limits::MAX_RESULT_BYTES / 8 * 7;

/// Failures that are returned.
const MAX_FAILURES: usize = 10_000;

/// Deleted libraries that are named for a process.
const MAX_DELETED_LIBRARIES: usize = 32;

/// Searches that are ready to run.
#[derive(Debug)]
pub(crate) struct MemoryRun {
    plan: Plan,
}

impl MemoryRun {
    pub(crate) fn new(params: Params) -> Result<Self, ParamsError> {
        let plan = Plan::new(params).map_err(|error| ParamsError::new(error.to_string()))?;
        Ok(Self { plan })
    }

    /// The processes that any of the searches finds.
    #[cfg(feature = "yara")]
    pub(crate) fn select(&self, session: &dyn Session) -> Selection {
        let report = self.examine_all(sys::of(session.machine()).as_ref(), session);
        let processes = report.examined.iter().map(|examined| examined.process.clone()).collect();
        let stopped = report.stopped;
        Selection { processes, failures: report.failures(), stopped }
    }
}

/// Processes for another module to go on with.
#[cfg(feature = "yara")]
#[derive(Debug)]
pub(crate) struct Selection {
    /// By number.
    pub(crate) processes: Vec<sys::Process>,
    /// What could not be looked at.
    pub(crate) failures: Vec<String>,
    /// Why the search ended before its end.
    pub(crate) stopped: Option<Stop>,
}

impl Run for MemoryRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let begin = Instant::now();
        let system = sys::of(session.machine());
        let report = self.examine_all(system.as_ref(), session);
        let mut room = MAX_ELEMENTS_BYTES;
        let mut elements = Elements::new();
        let mut hits = 0;
        for (place, search) in self.plan.searches.iter().enumerate() {
            let mut found = FoundBy { search, place, processes: &report.examined, room: &mut room, lost: 0 };
            let (list, count) = found.elements();
            if found.lost > 0 {
                let (label, lost) = (&search.label, found.lost);
                session.soft_error(format!("search '{label}': {lost} matches do not fit in the result"));
            }
            hits += count;
            elements.insert(search.label.clone(), list);
        }
        let stopped = report.stopped;
        let statistics = report.statistics(hits, text::duration(begin.elapsed()));
        Ok(Outcome {
            found: hits > 0,
            elements: json::to_value(&elements).unwrap_or_default(),
            statistics: json::to_value(&statistics).unwrap_or_default(),
            stopped,
        })
    }
}

impl MemoryRun {
    fn examine_all(&self, system: &dyn System, session: &dyn Session) -> Report {
        let pids = match system.processes() {
            _ if self.plan.searches.is_empty() => Vec::new(),
            Ok(pids) => pids,
            Err(error) => {
                session.soft_error(error.to_string());
                Vec::new()
            }
        };
        if self.plan.wants_memory() && !session.machine().is_running() {
            session
                .soft_error("memory can be searched on a running machine only, not in an image".to_owned());
        }
        let own = if session.machine().is_running() { own_processes(system) } else { Vec::new() };
        let examiner = Examiner { plan: &self.plan, system, session, own: &own };
        let next = AtomicUsize::new(0);
        let threads = session.threads().get().min(pids.len());
        let mut report = Report::default();
        thread::scope(|scope| {
            let workers: Vec<_> =
                (0..threads).map(|_| scope.spawn(|| work(&examiner, &pids, &next))).collect();
            for worker in workers {
                report.add(worker.join().unwrap_or_else(|payload| panic::resume_unwind(payload)));
            }
        });
        report.examined.sort_by_key(|examined| examined.process.pid);
        report
    }
}

/// This process, and those it descends from that run the same program: the agent.
fn own_processes(system: &dyn System) -> Vec<Pid> {
    let mut own = vec![std::process::id()];
    let Ok(mut process) = system.process(std::process::id()) else { return own };
    while let Ok(parent) = system.process(process.parent) {
        let is_agent = parent.executable.is_some() && parent.executable == process.executable;
        if !is_agent || own.contains(&parent.pid) {
            break;
        }
        own.push(parent.pid);
        process = parent;
    }
    own
}

/// Takes one process after the other, until none is left or the run has to end.
fn work(examiner: &Examiner<'_>, pids: &[Pid], next: &AtomicUsize) -> Report {
    let mut report = Report::default();
    while let Some(pid) = pids.get(next.fetch_add(1, Ordering::Relaxed)) {
        report.stopped = examiner.session.checkpoint().err();
        if report.stopped.is_some() {
            break;
        }
        report.note(examiner.examine(*pid), examiner);
        if report.stopped.is_some() {
            break;
        }
    }
    report
}

/// What a thread, or all of them, saw.
#[derive(Debug, Default)]
struct Report {
    /// Processes for which some check holds.
    examined: Vec<Examined>,
    processes: u64,
    bytes_read: u64,
    /// At most [`MAX_FAILURES`].
    failures: Vec<String>,
    /// Those for which there was no room.
    hidden_failures: usize,
    read_failures: u64,
    ended: u64,
    stopped: Option<Stop>,
}

impl Report {
    /// Takes in what came of a process.
    fn note(&mut self, outcome: Examination, examiner: &Examiner<'_>) {
        let mut examined = match outcome {
            Examination::Examined(examined) => examined,
            Examination::Refused(failure) => return self.fail(vec![failure]),
            Examination::Ended => return self.ended += 1,
            Examination::Skipped => return,
        };
        let hits = examined.hits(&examiner.plan.searches);
        let count = || if hits > 0 { examiner.session.count(hits).err() } else { None };
        self.stopped = examined.stopped.or_else(count);
        self.processes += 1;
        self.bytes_read += examined.bytes_read;
        self.read_failures += examined.read_failures;
        self.fail(mem::take(&mut examined.failures));
        if hits > 0 {
            self.examined.push(*examined);
        }
    }

    fn add(&mut self, other: Self) {
        self.examined.extend(other.examined);
        self.processes += other.processes;
        self.bytes_read += other.bytes_read;
        self.hidden_failures += other.hidden_failures;
        self.fail(other.failures);
        self.read_failures += other.read_failures;
        self.ended += other.ended;
        self.stopped = self.stopped.or(other.stopped);
    }

    fn statistics(self, total_hits: u64, duration: String) -> Statistics {
        Statistics {
            processes: self.processes,
            memory_read: self.bytes_read,
            total_hits,
            read_failures: self.read_failures,
            ended: self.ended,
            duration,
            failures: self.failures(),
        }
    }

    /// Keeps as many failures as a result may have: a machine has many processes, and each may have a thousand.
    fn fail(&mut self, mut failures: Vec<String>) {
        let room = MAX_FAILURES - self.failures.len();
        self.hidden_failures += failures.len().saturating_sub(room);
        failures.truncate(room);
        self.failures.append(&mut failures);
    }

    /// Those that were kept, and how many more there are.
    fn failures(self) -> Vec<String> {
        let mut failures = self.failures;
        failures.sort();
        if self.hidden_failures > 0 {
            failures.push(format!("{} more failures", self.hidden_failures));
        }
        failures
    }
}

/// What one search found.
struct FoundBy<'a> {
    search: &'a PlannedSearch,
    /// Its place among the searches.
    place: usize,
    processes: &'a [Examined],
    /// Bytes of JSON that are left.
    room: &'a mut usize,
    /// Matches for which there was no room.
    lost: u64,
}

impl FoundBy<'_> {
    /// The elements, and how many matches they are; `None` for a search that has nothing to report on.
    fn elements(&mut self) -> (Option<Vec<Element>>, u64) {
        let PlannedSearch { echo, checks, .. } = self.search;
        let place = self.place;
        if echo.options.match_all {
            let (elements, hits) = self.entries(echo, |examined| examined.holds_all(place));
            return (Some(elements), hits);
        }
        if checks.is_empty() {
            return (None, 0);
        }
        let mut elements = Vec::new();
        let mut hits = 0;
        for (number, check) in checks.iter().enumerate() {
            let (of_check, count) = self.entries(&check.echo, |examined| examined.holds(place, number));
            elements.extend(of_check);
            hits += count;
        }
        (Some(elements), hits)
    }

    /// An entry for each process that was found, or one that says there is none.
    fn entries(&mut self, echo: &Search, is_found: impl Fn(&Examined) -> bool) -> (Vec<Element>, u64) {
        let mut elements = Vec::new();
        let mut hits = 0;
        for examined in self.processes.iter().filter(|examined| is_found(examined)) {
            hits += 1;
            let element = Element { process: entry(examined), search: echo.clone() };
            let size = json::to_string(&element).map_or(usize::MAX, |text| text.len());
            match self.room.checked_sub(size) {
                Some(room) => {
                    *self.room = room;
                    elements.push(element);
                }
                None => self.lost += 1,
            }
        }
        if hits == 0 {
            elements.push(Element { search: echo.clone(), ..Element::default() });
        }
        (elements, hits)
    }
}

fn entry(examined: &Examined) -> ProcessEntry {
    let Examined { process, name, libraries, .. } = examined;
    let deleted = libraries.iter().filter(|file| file.is_deleted).take(MAX_DELETED_LIBRARIES);
    ProcessEntry {
        name: json::lossy(&name.text),
        pid: f64::from(process.pid),
        deleted: process.is_deleted,
        deleted_libraries: deleted
            .map(|file| json::lossy(file.path.as_os_str().as_encoded_bytes()))
            .collect(),
        container: process.container.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_without_room_are_counted() {
        let failures = |count: usize| (0..count).map(|number| format!("failure {number}")).collect();
        let mut report = Report::default();
        report.fail(failures(MAX_FAILURES - 1));
        let mut other = Report::default();
        other.fail(failures(MAX_FAILURES + 2));
        report.add(other);
        assert_eq!(report.failures.len(), MAX_FAILURES);
        let failures = report.failures();
        assert_eq!(failures.last().unwrap(), &format!("{} more failures", MAX_FAILURES + 1));
    }
}
