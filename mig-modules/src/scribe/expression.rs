//! Regular expressions of a policy, each compiled once.

use crate::dialect::{DialectError, Pattern};
use std::{collections::HashMap, sync::Arc};

/// A compiled expression. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    text: Arc<str>,
    pattern: Arc<Pattern>,
}

impl Expression {
    pub(super) fn text(&self) -> &Arc<str> {
        &self.text
    }

    pub(super) fn pattern(&self) -> &Arc<Pattern> {
        &self.pattern
    }

    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        self.pattern.is_match(text)
    }

    /// The groups of the leftmost match; one that took no part is empty.
    pub(super) fn groups<'t>(&self, text: &'t [u8]) -> Option<impl Iterator<Item = &'t [u8]> + use<'t>> {
        let groups = self.pattern.captures(text)?.into_iter().skip(1);
        Some(groups.map(move |group| group.and_then(|range| text.get(range)).unwrap_or_default()))
    }
}

/// What was compiled so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Expressions(HashMap<Arc<str>, Result<Expression, DialectError>>);

impl Expressions {
    pub(super) fn compile(&mut self, text: &str) -> Result<Expression, DialectError> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        let compiled = Pattern::new(&text)
            .map(|pattern| Expression { text: Arc::clone(&text), pattern: Arc::new(pattern) });
        self.0.insert(text, compiled.clone());
        compiled
    }
}
