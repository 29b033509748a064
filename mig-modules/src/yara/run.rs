//! A prepared run: finds what is to be scanned, and has it scanned by threads of its own.
//!
//! A scan can not be interrupted from outside, it only has a time limit. So the threads are not waited for when the run has to end:
//! they see that nobody listens, and end after the file or the piece of memory that they are at. What a scan can go on for at most
//! is ten seconds for a file, and an hour for the conditions about a process; in a module's process it ends with the process.

use super::{
    params::Params,
    result::{Elements, Match, Statistics},
    rules,
    scanner::{Scanned, Scanners, Shared},
    targets::{self, FileSearch, Target},
};
use crate::{
    memory::{MemoryRun, Window},
    text,
};
use mig_core::{
    json, limits,
    module::{Machine, Outcome, ParamsError, Run, Session, Stop},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};
use yara_x::Rules;

/// Room for elements in a result, in bytes of JSON.
const MAX_ELEMENTS_BYTES: usize = limits::MAX_RESULT_BYTES / 8 * 7;

/// How often the session is asked while nothing is heard of the threads.
const PATIENCE: Duration = Duration::from_millis(20);

/// Rules and searches that are ready to run.
#[derive(Debug)]
pub(super) struct YaraRun {
    rules: Rules,
    files: Option<FileSearch>,
    processes: Option<(MemoryRun, Window)>,
}

impl YaraRun {
    pub(super) fn new(params: Params) -> Result<Self, ParamsError> {
        let Params { rules, files, processes } = params;
        let files = files.as_ref().map(FileSearch::new).transpose()?;
        let processes = processes.map(|params| {
            let window = params.window();
            MemoryRun::new(params).map(|run| (run, window))
        });
        Ok(Self { rules, files, processes: processes.transpose()? })
    }
}

impl Run for YaraRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let begin = Instant::now();
        let Self { rules, files, processes } = *self;
        let window = processes.as_ref().map(|(_, window)| *window);
        let mut targets = Vec::new();
        let mut stopped = None;
        if let Some(files) = files {
            (targets, stopped) = files.find(session);
        }
        if let (Some((processes, _)), None) = (processes, stopped) {
            if rules.imports().next().is_some() {
                session.soft_error(NO_MODULES_IN_MEMORY.to_owned());
            }
            let (found, stop) = targets::processes(&processes, session);
            targets.extend(found);
            stopped = stop;
        }
        let mut report = Report { stopped, ..Report::default() };
        report.statistics.rules = rules.iter().count() as u64;
        if stopped.is_none() {
            let job = Job::new(rules, targets, window, session.machine().clone());
            report.listen(&Arc::new(job), session);
        }
        report.statistics.duration = text::duration(begin.elapsed());
        Ok(report.into_outcome(session))
    }

    fn check_here(&self, machine: &Machine) -> Result<(), ParamsError> {
        self.files.as_ref().map_or(Ok(()), |files| files.check_here(machine))
    }
}

const NO_MODULES_IN_MEMORY: &str =
    "the rules import modules: these know files only, and are undefined in the memory of processes";

/// What threads do.
#[derive(Debug)]
struct Job {
    shared: Shared,
    targets: Vec<Target>,
    window: Option<Window>,
    /// The place of the target that is next.
    next: AtomicUsize,
}

impl Job {
    fn new(rules: Rules, targets: Vec<Target>, window: Option<Window>, machine: Machine) -> Self {
        let max_matches = rules::matches_of_a_pattern(&rules);
        let shared =
            Shared { rules, machine, max_matches, is_over: AtomicBool::new(false), large: Mutex::new(()) };
        Self { shared, targets, window, next: AtomicUsize::new(0) }
    }

    /// Scans one target after the other, until none is left or nobody listens.
    fn work(&self, answers: &Sender<(usize, Scanned)>) {
        let mut scanners = Scanners::new(&self.shared);
        while !self.shared.is_over.load(Ordering::Relaxed) {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = self.targets.get(place) else { break };
            let scanned = catch_unwind(AssertUnwindSafe(|| self.scan(&mut scanners, target)));
            let scanned = scanned.unwrap_or_else(|_| {
                // What it was in the middle of is in no state to go on with.
                scanners = Scanners::new(&self.shared);
                Scanned::unseen("not scanned: the scanner failed")
            });
            if answers.send((place, scanned)).is_err() {
                break;
            }
        }
    }

