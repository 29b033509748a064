//! What is scanned: files that the module `file` finds, and processes that the module `memory` finds.

use crate::{
    file::{self, report_problems},
    memory::{MemoryRun, Name},
    scan::{self, Filter, Query, Scan, SizeRange, Test},
    sys::Process,
};
use mig_core::{
    json,
    module::{Machine, ParamsError, Session, Stop},
};
use std::path::PathBuf;

/// Something to scan.
#[derive(Clone, Debug)]
pub(super) enum Target {
    File(PathBuf),
    Process(Box<Process>),
}

impl Target {
    /// As results show it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => json::lossy(path.as_os_str().as_encoded_bytes()),
            Self::Process(process) => json::lossy(&Name::of_process(process).text),
        }
    }
}

/// Files to look for.
#[derive(Debug)]
pub(super) struct FileSearch {
    queries: Vec<Query>,
    max_errors: Option<usize>,
    scan: Scan,
}

impl FileSearch {
    pub(super) fn new(params: &file::Params) -> Result<Self, ParamsError> {
        let mut queries: Vec<Query> = params.queries().cloned().collect();
        for query in queries.iter_mut().filter(|query| query.filters.is_empty()) {
            // A path alone is all that lies below it.
            let test = Test::Size(SizeRange { min: 0, max: u64::MAX });
            query.filters.push(Filter { test, negated: false, mismatch: false });
        }
        let scan = Scan::new(queries.clone()).map_err(|error| ParamsError::new(error.to_string()))?;
        Ok(Self { queries, max_errors: params.max_errors(), scan })
    }

    /// Whether there is anything to look into on a machine that is at hand.
    pub(super) fn check_here(&self, machine: &Machine) -> Result<(), ParamsError> {
        let check = |query: &Query| scan::check_paths(machine, &query.paths);
        self.queries
            .iter()
            .try_for_each(check)
            .map_err(|error| ParamsError { reason: error.to_string(), place: Some("filesearch".to_owned()) })
    }

    /// The files, each once, in the order of their paths.
    pub(super) fn find(self, session: &dyn Session) -> (Vec<Target>, Option<Stop>) {
        let report = self.scan.run(session);
        report_problems(report.problems, self.max_errors, session);
        for (query, hits) in self.queries.iter().zip(&report.hits) {
            if query.limit.is_some_and(|limit| hits.len() >= limit) {
                let text =
                    format!("only the first {} files are scanned: -matchlimit of the files", hits.len());
                session.soft_error(text);
            }
        }
        let hits = report.hits.into_iter().flatten();
        let mut paths: Vec<PathBuf> = hits.map(|hit| hit.file.path.clone()).collect();
        paths.sort_unstable();
        paths.dedup();
        (paths.into_iter().map(Target::File).collect(), report.stopped)
    }
}

/// The processes that were found, in the order of their numbers.
pub(super) fn processes(search: &MemoryRun, session: &dyn Session) -> (Vec<Target>, Option<Stop>) {
    if !session.machine().is_running() {
        let text = "processes can be scanned on a running machine only, not in an image";
        session.soft_error(text.to_owned());
        return (Vec::new(), None);
    }
    let selection = search.select(session);
    selection.failures.into_iter().for_each(|failure| session.soft_error(failure));
    let targets = selection.processes.into_iter().map(|process| Target::Process(Box::new(process)));
    (targets.collect(), selection.stopped)
}
