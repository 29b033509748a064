//! Files that objects ask for, found by one scan for all of them.

use crate::{
    scan::{self, BuildError, Combine, Filter, Hit, Problem, Query, Scan, Test},
    scribe::{expression::Expression, lines},
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
            let place = self.place(&query.path);
            let [named, with_line] = filters(query);
            let filters = named.filter(|_| self.wants_names(query)).into_iter().chain(with_line);
            scan_queries.extend(filters.map(|filters| scan_query(place.clone(), filters)));
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
            let named = if self.wants_names(query) { next() } else { Vec::new() };
            let with_line = if query.line.is_some() { next() } else { Vec::new() };
            let mut found = self.found(&named, &with_line, &unseen);
            if self.is_image() {
                self.follow_links(query, &mut found, &unseen)?;
            }
            answers.push(Ok(found));
        }
        Ok(answers)
    }

    /// Where a path of the machine lies here, if it is there.
    fn place(&mut self, path: &str) -> Option<PathBuf> {
        let path = scan::clean(Path::new(path));
        match self.files.locate(&path) {
            // On the running machine the scan says this itself.
            Ok(place) if self.is_image() && self.is_link(&path) && place.is_dir() => {
                let target = self.files.inside(&place);
                let (path, target) = (path.display(), target.display());
                self.report(format!("warning: {path} is a link to {target} and was not followed"));
                None
            }
            Ok(place) => Some(place),
            Err(error) => {
                self.problem(&error, format!("{}: {error}", path.display()));
                None
            }
        }
    }

    fn found(&self, named: &[Hit], with_line: &[Hit], unseen: &BTreeSet<PathBuf>) -> FoundFiles {
        let inside = |hit: &Hit| self.files.inside(&hit.file.path);
        let with_line: BTreeSet<PathBuf> = with_line.iter().map(inside).collect();
        let is_known = |path: &PathBuf| with_line.contains(path) || !unseen.contains(path);
        FoundFiles { named: named.iter().map(inside).filter(is_known).collect(), with_line }
    }

    /// Replaces what the scan found by links: it follows them on this machine, but those of an image lead to where they would if it
    /// were the machine. `broken` are the paths among which links are that lead nowhere here.
    fn follow_links(
        &mut self,
        query: &FileQuery,
        found: &mut FoundFiles,
        broken: &BTreeSet<PathBuf>,
    ) -> Result<(), Stop> {
        let Some(root) =
            self.files.locate(Path::new(&query.path)).ok().map(|place| self.files.inside(&place))
        else {
            return Ok(());
        };
        let is_asked = |path: &PathBuf| {
            let levels = path.strip_prefix(&root).map_or(usize::MAX, |below| below.components().count());
            let name = path.file_name().unwrap_or_default();
            levels <= MAX_DEPTH && query.file.is_match(name.as_encoded_bytes())
        };
        let named = found.named.iter().chain(broken.iter().filter(|path| is_asked(path)));
        let links: BTreeSet<PathBuf> = named.filter(|path| self.is_link(path)).cloned().collect();
        found.named.retain(|path| !links.contains(path));
        found.with_line.retain(|path| !links.contains(path));
        for link in links {
            if !self.files.locate(&link).is_ok_and(|target| target.is_file()) {
                continue;
            }
            let Some(line) = &query.line else {
                found.named.push(link);
                continue;
            };
            let mut has_line = false;
            match lines::each(&self.files, &link, self.session, &mut |text| has_line |= line.is_match(text))?
            {
                Ok(()) => found.named.push(link.clone()),
                Err(error) => self.report(format!("read {}: {error}", link.display())),
            }
            if has_line {
                found.with_line.insert(link);
            }
        }
        found.named.sort();
        Ok(())
    }

    /// Those of an image are asked for all names, for the links among them.
    fn wants_names(&self, query: &FileQuery) -> bool {
        !query.only_with_line || self.is_image()
    }

    fn is_image(&self) -> bool {
        !self.session.machine().is_running()
    }

    fn is_link(&self, path: &Path) -> bool {
        self.files.read_link(path).is_ok()
    }

    /// Reports what could not be looked at, and returns where that is.
    fn report_unseen(&mut self, problems: Vec<Problem>) -> BTreeSet<PathBuf> {
        let mut unseen = BTreeSet::new();
        for Problem { path, text } in problems {
            let inside = self.files.inside(&path);
            let text = text.replace(&path.display().to_string(), &inside.display().to_string());
            match fs::metadata(&path) {
                Err(error) => self.problem(&error, text),
                Ok(_) => self.report(text),
            }
            unseen.insert(inside);
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

/// The filters for the names, and those for the line too.
fn filters(query: &FileQuery) -> [Option<Vec<Filter>>; 2] {
    let filter = |test| Filter { test, negated: false, mismatch: false };
    let name = filter(Test::Name(Arc::clone(query.file.pattern())));
    let line = query.line.as_ref().map(|line| filter(Test::Content(Arc::clone(line.pattern()))));
    [Some(vec![name.clone()]), line.map(|line| vec![name, line])]
}

fn scan_query(place: Option<PathBuf>, filters: Vec<Filter>) -> Query {
    Query {
        paths: place.into_iter().collect(),
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
