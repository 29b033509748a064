//! A prepared run: reads the packages, and keeps those that the question is about.

use super::{
    and_more,
    installed::{DISTRIBUTIONS, Detail, Installed, LANGUAGES},
    osv::{Hit, Question},
    params::Params,
    release::Release,
    result::{Applying, Element, Elements, Statistics},
};
use crate::{
    sys::{self, Files},
    text,
    version::{Constraint, Scheme},
};
use mig_core::{
    json, limits,
    module::{Outcome, Run, Session, Stop},
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Instant};

/// Room for elements in a result, in bytes of JSON.
const MAX_ELEMENTS_BYTES: usize = limits::MAX_RESULT_BYTES / 8 * 7;
/// Packages that are looked at between two checkpoints.
const BATCH: usize = 256;

/// A question that is ready to be asked.
#[derive(Debug)]
pub(super) struct PkgRun {
    params: Params,
}

impl PkgRun {
    pub(super) fn new(params: Params) -> Self {
        Self { params }
    }
}

impl Run for PkgRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let begin = Instant::now();
        let mut answer = Answer::new(&self.params);
        let stopped = answer.look(session).err();
        answer.report(session);
        let statistics =
            Statistics { duration: text::duration(begin.elapsed()), installed: answer.installed };
        Ok(Outcome {
            found: !answer.elements.packages.is_empty(),
            elements: json::to_value(&answer.elements).unwrap_or_default(),
            statistics: json::to_value(&statistics).unwrap_or_default(),
            stopped,
        })
    }
}

/// What was found so far.
struct Answer<'a> {
    params: &'a Params,
    elements: Elements,
    /// All packages, by kind.
    installed: BTreeMap<String, u64>,
    /// Why versions could not be compared: the first package of which this was true, and how many there are.
    incomparable: BTreeMap<String, (String, usize)>,
    /// What elements may still take, in bytes.
    room: usize,
    /// Elements for which there was no room.
    left_out: usize,
}

impl<'a> Answer<'a> {
    fn new(params: &'a Params) -> Self {
        let advisories = params.advisories.is_some().then(Vec::new);
        Self {
            params,
            elements: Elements { advisories, ..Elements::default() },
            installed: BTreeMap::new(),
            incomparable: BTreeMap::new(),
            room: MAX_ELEMENTS_BYTES,
            left_out: 0,
        }
    }

    /// Reads and judges source by source, so that what is found in the first is kept when a later one takes too long.
    fn look(&mut self, session: &dyn Session) -> Result<(), Stop> {
        let files = Files::of(session.machine());
        if let Err(error) = sys::of(session.machine()).package_databases() {
            session.soft_error(error.to_string());
        }
        let question = match &self.params.advisories {
            None => None,
            Some(advisories) => {
                let release = Release::read(files, session);
                Some(Question::new(advisories, release.as_ref(), session)?)
            }
        };
        let detail = if question.is_some() { Detail::Source } else { Detail::Name };
        for read in DISTRIBUTIONS.iter().chain(self.params.languages.then_some(&LANGUAGES)) {
            let mut packages = Vec::new();
            read(files, detail, session, &mut |installed| packages.push(installed))?;
            self.add_all(&packages, question.as_ref(), session)?;
        }
        Ok(())
    }

    fn add_all(
        &mut self,
        packages: &[Installed],
        question: Option<&Question<'_>>,
        session: &dyn Session,
    ) -> Result<(), Stop> {
        let mut kept = Vec::new();
        for batch in packages.chunks(BATCH) {
            session.checkpoint()?;
            for installed in batch {
                *self.installed.entry(installed.package.kind.to_owned()).or_default() += 1;
                if !self.is_wanted(installed) {
                    continue;
                }
                let hits = question.map(|question| question.ask(installed, session)).transpose()?;
                if hits.as_ref().is_none_or(|hits| !hits.is_empty()) {
                    kept.push((installed, hits.unwrap_or_default()));
                }
            }
        }
        self.add_kept(&kept, session)
    }

