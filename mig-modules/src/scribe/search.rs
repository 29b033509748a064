//! Files that objects ask for, found by one scan for all of them.

use crate::{
    scan::{self, BuildError, Combine, Filter, Hit, Problem, Query, Scan, Test},
    scribe::expression::Expression,
    sys::Files,
};
use mig_core::module::{Machine, Session, Stop};
use std::{
    collections::BTreeSet,
    fs, io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// Levels of directories below a path that are looked into, those of the original.
const MAX_DEPTH: usize = 10;

/// Files below a path whose base name matches.
#[derive(Clone, Debug)]
pub(super) struct FileQuery {
    pub(super) path: String,
    pub(super) file: Expression,
    /// An expression on lines: which of the files have one that matches is told too.
    pub(super) line: Option<Expression>,
    /// Files without such a line are of no interest.
    pub(super) only_with_line: bool,
}

/// What was found, as the machine names it, each in the order of paths.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundFiles {
    /// The files of the name, if they are of interest. Without those that could not be read to their end, if they had no line until
    /// there.
    pub(super) named: Vec<PathBuf>,
    /// Those of them that have a line.
    pub(super) with_line: BTreeSet<PathBuf>,
}

/// Finds files on the machine of a session.
#[derive(Debug)]
pub(super) struct Finder<'s> {
    session: &'s dyn Session,
    files: Files<'s>,
    /// Soft errors so far.
    reported: BTreeSet<String>,
}

impl<'s> Finder<'s> {
    pub(super) fn new(session: &'s dyn Session) -> Self {
        Self { session, files: Files::of(session.machine()), reported: BTreeSet::new() }
    }

    /// Answers queries, in their order. What could not be seen is a soft error, once; what is not there is none.
    pub(super) fn find(
        &mut self,
        queries: &[FileQuery],
    ) -> Result<Vec<Result<FoundFiles, BuildError>>, Stop> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let mut scan_queries = Vec::new();
        for query in queries {
            let [named, with_line] = filters(query);
            let filters = named.filter(|_| !query.only_with_line).into_iter().chain(with_line);
            scan_queries.extend(filters.map(|filters| scan_query(&query.path, filters)));
        }
        let scan = match Scan::new(scan_queries) {
            Ok(scan) => scan,
            Err(error) if queries.len() == 1 => return Ok(vec![Err(error)]),
            // Too large together: half of them at a time.
            Err(_) => {
                let (first, second) = queries.split_at(queries.len() / 2);
                let mut answers = self.find(first)?;
                answers.extend(self.find(second)?);
                return Ok(answers);
            }
        };
        let report = scan.run(&Uncounted(self.session));
        if let Some(stop) = report.stopped {
            return Err(stop);
        }
        let unseen = self.report_unseen(report.problems);
        let mut hits = report.hits.into_iter();
        let mut next = || hits.next().unwrap_or_default();
        let mut answers = Vec::new();
        for query in queries {
            let named = if query.only_with_line { Vec::new() } else { next() };
            let with_line = if query.line.is_some() { next() } else { Vec::new() };
            answers.push(Ok(found(named, with_line, &unseen)));
        }
        Ok(answers)
    }

    /// Reports what could not be looked at, and returns where that is.
    fn report_unseen(&mut self, problems: Vec<Problem>) -> BTreeSet<PathBuf> {
        let mut unseen = BTreeSet::new();
        for Problem { path, text } in problems {
            match self.files.locate(&path).and_then(fs::metadata) {
                Err(error) => self.problem(&error, text),
                Ok(_) => self.report(text),
            }
            unseen.insert(path);
        }
        unseen
    }

    /// Reports a failure, unless nothing is there that could have been seen: a missing path, a link that leads nowhere.
    pub(super) fn problem(&mut self, error: &io::Error, text: String) {
        if error.kind() != io::ErrorKind::NotFound {
            self.report(text);
        }
    }

    pub(super) fn report(&mut self, text: String) {
        if self.reported.insert(text.clone()) {
            self.session.soft_error(text);
        }
    }
}

/// Leaves out what could not be read to its end, unless it had a line until there.
fn found(named: Vec<Hit>, with_line: Vec<Hit>, unseen: &BTreeSet<PathBuf>) -> FoundFiles {
    let path = |hit: Hit| hit.file.path.clone();
    let with_line: BTreeSet<PathBuf> = with_line.into_iter().map(path).collect();
    let is_known = |path: &PathBuf| with_line.contains(path) || !unseen.contains(path);
    FoundFiles { named: named.into_iter().map(path).filter(is_known).collect(), with_line }
}

/// The filters for the names, and those for the line too.
fn filters(query: &FileQuery) -> [Option<Vec<Filter>>; 2] {
    let filter = |test| Filter { test, negated: false, mismatch: false };
    let name = filter(Test::Name(Arc::clone(query.file.pattern())));
    let line = query.line.as_ref().map(|line| filter(Test::Content(Arc::clone(line.pattern()))));
    [Some(vec![name.clone()]), line.map(|line| vec![name, line])]
}

fn scan_query(path: &str, filters: Vec<Filter>) -> Query {
    Query {
        paths: vec![scan::clean(Path::new(path))],
        max_depth: Some(MAX_DEPTH as u64),
        combine: Combine::All,
        filters,
        ..Query::default()
    }
}

/// A session that does not count results: files are none here.
#[derive(Debug)]
struct Uncounted<'a>(&'a dyn Session);

impl Session for Uncounted<'_> {
    fn checkpoint(&self) -> Result<(), Stop> {
        self.0.checkpoint()
    }

    fn count(&self, _results: u64) -> Result<(), Stop> {
        Ok(())
    }

    fn soft_error(&self, error: String) {
        self.0.soft_error(error);
    }

    fn threads(&self) -> NonZeroUsize {
        self.0.threads()
    }

    fn started(&self) -> SystemTime {
        self.0.started()
    }

    fn machine(&self) -> &Machine {
        self.0.machine()
    }
}
