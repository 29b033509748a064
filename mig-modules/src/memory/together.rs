//! Many expressions in one automaton: first whether any matches in a piece, then which.

use super::matcher::View;
use crate::automaton::{CACHE_BYTES, GROUP_BYTES, Lazy, TooLarge, groups, regex};
use regex_automata::{Input, PatternID, hybrid::dfa::DFA, meta::Regex};
use regex_syntax::hir::Hir;
use std::ops::Range;

/// Fewer open expressions than this are searched for one by one.
const MIN_OPEN: usize = 2;

/// Neighbouring expressions over raw bytes.
#[derive(Debug)]
pub(super) struct Together {
    members: Range<usize>,
    any: Regex,
    which: Lazy,
}

impl Together {
    /// Puts as many neighbours together as one automaton may hold. Those in no group are too large for one.
    pub(super) fn of(expressions: &[Hir]) -> Vec<Self> {
        groups(0..expressions.len(), &|members| Self::new(expressions.get(members.clone())?, members).ok())
    }

    fn new(expressions: &[Hir], members: Range<usize>) -> Result<Self, TooLarge> {
        // One expression is searched for in more ways than several.
        let any = regex(&[&Hir::alternation(expressions.to_vec())], GROUP_BYTES, CACHE_BYTES)?;
        let expressions: Vec<&Hir> = expressions.iter().collect();
        let which = Lazy::new(&expressions, Some(GROUP_BYTES), DFA::config().cache_capacity(CACHE_BYTES))?;
        Ok(Self { members, any, which })
    }

    /// Leaves of the possible expressions those that may match in the piece.
    pub(super) fn narrow(&self, view: View<'_>, possible: &mut [bool]) {
        let possible = &mut possible[self.members.clone()];
        if possible.iter().filter(|possible| **possible).count() < MIN_OPEN {
            return;
        }
        if self.any.search_half(&view.input()).is_none() {
            possible.fill(false);
            return;
        }
        // Where the automaton gives up, every expression looks for itself.
        if let Some(found) = self.which.which(&Input::new(view.bytes).range(view.inner(1))) {
            for (place, possible) in possible.iter_mut().enumerate() {
                *possible &= PatternID::new(place).is_ok_and(|id| found.contains(id));
            }
        }
    }
}
