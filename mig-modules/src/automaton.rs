//! What the searches of files and of memory share: expressions over raw bytes, and automata that tell which of several match.

use regex_automata::{
    Input, MatchKind, PatternSet,
    hybrid::dfa::{self, Cache, DFA},
    meta::Regex,
    nfa::thompson,
    util::pool::{Pool, PoolGuard},
};
use regex_syntax::hir::Hir;
use std::{fmt, ops::Range};

/// Most memory for the states of one lazily built automaton and thread, in bytes.
pub(crate) const CACHE_BYTES: usize = 8 << 20;

/// Largest automaton of several expressions, in bytes before it is run.
pub(crate) const GROUP_BYTES: usize = 10 << 20;

/// Why expressions do not become an automaton.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TooLarge(String);

impl TooLarge {
    fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Puts as many neighbours together as `build` takes. Who stays alone is in no group.
pub(crate) fn groups<G>(members: Range<usize>, build: &dyn Fn(Range<usize>) -> Option<G>) -> Vec<G> {
    if members.len() < 2 {
        return Vec::new();
    }
    if let Some(group) = build(members.clone()) {
        return vec![group];
    }
    let middle = members.start + members.len() / 2;
    let mut all = groups(members.start..middle, build);
    all.extend(groups(middle..members.end, build));
    all
}

/// Compiles expressions that are asked only whether and where any matches. `nfa_bytes` limits the automaton before it is run,
/// `cache_bytes` the states of one thread.
pub(crate) fn regex(expressions: &[&Hir], nfa_bytes: usize, cache_bytes: usize) -> Result<Regex, TooLarge> {
    let config =
        Regex::config().utf8_empty(false).hybrid_cache_capacity(cache_bytes).nfa_size_limit(Some(nfa_bytes));
    Regex::builder().configure(config).build_many_from_hir(expressions).map_err(TooLarge::new)
}

/// An automaton that tells the end of each match of each of its expressions, and is built while it runs.
pub(crate) struct Lazy {
    pub(crate) automaton: DFA,
    caches: Pool<Cache, Maker>,
}

type Maker = Box<dyn Fn() -> Cache + Send + Sync>;

/// A cache of a [`Lazy`] automaton, lent to one who runs it.
pub(crate) type LentCache<'a> = PoolGuard<'a, Cache, Maker>;

impl Lazy {
    /// Compiles expressions. `nfa_bytes` limits the automaton before it is run; the configuration says when it gives up.
    pub(crate) fn new(
        expressions: &[&Hir],
        nfa_bytes: Option<usize>,
        config: dfa::Config,
    ) -> Result<Self, TooLarge> {
        // Every end of a match counts; those inside of a character are for the caller to sort out.
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).shrink(false).nfa_size_limit(nfa_bytes))
            .build_many_from_hir(expressions)
            .map_err(TooLarge::new)?;
        let config = config.match_kind(MatchKind::All).skip_cache_capacity_check(true);
        let automaton = DFA::builder().configure(config).build_from_nfa(nfa).map_err(TooLarge::new)?;
        let maker = automaton.clone();
        Ok(Self { automaton, caches: Pool::new(Box::new(move || maker.create_cache())) })
    }

    /// Which expressions match; `None` if the automaton gave up, so that every expression has to be asked on its own.
    pub(crate) fn which(&self, input: &Input<'_>) -> Option<PatternSet> {
        let mut matching = PatternSet::new(self.automaton.pattern_len());
        let search = self.automaton.try_which_overlapping_matches(&mut self.cache(), input, &mut matching);
        search.ok().map(|()| matching)
    }

    pub(crate) fn cache(&self) -> LentCache<'_> {
        self.caches.get()
    }
}

impl fmt::Debug for Lazy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lazy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expressions(patterns: &[&str]) -> Vec<Hir> {
        let mut parser = regex_syntax::ParserBuilder::new().utf8(false).build();
        patterns.iter().map(|pattern| parser.parse(pattern).unwrap()).collect()
    }

    #[test]
    fn all_expressions_that_match_are_told_also_where_they_overlap() {
        let expressions = expressions(&["abc", "b", "x", "bcd"]);
        let expressions: Vec<&Hir> = expressions.iter().collect();
        let config = DFA::config().cache_capacity(CACHE_BYTES);
        let lazy = Lazy::new(&expressions, Some(GROUP_BYTES), config).unwrap();
        let matching = lazy.which(&Input::new(b"\xffabcd")).unwrap();
        assert_eq!(matching.iter().map(|id| id.as_usize()).collect::<Vec<_>>(), [0, 1, 3]);
        assert!(regex(&expressions, GROUP_BYTES, CACHE_BYTES).unwrap().is_match(b"xy"));
    }

    #[test]
    fn what_is_too_large_is_an_error() {
        let expressions = expressions(&["[a-z]{500}"]);
        let config = DFA::config().cache_capacity(CACHE_BYTES);
        assert!(Lazy::new(&[&expressions[0]], Some(1000), config).is_err());
        assert!(regex(&[&expressions[0]], 1000, CACHE_BYTES).is_err());
    }

    #[test]
    fn neighbours_are_put_together_as_far_as_they_fit() {
        let fits = |members: Range<usize>| (!members.contains(&2) && members.len() <= 3).then_some(members);
        assert_eq!(groups(0..8, &fits), [0..2, 4..6, 6..8]);
        assert_eq!(groups(3..6, &fits), vec![3..6; 1]);
        assert!(groups(3..4, &fits).is_empty());
    }
}
