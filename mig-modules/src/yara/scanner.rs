//! One thread's scanners, and what they find in a file or a process.

use super::result::{MatchedRule, MatchedString};
use crate::{
    memory::{
        Window,
        walk::{Break, Piece, Unread, Visitor, Walk, Wanted},
    },
    scan,
    sys::{self, MemoryError, Process},
};
use mig_core::module::{Machine, Stop};
use std::{
    io::Read,
    ops::Range,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use yara_x::{Rules, ScanError, ScanResults, Scanner, blocks};

/// Longest time for one file, as in the original.
const FILE_TIME: Duration = Duration::from_secs(10);

/// Largest file that is scanned, in bytes: rules see it as a whole, so all of it is in memory.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Larger files are scanned by one thread at a time, so that memory does not grow with the number of threads.
const LARGE_FILE_BYTES: u64 = 16 << 20;

/// Bytes that two pieces of memory share: a longer match may be missed where they meet.
const OVERLAP_BYTES: usize = 4 << 10;

/// Places of a string that are told.
const MAX_OFFSETS: usize = 32;

/// What the threads of a run share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) machine: Machine,
    /// Matches of one pattern that a scan keeps.
    pub(super) max_matches: usize,
    /// Nobody waits for answers any more.
    pub(super) is_over: AtomicBool,
    /// Held by who scans a large file.
    pub(super) large: Mutex<()>,
}

/// What came of a file or a process.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) rules: Vec<MatchedRule>,
    /// Bytes that were looked at.
    pub(super) bytes: u64,
    /// What went wrong; what was found until then stays.
    pub(super) error: Option<String>,
    /// Nothing could be looked at, as opposed to nothing was found.
    pub(super) is_unseen: bool,
}

impl Scanned {
    pub(super) fn unseen(error: impl ToString) -> Self {
        Self { error: Some(error.to_string()), is_unseen: true, ..Self::default() }
    }
}

/// The scanners of one thread. They are made when they are needed first: that takes a millisecond.
pub(super) struct Scanners<'s> {
    shared: &'s Shared,
    files: Option<Scanner<'s>>,
    memory: Option<blocks::Scanner<'s>>,
    buffer: Vec<u8>,
}

impl<'s> Scanners<'s> {
    pub(super) fn new(shared: &'s Shared) -> Self {
        Self { shared, files: None, memory: None, buffer: Vec::new() }
    }

    /// Scans a file.
    pub(super) fn file(&mut self, path: &Path) -> Scanned {
        let (file, metadata) = match scan::open(&self.shared.machine, path) {
            Ok(opened) => opened,
            Err(error) => return Scanned::unseen(error),
        };
        if metadata.size > MAX_FILE_BYTES {
            return Scanned::unseen(too_large(MAX_FILE_BYTES));
        }
        let is_large = metadata.size > LARGE_FILE_BYTES;
        let _turn = is_large.then(|| self.shared.large.lock().unwrap_or_else(PoisonError::into_inner));
        self.buffer.clear();
        self.buffer.shrink_to(usize::try_from(LARGE_FILE_BYTES).unwrap_or(usize::MAX));
        // What grows meanwhile is read no further than what is large: it has no turn.
        let limit = if is_large { MAX_FILE_BYTES } else { LARGE_FILE_BYTES };
        match file.take(limit + 1).read_to_end(&mut self.buffer) {
            Ok(length) if length as u64 > limit => {
                return Scanned::unseen(too_large(limit));
            }
            Ok(_) => {}
            Err(error) => return Scanned::unseen(error),
        }
        let scanner = self.files.get_or_insert_with(|| file_scanner(self.shared));
        let bytes = self.buffer.len() as u64;
        match scanner.scan(&self.buffer) {
            Ok(results) => Scanned { rules: matched(&results), bytes, ..Scanned::default() },
            Err(error) => Scanned::unseen(reason(&error, FILE_TIME)),
        }
    }

