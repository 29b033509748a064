//! Many expressions in one automaton: first whether any matches in a piece, then which.

use super::matcher::{AUTOMATON_CACHE_BYTES, BuildError, View, build};
use regex_automata::{
    Input, MatchKind, PatternID, PatternSet,
    hybrid::dfa::{Cache, DFA},
    meta::Regex,
    nfa::thompson,
    util::pool::Pool,
};
use regex_syntax::hir::Hir;
use std::{fmt, ops::Range};

/// Largest automaton of several expressions, in bytes before it is run.
const GROUP_BYTES: usize = 10 << 20;

/// Fewer open expressions than this are searched for one by one.
const MIN_OPEN: usize = 2;

/// Neighbouring expressions over raw bytes.
pub(super) struct Together {
    members: Range<usize>,
    any: Regex,
    which: DFA,
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
}

impl Together {
    /// Puts as many neighbours together as one automaton may hold. Those in no group are too large for one.
    pub(super) fn of(expressions: &[Hir]) -> Vec<Self> {
        let mut groups = Vec::new();
        let all = 0..expressions.len();
        let mut waiting = vec![all];
        while let Some(members) = waiting.pop() {
            if members.len() < MIN_OPEN {
                continue;
            }
            match Self::new(&expressions[members.clone()], members.clone()) {
                Ok(group) => groups.push(group),
                Err(_) => {
                    let middle = members.start + members.len() / 2;
                    waiting.extend([members.start..middle, middle..members.end]);
                }
            }
        }
        groups
    }

    fn new(expressions: &[Hir], members: Range<usize>) -> Result<Self, BuildError> {
        let any = build(&Hir::alternation(expressions.to_vec()), GROUP_BYTES)?;
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).shrink(false).nfa_size_limit(Some(GROUP_BYTES)))
            .build_many_from_hir(expressions)
            .map_err(BuildError::new)?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(AUTOMATON_CACHE_BYTES)
            .skip_cache_capacity_check(true);
        let which = DFA::builder().configure(config).build_from_nfa(nfa).map_err(BuildError::new)?;
        let maker = which.clone();
        let caches =
            Pool::new(Box::new(move || maker.create_cache()) as Box<dyn Fn() -> Cache + Send + Sync>);
        Ok(Self { members, any, which, caches })
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
        let mut found = PatternSet::new(self.which.pattern_len());
        let input = Input::new(view.bytes).range(view.inner(1));
        // Where the automaton gives up, every expression looks for itself.
        if self.which.try_which_overlapping_matches(&mut self.caches.get(), &input, &mut found).is_ok() {
            for (place, possible) in possible.iter_mut().enumerate() {
                *possible &= PatternID::new(place).is_ok_and(|id| found.contains(id));
            }
        }
    }
}

impl fmt::Debug for Together {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Together").field("members", &self.members).finish_non_exhaustive()
    }
}