    /// Adds packages expression by expression, as the original does, and then the advisories of each.
    fn add_kept(&mut self, kept: &[(&Installed, Vec<Hit>)], session: &dyn Session) -> Result<(), Stop> {
        for name in &self.params.names {
            for (place, (installed, _)) in kept.iter().enumerate() {
                if place % BATCH == 0 {
                    session.checkpoint()?;
                }
                if name.is_match(installed.package.name.as_bytes()) {
                    let element = Element::from(&installed.package);
                    if self.has_room(&element) {
                        session.count(1)?;
                        self.elements.packages.push(element);
                    }
                }
            }
        }
        for (installed, hits) in kept {
            session.checkpoint()?;
            hits.iter().for_each(|hit| self.add_advisory(hit, installed));
        }
        Ok(())
    }

    fn add_advisory(&mut self, hit: &Hit, installed: &Installed) {
        let advisory = self.params.advisories.as_ref().and_then(|list| list.get(hit.advisory));
        let Some(applying) = advisory.map(|advisory| Applying::new(advisory, hit, installed)) else { return };
        if self.has_room(&applying) {
            self.elements.advisories.get_or_insert_default().push(applying);
        }
    }

    /// Whether name and version are those of the question.
    fn is_wanted(&mut self, installed: &Installed) -> bool {
        let package = &installed.package;
        let Params { names, version, constraint, .. } = self.params;
        names.iter().any(|name| name.is_match(package.name.as_bytes()))
            && version.as_ref().is_none_or(|version| version.holds(&package.version))
            && constraint.as_ref().is_none_or(|constraint| self.holds(constraint, installed))
    }

    /// Whether a version is within bounds. What can not be compared is not, and is reported.
    fn holds(&mut self, constraint: &Constraint, installed: &Installed) -> bool {
        let package = &installed.package;
        let held = match Scheme::of_kind(package.kind) {
            Some(scheme) => constraint.holds(scheme, &package.version).map_err(|error| error.to_string()),
            None => Err(format!("the order of {} versions is not known", package.kind)),
        };
        held.unwrap_or_else(|reason| {
            let first = format!("{} {}", package.name, package.version);
            self.incomparable.entry(reason).or_insert((first, 0)).1 += 1;
            false
        })
    }

    fn has_room(&mut self, element: &impl Serialize) -> bool {
        let size = json::to_string(element).map_or(0, |text| text.len() + 1);
        let has_room = size <= self.room;
        if has_room {
            self.room -= size;
        } else {
            self.left_out += 1;
        }
        has_room
    }

    /// What could not be judged or told.
    fn report(&self, session: &dyn Session) {
        for (reason, (first, count)) in &self.incomparable {
            session.soft_error(format!("not compared: {first}{}: {reason}", and_more(*count)));
        }
        if self.left_out > 0 {
            session.soft_error(format!("{} matches do not fit in the result", self.left_out));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkg::package::Package;
    use mig_core::agent::{Budget, RunSession};

    fn params(text: &str) -> Params {
        Params::parse(&json::from_str(text).unwrap()).unwrap()
    }

    fn packages(count: usize) -> Vec<Installed> {
        let package = |number| Package { name: format!("p{number}"), kind: "dpkg", ..Package::default() };
        (0..count).map(|number| package(number).into()).collect()
    }

    #[test]
    fn what_has_no_room_in_a_result_is_counted() {
        let params = params(r#"{"pkgmatch":{"matches":["", "p"]}}"#);
        let session = RunSession::new(Budget::default());
        let mut answer = Answer { room: 500, ..Answer::new(&params) };
        answer.add_all(&packages(10), None, &session).unwrap();
        let told = answer.elements.packages.len();
        assert!((5..10).contains(&told), "{told}");
        assert!(json::to_string(&answer.elements.packages).unwrap().len() <= 502);
        answer.report(&session);
        assert_eq!(session.into_errors(), [format!("{} matches do not fit in the result", 20 - told)]);
    }

    #[test]
    fn a_limit_of_results_keeps_what_was_found_before() {
        let params = params(r#"{"pkgmatch":{"matches":[""]}}"#);
        let session = RunSession::new(Budget { results: 3, ..Budget::default() });
        let mut answer = Answer::new(&params);
        assert_eq!(answer.add_all(&packages(10), None, &session), Err(Stop::ResultLimit));
        assert_eq!(answer.elements.packages.len(), 3);
    }
}
