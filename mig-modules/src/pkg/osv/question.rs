//! A list of advisories, asked about the packages of one machine.

use super::{
    Advisory, Affected,
    ecosystem::{Ecosystem, Outside, normal},
    range::{Verdict, judge},
};
use crate::{
    pkg::{and_more, installed::Installed, release::Release},
    version::Scheme,
};
use mig_core::module::{Session, Stop};
use std::collections::BTreeMap;

/// An advisory that applies to a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Its place in the list.
    pub(crate) advisory: usize,
    /// The ecosystem as the advisory writes it.
    pub(crate) ecosystem: String,
    /// The name by which the advisory knows the package.
    pub(crate) name: String,
    /// The next version that is not affected, if there is one.
    pub(crate) fixed: Option<String>,
}

/// Advisories that are about packages of a machine, by the names of these.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    advisories: &'a [Advisory],
    by_name: BTreeMap<String, Vec<Entry<'a>>>,
}

#[derive(Debug)]
struct Entry<'a> {
    advisory: usize,
    affected: &'a Affected,
    ecosystem: Ecosystem,
}

impl<'a> Question<'a> {
    /// Sorts out what a machine of this release can have. What can not be said is a soft error.
    pub(crate) fn new(
        advisories: &'a [Advisory],
        release: Option<&Release>,
        session: &dyn Session,
    ) -> Result<Self, Stop> {
        let mut question = Self { advisories, by_name: BTreeMap::new() };
        let mut unclear: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for (place, advisory) in advisories.iter().enumerate() {
            session.checkpoint()?;
            if let Err(reason) = question.add(place, advisory, release) {
                unclear.entry(reason).or_insert((&advisory.id, 0)).1 += 1;
            }
        }
        for (reason, (first, count)) in unclear {
            session.soft_error(format!("not judged: advisory {first}{}: {reason}", and_more(count)));
        }
        Ok(question)
    }

    /// Adds what an advisory says of packages here.
    fn add(&mut self, place: usize, advisory: &'a Advisory, release: Option<&Release>) -> Result<(), String> {
        if !advisory.withdrawn.is_empty() {
            return Ok(());
        }
        if advisory.affected.is_empty() {
            return Err("it names no package".to_owned());
        }
        let mut unclear = Ok(());
        for affected in &advisory.affected {
            match Ecosystem::here(&affected.package.ecosystem, release) {
                Ok(_) if affected.ranges.is_empty() && affected.versions.is_empty() => {
                    unclear = Err("it has neither versions nor ranges of versions".to_owned());
                }
                Ok(ecosystem) => {
                    let entry = Entry { advisory: place, affected, ecosystem };
                    self.by_name.entry(ecosystem.key(&affected.package.name)).or_default().push(entry);
                }
                Err(Outside::Elsewhere) => {}
                Err(outside) => unclear = Err(outside.to_string()),
            }
        }
        unclear
    }

    /// The advisories that apply to a package, each once. What can not be compared is a soft error.
    pub(crate) fn ask(&self, installed: &Installed, session: &dyn Session) -> Result<Vec<Hit>, Stop> {
        let package = &installed.package;
        let Some(scheme) = Scheme::of_kind(package.kind) else { return Ok(Vec::new()) };
        let mut hits: Vec<Hit> = Vec::new();
        for entry in self.entries(installed) {
            session.checkpoint()?;
            let name = &entry.affected.package.name;
            let Some(version) = entry.ecosystem.version_of(installed, name) else { continue };
            if hits.iter().any(|hit| hit.advisory == entry.advisory) {
                continue;
            }
            match judge(entry.affected, scheme, version) {
                Ok(Verdict::NotAffected) => {}
                Ok(Verdict::Affected { fixed }) => hits.push(Hit {
                    advisory: entry.advisory,
                    ecosystem: entry.affected.package.ecosystem.clone(),
                    name: name.clone(),
                    fixed,
                }),
                Err(error) => {
                    let id = self.advisories.get(entry.advisory).map_or("", |advisory| &advisory.id);
                    session.soft_error(format!(
                        "not judged: advisory {id} for {} {}: {error}",
                        package.name, package.version
                    ));
                }
            }
        }
        Ok(hits)
    }

    /// What may be about a package: under its own name, and under that of its source.
    fn entries(&self, installed: &Installed) -> impl Iterator<Item = &Entry<'a>> {
        let package = &installed.package;
        let own = normal(package.kind, &package.name);
        let source = installed.source().0;
        let by_source = (source != own).then(|| self.by_name.get(source)).flatten();
        self.by_name.get(&own).into_iter().chain(by_source).flatten()
    }
}
