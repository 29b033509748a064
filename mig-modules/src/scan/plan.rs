//! A query, sorted by what its filters cost.

use crate::{
    dialect::Pattern,
    scan::{
        content::Quantifier,
        hash::{Algorithm, Digest},
        metadata::Metadata,
        paths::clean,
        query::{Combine, Filter, Query, Test},
    },
    text::file_mode,
};
use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsStr,
    sync::Arc,
    time::SystemTime,
};

/// A query ready to run. Filters are named by their place in the query.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) query: Query,
    names: Vec<usize>,
    /// Mode, size, time: what one look into the directory answers.
    looks: Vec<usize>,
    /// Each with the number of its expression in the scan.
    pub(super) contents: Vec<Content>,
    digests: Digests,
    /// What has to be computed while the content is read.
    pub(super) algorithms: BTreeSet<Algorithm>,
}

/// A filter on contents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    pub(super) filter: usize,
    pub(super) expression: usize,
}

/// Filters on digests: however many, a file costs one look into the table for each algorithm.
#[derive(Debug, Default)]
struct Digests {
    filters: Vec<usize>,
    /// Those that hold for everything else than their digest.
    inverted: Vec<usize>,
    by_value: HashMap<Digest, Vec<usize>>,
}

impl Plan {
    /// Prepares a query. Its expressions on contents are added to `expressions`.
    pub(super) fn new(mut query: Query, expressions: &mut Vec<(Arc<Pattern>, Quantifier)>) -> Self {
        query.paths = query.paths.iter().map(|path| clean(path)).collect();
        let mut plan = Self {
            names: Vec::new(),
            looks: Vec::new(),
            contents: Vec::new(),
            digests: Digests::default(),
            algorithms: BTreeSet::new(),
            query: Query::default(),
        };
        for (place, filter) in query.filters.iter().enumerate() {
            match &filter.test {
                Test::Name(_) => plan.names.push(place),
                Test::Mode(_) | Test::Size(_) | Test::Modified(_) => plan.looks.push(place),
                Test::Content(pattern) => {
                    plan.contents.push(Content { filter: place, expression: expressions.len() });
                    expressions.push((Arc::clone(pattern), quantifier(&query, filter)));
                }
                Test::Digest(digest) => plan.add_digest(place, filter, digest),
            }
        }
        if query.return_sha256 && query.combine == Combine::All {
            plan.algorithms.insert(Algorithm::Sha256);
        }
        plan.query = query;
        plan
    }

    fn add_digest(&mut self, place: usize, filter: &Filter, digest: &Digest) {
        self.digests.filters.push(place);
        self.digests.by_value.entry(digest.clone()).or_default().push(place);
        if filter.holds(false) {
            self.digests.inverted.push(place);
        }
        self.algorithms.insert(digest.algorithm());
    }

    /// Whether a file of this name can be a hit.
    pub(super) fn may_hit(&self, name: &OsStr) -> bool {
        let mut names = self.names.iter().map(|place| self.name_holds(*place, name));
        match self.query.combine {
            Combine::All => !self.query.filters.is_empty() && names.all(|holds| holds),
            Combine::Any => self.names.len() < self.query.filters.len() || names.any(|holds| holds),
        }
    }

    /// Whether metadata decide anything.
    pub(super) fn wants_look(&self) -> bool {
        !self.looks.is_empty()
    }

    /// Whether the content decides anything, or is part of the answer.
    pub(super) fn wants_content(&self) -> bool {
        !self.contents.is_empty() || !self.algorithms.is_empty()
    }

    /// Whether digests decide anything.
    pub(super) fn wants_digests(&self) -> bool {
        !self.digests.filters.is_empty()
    }

    fn name_holds(&self, place: usize, name: &OsStr) -> bool {
        let filter = &self.query.filters[place];
        match &filter.test {
            Test::Name(pattern) => filter.holds(pattern.is_match(name.as_encoded_bytes())),
            _ => false,
        }
    }

    fn look_holds(&self, place: usize, metadata: &Metadata, now: SystemTime) -> bool {
        let filter = &self.query.filters[place];
        filter.holds(match &filter.test {
            Test::Mode(pattern) => pattern.is_match(file_mode(metadata.mode).as_bytes()),
            Test::Size(range) => range.contains(metadata),
            Test::Modified(age) => age.contains(metadata, now),
            _ => return false,
        })
    }
}

/// A negated content asks whether any line matches, also if every line counts.
fn quantifier(query: &Query, filter: &Filter) -> Quantifier {
    if query.every_line && !filter.negated { Quantifier::Every } else { Quantifier::Any }
}

