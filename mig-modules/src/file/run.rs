//! A prepared run: scans, and puts the answer into the shape of the original.

use crate::{
    file::{
        params::{LabelledSearch, Params},
        result::{Element, Elements, FileInfo, Statistics},
        wire::Search,
    },
    scan::{self, Combine, Found, Hit, Problem, Scan},
    text,
};
use mig_core::{
    json, limits,
    module::{Machine, Outcome, ParamsError, Run, Session, Stop},
};
use std::{path::Path, thread, time::Instant};

/// Room for elements in a result, in bytes of JSON.
const MAX_ELEMENTS_BYTES: usize = limits::MAX_RESULT_BYTES / 8 * 7;
/// More than what an element takes beside its path and its search: names of fields, size, mode, time, digest.
const ELEMENT_BYTES: usize = 240;

/// Searches that are ready to run.
#[derive(Debug)]
pub(super) struct FileRun {
    searches: Vec<LabelledSearch>,
    max_errors: Option<usize>,
    scan: Scan,
}

impl FileRun {
    pub(super) fn new(params: Params) -> Result<Self, ParamsError> {
        let queries = params.queries().cloned().collect();
        let scan = Scan::new(queries).map_err(|error| ParamsError {
            reason: error.to_string(),
            place: error.content().and_then(|number| place_of_content(&params.searches, number)),
        })?;
        Ok(Self { searches: params.searches, max_errors: params.max_errors, scan })
    }
}

/// The search and the value behind a number that counts the contents of all searches.
fn place_of_content(searches: &[LabelledSearch], number: usize) -> Option<String> {
    let contents = |search: &LabelledSearch| -> Vec<String> {
        let values = search.checks.iter().flat_map(|check| &check.contents);
        values.map(|value| format!("search '{}', contents '{value}'", search.label)).collect()
    };
    searches.iter().flat_map(contents).nth(number)
}

impl Run for FileRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let begin = Instant::now();
        let Self { searches, max_errors, scan } = *self;
        let report = scan.run(session);
        free(scan);
        report_problems(report.problems, max_errors, session);
        let total_hits: usize = report.hits.iter().map(Vec::len).sum();
        let mut room = MAX_ELEMENTS_BYTES;
        let mut elements = Elements::new();
        for (search, mut hits) in searches.iter().zip(report.hits) {
            let kept = fitting(search, &hits, &mut room);
            if kept < hits.len() {
                let text = format!(
                    "search '{}': only {kept} of {} matches fit in the result",
                    search.label,
                    hits.len()
                );
                session.soft_error(text);
                hits.truncate(kept);
            }
            elements.insert(search.label.clone(), self::elements(search, &hits));
        }
        let statistics = Statistics {
            files: report.statistics.files,
            open_failed: report.statistics.open_failed,
            total_hits: total_hits as u64,
            duration: text::duration(begin.elapsed()),
        };
        Ok(Outcome {
            found: total_hits > 0,
            elements: json::to_value(&elements).unwrap_or_default(),
            statistics: json::to_value(&statistics).unwrap_or_default(),
            stopped: report.stopped,
        })
    }

    fn check_here(&self, machine: &Machine) -> Result<(), ParamsError> {
        self.searches.iter().try_for_each(|search| {
            scan::check_paths(machine, &search.query.paths).map_err(|error| ParamsError {
                reason: error.to_string(),
                place: Some(format!("search '{}'", search.label)),
            })
        })
    }
}

/// Frees the caches of many automata while the answer is on its way: that may take longer than a stop allows.
fn free(scan: Scan) {
    // If there can be no thread, it is freed at once.
    drop(thread::Builder::new().spawn(move || drop(scan)));
}

/// How many of the first hits fit in a result: one that is too large would be lost as a whole.
fn fitting(search: &LabelledSearch, hits: &[Hit], room: &mut usize) -> usize {
    let echo = json::to_string(&search.echo).map_or(0, |text| text.len());
    let fits = |hit: &&Hit| {
        let path = json::quote(lossy(&hit.file.path).as_bytes()).len();
        // With filters that report on their own the directory is repeated.
        let size = echo + 2 * path + ELEMENT_BYTES;
        *room = room.saturating_sub(size);
        *room > 0
    };
    hits.iter().take_while(fits).count()
}

/// Hands on as many errors as are wanted, and how many were not.
pub(crate) fn report_problems(problems: Vec<Problem>, max_errors: Option<usize>, session: &dyn Session) {
    let max = max_errors.unwrap_or(usize::MAX);
    let hidden = problems.len().saturating_sub(max);
    problems.into_iter().take(max).for_each(|problem| session.soft_error(problem.text));
    if hidden > 0 {
        session.soft_error(format!("{hidden} errors were not returned (max errors = {max})"));
    }
}

/// The elements of one search; `None` if it has no filter to report on.
fn elements(search: &LabelledSearch, hits: &[Hit]) -> Option<Vec<Element>> {
    match search.query.combine {
        Combine::All => Some(entries(hits.iter(), &search.echo, |_, echo| echo.clone())),
        Combine::Any if search.checks.is_empty() => None,
        Combine::Any => Some(
            search
                .checks
                .iter()
                .enumerate()
                .flat_map(|(place, check)| {
                    let nothing = Search { paths: search.echo.paths.clone(), ..check.clone() };
                    let of_check = hits.iter().filter(move |hit| hit.filter == Some(place));
                    entries(of_check, &nothing, |found, echo| in_directory(echo, &found.path))
                })
                .collect(),
        ),
    }
}

/// An entry for each hit, or one that says there is none.
fn entries<'a>(
    hits: impl Iterator<Item = &'a Hit>,
    search: &Search,
    describe: impl Fn(&Found, &Search) -> Search,
) -> Vec<Element> {
    let mut entries: Vec<Element> = hits
        .map(|hit| Element {
            file: lossy(&hit.file.path),
            search: describe(&hit.file, search),
            info: info(&hit.file),
        })
        .collect();
    if entries.is_empty() {
        entries.push(Element { search: search.clone(), ..Element::default() });
    }
    entries
}

fn in_directory(search: &Search, file: &Path) -> Search {
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => lossy(parent),
        _ => ".".to_owned(),
    };
    Search { paths: Some(vec![directory]), ..search.clone() }
}

fn info(found: &Found) -> FileInfo {
    let sha256 = found.sha256.as_ref().map(ToString::to_string).unwrap_or_default();
    let Some(metadata) = found.metadata else { return FileInfo { sha256, ..FileInfo::default() } };
    FileInfo {
        #[expect(
            clippy::cast_precision_loss,
            reason = "numbers of the wire are floats; 2^53 bytes are exact"
        )]
        size: metadata.size as f64,
        mode: text::file_mode(metadata.mode),
        last_modified: text::modified(metadata.modified),
        sha256,
    }
}

/// A path as text: U+FFFD for each byte that is not UTF-8.
fn lossy(path: &Path) -> String {
    json::lossy(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_counted_over_all_searches() {
        let text = br#"{"searches":{
            "a":{"paths":["/"],"names":["n"],"contents":["c0","!c1"]},
            "b":{"paths":["/"],"names":["n"]},
            "c":{"paths":["/"],"contents":["c2"]}}}"#;
        let params = Params::parse(&json::from_slice(text).unwrap()).unwrap();
        let place = |number| place_of_content(&params.searches, number);
        assert_eq!(place(1).unwrap(), "search 'a', contents '!c1'");
        assert_eq!(place(2).unwrap(), "search 'c', contents 'c2'");
        assert_eq!(place(3), None);
    }
}