    fn scan(&self, scanners: &mut Scanners<'_>, target: &Target) -> Scanned {
        match (target, self.window) {
            (Target::Process(process), Some(window)) => scanners.process(process, window),
            (Target::Process(_), None) => Scanned::default(),
            (Target::File(path), _) => scanners.file(path),
        }
    }
}

/// What was heard of the threads.
#[derive(Debug, Default)]
struct Report {
    matches: Vec<(usize, Match)>,
    errors: Vec<(usize, String)>,
    statistics: Statistics,
    stopped: Option<Stop>,
}

impl Report {
    /// Has a job done.
    fn listen(&mut self, job: &Arc<Job>, session: &dyn Session) {
        let answers = start(job, session.threads().get());
        let mut heard = 0;
        let end = loop {
            if let Err(stop) = session.checkpoint() {
                break Some(stop);
            }
            match answers.recv_timeout(PATIENCE) {
                Ok((place, scanned)) => {
                    heard += 1;
                    if let Err(stop) = self.note(place, &job.targets[place], scanned, session) {
                        break Some(stop);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        job.shared.is_over.store(true, Ordering::Relaxed);
        self.stopped = end;
        let missing = job.targets.len() - heard;
        if missing > 0 {
            session.soft_error(format!(
                "{missing} of {} files and processes were not scanned",
                job.targets.len()
            ));
        }
    }

    fn note(
        &mut self,
        place: usize,
        target: &Target,
        scanned: Scanned,
        session: &dyn Session,
    ) -> Result<(), Stop> {
        let Scanned { rules, bytes, error, is_unseen } = scanned;
        let statistics = &mut self.statistics;
        let (pid, container) = match target {
            Target::File(_) => (0, String::new()),
            Target::Process(process) => (process.pid.into(), process.container.clone().unwrap_or_default()),
        };
        let count = if pid == 0 { &mut statistics.files } else { &mut statistics.processes };
        *count += u64::from(!is_unseen);
        statistics.bytes += bytes;
        let object = target.name();
        if let Some(error) = error {
            let number = if pid == 0 { String::new() } else { format!(" [pid:{pid}]") };
            self.errors.push((place, format!("{object}{number}: {error}")));
        }
        if rules.is_empty() {
            return Ok(());
        }
        let names = rules.iter().map(|rule| rule.rule.clone()).collect();
        self.matches.push((place, Match { object, matched_rules: Some(names), rules, pid, container }));
        session.count(1)
    }

    /// In the order of the targets, whichever thread was first.
    fn into_outcome(mut self, session: &dyn Session) -> Outcome {
        self.errors.sort();
        self.errors.into_iter().for_each(|(_, error)| session.soft_error(error));
        self.matches.sort_by_key(|(place, _)| *place);
        let all = self.matches.len();
        let mut room = MAX_ELEMENTS_BYTES;
        let fits = |found: &Match| {
            let size = json::to_string(found).map_or(usize::MAX, |text| text.len() + 1);
            room = room.saturating_sub(size);
            room > 0
        };
        let matches: Vec<Match> = self.matches.into_iter().map(|(_, found)| found).take_while(fits).collect();
        if matches.len() < all {
            session.soft_error(format!("only {} of {all} matches fit in the result", matches.len()));
        }
        let elements = Elements { matches: Some(matches).filter(|matches| !matches.is_empty()) };
        Outcome {
            found: all > 0,
            elements: json::to_value(&elements).unwrap_or_default(),
            statistics: json::to_value(&self.statistics).unwrap_or_default(),
            stopped: self.stopped,
        }
    }
}

/// Starts the threads.
fn start(job: &Arc<Job>, threads: usize) -> Receiver<(usize, Scanned)> {
    let (sender, receiver) = channel();
    for _ in 0..threads.min(job.targets.len()) {
        let (job, sender) = (Arc::clone(job), sender.clone());
        thread::spawn(move || job.work(&sender));
    }
    receiver
}