    /// Scans the memory of a process.
    pub(super) fn process(&mut self, process: &Process, window: Window) -> Scanned {
        let pid = process.pid;
        let system = sys::of(&self.shared.machine);
        let mut memory = match system.memory(pid) {
            Ok(memory) => memory,
            // A kernel thread, or what is left of a process.
            Err(MemoryError::None) => return Scanned::default(),
            Err(MemoryError::Ended) => return Scanned::unseen("ended before it was scanned"),
            Err(MemoryError::Denied) => return Scanned::unseen("permission denied to read its memory"),
            Err(MemoryError::System(error)) => return Scanned::unseen(error),
        };
        // Its number may belong to another one by now.
        if system.process(pid).ok().is_none_or(|now| now.executable != process.executable) {
            return Scanned::unseen("ended before it was scanned");
        }
        let regions = match system.regions(pid) {
            Ok(regions) => regions,
            Err(error) => return Scanned::unseen(error),
        };
        let scanner = self.memory.get_or_insert_with(|| memory_scanner(self.shared));
        let mut pieces = Pieces {
            scanner,
            window,
            begin: Instant::now(),
            left: window.max_bytes.unwrap_or(u64::MAX),
            is_over: &self.shared.is_over,
            unread: 0,
            error: None,
        };
        let mut walk = Walk::new(memory.as_mut(), OVERLAP_BYTES, &mut pieces);
        let end = walk.run(&regions, window.from);
        let bytes = walk.bytes_read();
        let Pieces { unread, mut error, .. } = pieces;
        if unread > 0 {
            error = error.or_else(|| Some(format!("{unread} ranges of its memory could not be read")));
        }
        if end == Err(Break::Ended) {
            error = Some("ended before all of its memory was scanned".to_owned());
        }
        // Also after an error: it readies the scanner for the next process.
        match scanner.finish() {
            Ok(results) => Scanned { rules: matched(&results), bytes, error, is_unseen: false },
            Err(failure) => Scanned {
                error: error.or_else(|| Some(reason(&failure, PROCESS_TIME))),
                is_unseen: true,
                ..Scanned::default()
            },
        }
    }
}

/// Longest time for one process, for rules that do not come to an end. What limits a walk is [`Window::time_limit`].
const PROCESS_TIME: Duration = Duration::from_secs(3600);

fn file_scanner(shared: &Shared) -> Scanner<'_> {
    let mut scanner = Scanner::new(&shared.rules);
    scanner.set_timeout(FILE_TIME).max_matches_per_pattern(shared.max_matches);
    scanner
}

fn memory_scanner(shared: &Shared) -> blocks::Scanner<'_> {
    let mut scanner = blocks::Scanner::new(&shared.rules);
    scanner.set_timeout(PROCESS_TIME).max_matches_per_pattern(shared.max_matches);
    scanner
}

fn too_large(limit: u64) -> String {
    format!("not scanned: it is larger than {limit} bytes")
}

fn reason(error: &ScanError, limit: Duration) -> String {
    match error {
        ScanError::Timeout => format!("not scanned: the rules took longer than {limit:?}"),
        error => error.to_string(),
    }
}

/// The public rules that match, in the order of their names.
fn matched(results: &ScanResults<'_, '_>) -> Vec<MatchedRule> {
    let rule = |rule: yara_x::Rule<'_, '_>| MatchedRule {
        rule: rule.identifier().to_owned(),
        tags: rule.tags().map(|tag| tag.identifier().to_owned()).collect(),
        strings: rule.patterns().filter_map(|pattern| string(&pattern)).collect(),
    };
    let mut rules: Vec<MatchedRule> = results.matching_rules().map(rule).collect();
    rules.sort_by(|one, other| one.rule.cmp(&other.rule));
    rules
}

/// Where a string was found, if it was.
fn string(pattern: &yara_x::Pattern<'_, '_>) -> Option<MatchedString> {
    let matches = pattern.matches();
    let count = matches.len() as u64;
    let offsets = matches.take(MAX_OFFSETS).map(|found| found.range().start as u64).collect();
    (count > 0).then(|| MatchedString { name: pattern.identifier().to_owned(), count, offsets })
}

/// Hands pieces of memory to a scanner.
struct Pieces<'a, 's> {
    scanner: &'a mut blocks::Scanner<'s>,
    window: Window,
    begin: Instant,
    /// Bytes that may still be looked at.
    left: u64,
    is_over: &'a AtomicBool,
    /// Ranges that could not be read.
    unread: u64,
    error: Option<String>,
}

impl Visitor for Pieces<'_, '_> {
    fn piece(&mut self, piece: Piece<'_>) -> Result<Wanted, Stop> {
        if self.is_over.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        if self.window.time_limit.is_some_and(|limit| self.begin.elapsed() > limit) {
            self.error = Some("time limit reached before all of its memory was scanned".to_owned());
            return Ok(Wanted::Nothing);
        }
        let bytes = piece.view.bytes;
        let new = bytes.len() - piece.repeated;
        let taken = usize::try_from(self.left).map_or(new, |left| left.min(new));
        self.left -= taken as u64;
        let begin = piece.end.saturating_sub(bytes.len() as u64);
        let base = usize::try_from(begin).unwrap_or(usize::MAX);
        if let Err(error) = self.scanner.scan(base, &bytes[..piece.repeated + taken]) {
            self.error = Some(reason(&error, PROCESS_TIME));
            return Ok(Wanted::Nothing);
        }
        Ok(if self.left == 0 { Wanted::Nothing } else { Wanted::More })
    }

    fn unread(&mut self, _range: Range<u64>, reason: Unread) {
        // The module `memory` names them with -logfailures.
        self.unread += u64::from(reason == Unread::Failed);
    }
}
