//! Expressions that one automaton looks for together.

use crate::{
    automaton::{CACHE_BYTES, GROUP_BYTES, Lazy, groups, regex},
    dialect::Pattern,
    scan::content::{BuildError, MAX_LINE_BYTES, bytes_between_looks},
};
use memchr::memrchr;
use regex_automata::{
    Input, MatchError, MatchKind, PatternID, PatternSet, hybrid::dfa::DFA, meta::Regex,
    util::prefilter::Prefilter,
};
use regex_syntax::hir::Hir;
use std::ops::Range;

/// Memory for the states of all automata of one kind and one thread, in bytes.
const ALL_CACHES_BYTES: usize = 256 << 20;

/// Memory for the states of one hasty automaton and thread, in bytes. To fill it takes some hundredths of a second.
const HASTY_CACHE_BYTES: usize = 2 << 20;

/// Heaviest expressions that are looked for together: a cache has room for few states of a heavier automaton.
pub(super) const GROUP_WEIGHT: usize = 16 << 10;

/// Least bytes that a state of a hasty automaton must have been good for, on average, when there is no room for more.
const MIN_BYTES_PER_STATE: usize = 16;

/// One expression over lines, and what is known of it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) superset: Hir,
    /// See [`Pattern::weight`](crate::dialect::Pattern::weight).
    pub(super) weight: usize,
    /// Its compiled form, in bytes.
    pub(super) memory: usize,
}

impl Member {
    pub(super) fn new(pattern: &Pattern) -> Self {
        Self {
            superset: pattern.superset().hir().clone(),
            weight: pattern.weight(),
            memory: pattern.memory_usage(),
        }
    }
}

/// Neighbours that are searched for by one automaton.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) members: Range<usize>,
    together: Together,
}

impl Group {
    /// Puts as many neighbours together as one automaton may hold. Who stays alone is in no group.
    pub(super) fn all(members: &[Member]) -> Vec<Self> {
        groups(0..members.len(), &|range| {
            let together = Together::new(members.get(range.clone())?, members.len()).ok()?;
            Some(Self { members: range, together })
        })
    }

    /// Adds those of some members that may match in the block to the candidates.
    pub(super) fn select(&self, asked: &[usize], block: &[u8], candidates: &mut Vec<usize>) {
        if asked.len() < 2 {
            return candidates.extend(asked);
        }
        match self.together.possible(block) {
            Possible::All => candidates.extend(asked),
            Possible::None => {}
            Possible::Some(set) => {
                let possible = |place: &&usize| contains(&set, **place - self.members.start);
                candidates.extend(asked.iter().filter(possible));
            }
        }
    }
}

/// All expressions in one automaton: first whether any hits, then which.
#[derive(Debug)]
struct Together {
    /// `None` if a search could take long.
    any: Option<Regex>,
    which: Lazy,
}

enum Possible {
    None,
    Some(PatternSet),
    All,
}

impl Together {
    fn new(members: &[Member], of: usize) -> Result<Self, BuildError> {
        let cache = cache_bytes(members.len(), of, members.iter().map(|member| member.memory).sum());
        let supersets: Vec<&Hir> = members.iter().map(|member| &member.superset).collect();
        let weight = members.iter().fold(0_usize, |sum, member| sum.saturating_add(member.weight));
        if weight > GROUP_WEIGHT {
            return Err(BuildError::new("too heavy to be looked for together"));
        }
        if bytes_between_looks(weight) < MAX_LINE_BYTES {
            return Ok(Self { any: None, which: hasty(&supersets, weight, GROUP_BYTES, cache)? });
        }
        let any = regex(&supersets, GROUP_BYTES, cache).map_err(BuildError::new)?;
        let config = DFA::config().cache_capacity(cache);
        let which = Lazy::new(&supersets, Some(GROUP_BYTES), config).map_err(BuildError::new)?;
        Ok(Self { any: Some(any), which })
    }

    /// The first place where any hits.
    fn hit(&self, block: &[u8]) -> Result<Option<usize>, MatchError> {
        self.any.as_ref().map_or_else(|| first_end(&self.which, block), |any| Ok(hit(any, block, 0)))
    }

    /// Which expressions may match in the block.
    fn possible(&self, block: &[u8]) -> Possible {
        let place = match self.hit(block) {
            Ok(Some(place)) => place,
            Ok(None) => return Possible::None,
            Err(_) => return Possible::All,
        };
        let begin = memrchr(b'\n', &block[..place]).map_or(0, |end| end + 1);
        self.which.which(&Input::new(block).range(begin..)).map_or(Possible::All, Possible::Some)
    }
}

/// An automaton that gives up when it would have to build states again and again. A state takes time as it takes memory, so that
/// the cache bounds the time of a search too. Limits are those of [`Lazy::new`].
pub(super) fn hasty(
    expressions: &[&Hir],
    weight: usize,
    nfa_bytes: usize,
    cache_bytes: usize,
) -> Result<Lazy, BuildError> {
    // The heavier a state may be, the longer it must last.
    let bytes_per_state = (MAX_LINE_BYTES / bytes_between_looks(weight)).max(MIN_BYTES_PER_STATE);
    let config = DFA::config()
        .cache_capacity(cache_bytes.min(HASTY_CACHE_BYTES))
        .prefilter(Prefilter::from_hirs_prefix(MatchKind::All, expressions))
        .minimum_cache_clear_count(Some(0))
        .minimum_bytes_per_state(Some(bytes_per_state));
    Lazy::new(expressions, Some(nfa_bytes), config).map_err(BuildError::new)
}

/// Where the first match ends, or that the automaton gave up.
pub(super) fn first_end(lazy: &Lazy, block: &[u8]) -> Result<Option<usize>, MatchError> {
    let half = lazy.automaton.try_search_fwd(&mut lazy.cache(), &Input::new(block).earliest(true))?;
    Ok(half.map(|half| half.offset()))
}

/// What some of all expressions may keep of the states of their automaton, in bytes. `memory` is their compiled form.
pub(super) fn cache_bytes(some: usize, all: usize, memory: usize) -> usize {
    let share = ALL_CACHES_BYTES / all.max(1) * some;
    // An automaton wants about 40 bytes for each of its states to work at all; compiled they take more.
    share.max(memory.saturating_mul(2)).min(CACHE_BYTES)
}

/// Where the first match ends; inside of its line, as supersets never take in a line end.
pub(super) fn hit(regex: &Regex, block: &[u8], from: usize) -> Option<usize> {
    regex.search_half(&Input::new(block).range(from..).earliest(true)).map(|half| half.offset())
}

fn contains(set: &PatternSet, expression: usize) -> bool {
    PatternID::new(expression).is_ok_and(|id| set.contains(id))
}