/// What a query says of one file, filter by filter.
#[derive(Debug)]
pub(super) struct Verdict<'a> {
    pub(super) plan: &'a Plan,
    /// The place of the query in the scan.
    pub(super) query: usize,
    failed: bool,
    /// The filters that hold; kept only if each is a hit of its own.
    holding: Vec<usize>,
    /// The SHA-256 of the content, if it is part of the answer.
    pub(super) sha256: Option<Digest>,
}

impl<'a> Verdict<'a> {
    /// What the name says.
    pub(super) fn of_name(plan: &'a Plan, query: usize, name: &OsStr) -> Self {
        let mut verdict =
            Self { plan, query, failed: !plan.may_hit(name), holding: Vec::new(), sha256: None };
        if plan.query.combine == Combine::Any {
            let names = plan.names.iter().copied();
            verdict.holding.extend(names.filter(|place| plan.name_holds(*place, name)));
        }
        verdict
    }

    /// Takes in what the metadata say.
    pub(super) fn look(&mut self, metadata: &Metadata, now: SystemTime) {
        for place in &self.plan.looks {
            self.judge(*place, self.plan.look_holds(*place, metadata, now));
        }
    }

    /// Takes in what `answer` says of the expressions on contents. `None` is unknown: then a filter does not hold, in
    /// neither sense.
    pub(super) fn read(&mut self, answer: impl Fn(usize) -> Option<bool>) {
        for (content, holds) in self.plan.contents.iter().zip(self.content_truths(&answer)) {
            self.judge(content.filter, holds == Some(true));
        }
    }

    /// Whether what is known of the contents already rules the file out.
    pub(super) fn is_ruled_out(&self, answer: impl Fn(usize) -> Option<bool>) -> bool {
        self.plan.query.combine == Combine::All && self.content_truths(&answer).contains(&Some(false))
    }

    fn content_truths(&self, answer: &impl Fn(usize) -> Option<bool>) -> Vec<Option<bool>> {
        let query = &self.plan.query;
        let contents =
            self.plan.contents.iter().map(|content| (&query.filters[content.filter], content.expression));
        if query.every_line {
            let together = contents
                .clone()
                .map(|(filter, expression)| Some(answer(expression)? ^ filter.negated))
                .fold(Some(true), and);
            contents.map(|(filter, _)| Some(together? ^ filter.mismatch)).collect()
        } else {
            contents.map(|(filter, expression)| Some(filter.holds(answer(expression)?))).collect()
        }
    }

    /// Takes in the digests of the content; `None` if it could not be read to its end.
    pub(super) fn digest(&mut self, digests: Option<&[Digest]>) {
        let filters = &self.plan.digests;
        let Some(digests) = digests else {
            self.failed |= self.plan.query.combine == Combine::All && self.plan.wants_digests();
            return;
        };
        if self.plan.query.return_sha256 {
            self.sha256 = digests.iter().find(|digest| digest.algorithm() == Algorithm::Sha256).cloned();
        }
        let equal: BTreeSet<usize> =
            digests.iter().filter_map(|digest| filters.by_value.get(digest)).flatten().copied().collect();
        match self.plan.query.combine {
            Combine::All => self.failed |= filters.filters.iter().any(|place| !self.holds(*place, &equal)),
            Combine::Any => {
                let candidates =
                    equal.iter().chain(filters.inverted.iter().filter(|place| !equal.contains(place)));
                let holding: Vec<usize> =
                    candidates.copied().filter(|place| self.holds(*place, &equal)).collect();
                self.holding.extend(holding);
            }
        }
    }

    fn holds(&self, place: usize, equal: &BTreeSet<usize>) -> bool {
        self.plan.query.filters[place].holds(equal.contains(&place))
    }

    fn judge(&mut self, place: usize, holds: bool) {
        match (self.plan.query.combine, holds) {
            (Combine::All, false) => self.failed = true,
            (Combine::Any, true) => self.holding.push(place),
            _ => {}
        }
    }

    /// Whether the file can not be a hit any more.
    pub(super) fn is_lost(&self) -> bool {
        self.failed
    }

    /// The hits: filters, or `None` for all of them together.
    pub(super) fn hits(mut self) -> Vec<Option<usize>> {
        match self.plan.query.combine {
            Combine::All => {
                if self.failed {
                    Vec::new()
                } else {
                    vec![None]
                }
            }
            Combine::Any => {
                self.holding.sort_unstable();
                self.holding.into_iter().map(Some).collect()
            }
        }
    }
}

/// True if both are, false if one is, else unknown.
fn and(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
