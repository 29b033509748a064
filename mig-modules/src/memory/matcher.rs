//! Which expressions match in the memory of a process, over pieces of any size.
//!
//! Byte strings and regular expressions are one thing here: expressions over raw bytes ([`Superset::of_text`]). An expression
//! that may see a byte which is not UTF-8 - it counts as U+FFFD - finds candidates; where one hits, the exact expression is
//! asked about the piece as text.
//!
//! The text of an expression is memory without a gap: `^` and `$` match at its ends. It is searched in pieces that overlap by
//! [`Matcher::overlap`], so that a match of up to [`MAX_REACH`] bytes is found wherever it lies. A longer one, which only
//! expressions such as `a.*b` have, is found unless the border of two pieces of a MiB cuts it.

use super::{text::Text, together::Together};
use crate::{
    automaton::{CACHE_BYTES, regex},
    dialect::{Pattern, Superset},
};
use mig_core::module::Stop;
use regex_automata::{Input, meta::Regex};
use regex_syntax::hir::Hir;
use std::ops::Range;

/// Longest match that is found across the border of two pieces, in bytes.
pub(super) const MAX_REACH: usize = 64 << 10;

/// Largest automaton of one expression, in bytes before it is run.
const EXPRESSION_BYTES: usize = 64 << 20;

/// Memory for all expressions of a matcher, in bytes.
const ALL_EXPRESSIONS_BYTES: usize = 512 << 20;

/// Bytes around what is searched that are looked at as neighbours only: one character.
pub(super) const CONTEXT_BYTES: usize = 4;

/// Says whether the run shall go on.
pub(super) type Checkpoint<'a> = &'a dyn Fn() -> Result<(), Stop>;

/// Expressions are too large to be searched for.
#[derive(Debug, thiserror::Error)]
#[error("the contents are too large to be searched for: {0}")]
pub(super) struct BuildError(String);

impl BuildError {
    pub(super) fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// A piece of memory, and what lies around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) bytes: &'a [u8],
    /// Nothing lies before it. Otherwise its begin belongs to the piece before, too.
    pub(crate) is_first: bool,
    /// Nothing lies behind it. Otherwise its end will belong to the next piece, too.
    pub(crate) is_last: bool,
}

impl<'a> View<'a> {
    /// What is searched; the rest is context.
    pub(super) fn inner(&self, context: usize) -> Range<usize> {
        let length = self.bytes.len();
        let start = if self.is_first { 0 } else { context.min(length) };
        let end = if self.is_last { length } else { length.saturating_sub(context) };
        start..end.max(start)
    }

    /// For a search of whole bytes: all that can be, so that nothing at an edge hangs on the context.
    pub(super) fn input(&self) -> Input<'a> {
        Input::new(self.bytes).range(self.inner(1)).earliest(true)
    }
}

/// Expressions that are searched for together, numbered in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    expressions: Vec<Expression>,
    /// Neighbours that one automaton finds; see [`Together`].
    groups: Vec<Together>,
    reach: usize,
}

#[derive(Debug)]
struct Expression {
    raw: Regex,
    /// Over text; `None` if the raw expression says the same.
    exact: Option<Regex>,
}

impl Matcher {
    /// Compiles expressions over raw bytes, each with the pattern it was made of, if that has to confirm what is found.
    pub(super) fn new(asked: Vec<Asked>) -> Result<Self, BuildError> {
        let mut memory = 0;
        let mut expressions = Vec::with_capacity(asked.len());
        for Asked { raw, exact } in &asked {
            let expression =
                Expression { raw: compile(raw)?, exact: exact.as_ref().map(compile).transpose()? };
            memory += expression.raw.memory_usage();
            memory += expression.exact.as_ref().map_or(0, Regex::memory_usage);
            if memory > ALL_EXPRESSIONS_BYTES {
                let reason = format!("together they take more than {ALL_EXPRESSIONS_BYTES} bytes");
                return Err(BuildError::new(reason));
            }
            expressions.push(expression);
        }
        let raw: Vec<Hir> = asked.into_iter().map(|asked| asked.raw).collect();
        let length = |hir: &Hir| hir.properties().maximum_len().unwrap_or(MAX_REACH).min(MAX_REACH);
        let reach = raw.iter().map(length).max().unwrap_or(0);
        Ok(Self { expressions, groups: Together::of(&raw), reach })
    }

    /// How many bytes of a piece the next one has to repeat.
    pub(super) fn overlap(&self) -> usize {
        self.reach + 2 * CONTEXT_BYTES
    }

    pub(super) fn len(&self) -> usize {
        self.expressions.len()
    }

    /// Looks for those expressions that are open, and closes those that match. An expression may take long: `checkpoint` is
    /// asked before each.
    pub(super) fn search(
        &self,
        view: View<'_>,
        open: &mut [bool],
        checkpoint: Checkpoint<'_>,
    ) -> Result<(), Stop> {
        let mut text = None;
        for place in self.candidates(view, open) {
            checkpoint()?;
            let Expression { raw, exact } = &self.expressions[place];
            let is_candidate = raw.search_half(&view.input()).is_some();
            let is_match = is_candidate
                && exact
                    .as_ref()
                    .is_none_or(|exact| text.get_or_insert_with(|| Text::new(view)).is_match(exact));
            open[place] &= !is_match;
        }
        Ok(())
    }

    /// The open expressions that may match, as far as their groups tell.
    fn candidates(&self, view: View<'_>, open: &[bool]) -> Vec<usize> {
        let mut possible = open.to_vec();
        for group in &self.groups {
            group.narrow(view, &mut possible);
        }
        (0..possible.len()).filter(|place| possible[*place]).collect()
    }
}

/// An expression to search for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    raw: Hir,
    exact: Option<Hir>,
}

impl Asked {
    /// A regular expression.
    pub(super) fn pattern(pattern: &Pattern) -> Self {
        let superset = Superset::of_text(pattern.hir());
        let exact = (!superset.is_exact()).then(|| pattern.hir().clone());
        Self { raw: superset.hir().clone(), exact }
    }

    /// A byte string.
    pub(super) fn bytes(bytes: &[u8]) -> Self {
        Self { raw: Hir::literal(bytes), exact: None }
    }
}

fn compile(hir: &Hir) -> Result<Regex, BuildError> {
    regex(&[hir], EXPRESSION_BYTES, CACHE_BYTES).map_err(BuildError::new)
}
