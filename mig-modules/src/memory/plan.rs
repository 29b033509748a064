//! All searches of a run, with what they look for in memory put together.

use super::{
    matcher::{Asked, BuildError, Matcher},
    params::{self, LabelledSearch, Params},
    scope::{Scope, Window},
    wire::Search,
};
use crate::dialect::Pattern;

/// Searches that are ready to run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) searches: Vec<PlannedSearch>,
    pub(super) scopes: Vec<Scope>,
}

#[derive(Debug)]
pub(super) struct PlannedSearch {
    pub(super) label: String,
    /// The search as results repeat it.
    pub(super) echo: Search,
    pub(super) checks: Vec<Check>,
}

#[derive(Debug)]
pub(super) struct Check {
    pub(super) test: Test,
    /// A search with nothing but this value.
    pub(super) echo: Search,
}

/// What is asked of a process.
#[derive(Debug)]
pub(super) enum Test {
    Name(Pattern),
    Library(Pattern),
    /// An expression of the matcher of a scope.
    Memory {
        scope: usize,
        expression: usize,
    },
}

impl Plan {
    /// Compiles searches.
    pub(super) fn new(params: Params) -> Result<Self, BuildError> {
        let mut asked: Vec<(Window, Vec<Asked>)> = Vec::new();
        let searches = params.searches.into_iter().map(|search| planned(search, &mut asked)).collect();
        let scopes = asked
            .into_iter()
            .map(|(window, asked)| Ok(Scope { window, matcher: Matcher::new(asked)? }))
            .collect::<Result<_, _>>()?;
        Ok(Self { searches, scopes })
    }

    /// Whether any search looks into memory.
    pub(super) fn wants_memory(&self) -> bool {
        !self.scopes.is_empty()
    }
}

fn planned(search: LabelledSearch, asked: &mut Vec<(Window, Vec<Asked>)>) -> PlannedSearch {
    let LabelledSearch { label, echo, window, checks } = search;
    let mut memory = |expression| {
        let known = asked.iter().position(|(other, _)| *other == window);
        let scope = known.unwrap_or_else(|| {
            asked.push((window, Vec::new()));
            asked.len() - 1
        });
        asked[scope].1.push(expression);
        Test::Memory { scope, expression: asked[scope].1.len() - 1 }
    };
    let mut check = |params::Check { test, echo }| {
        let test = match test {
            params::Test::Name(pattern) => Test::Name(pattern),
            params::Test::Library(pattern) => Test::Library(pattern),
            params::Test::Content(pattern) => memory(Asked::pattern(&pattern)),
            params::Test::Bytes(bytes) => memory(Asked::bytes(&bytes)),
        };
        Check { test, echo }
    };
    let checks = checks.into_iter().map(&mut check).collect();
    PlannedSearch { label, echo, checks }
}
