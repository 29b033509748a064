//! Lines that are too long to be collected: one automaton of all expressions, fed as the bytes come.
//!
//! It sees the text as the exact expressions do: each byte that is not UTF-8 is U+FFFD, and a CR at the end is gone.

use crate::{dialect::Pattern, scan::content::AUTOMATON_CACHE_BYTES};
use regex_automata::{
    Anchored, MatchKind, PatternSet,
    hybrid::{
        LazyStateID,
        dfa::{Cache, DFA},
    },
    nfa::thompson,
    util::start,
};
use std::sync::{Arc, OnceLock};

/// Builds the automaton when the first long line comes: most scans never see one.
#[derive(Debug)]
pub(super) struct LongLineMatcher {
    patterns: Vec<Arc<Pattern>>,
    automaton: OnceLock<Option<DFA>>,
}

impl LongLineMatcher {
    pub(super) fn new(patterns: Vec<Arc<Pattern>>) -> Self {
        Self { patterns, automaton: OnceLock::new() }
    }

    /// Begins with a line. `None` if the expressions are too large to become one automaton.
    pub(super) fn start(&self) -> Option<LongLine<'_>> {
        let automaton = self.automaton.get_or_init(|| build(&self.patterns)).as_ref()?;
        let mut cache = automaton.create_cache();
        let begin = start::Config::new().anchored(Anchored::No);
        let state = automaton.start_state(&mut cache, &begin).ok()?;
        let matched = PatternSet::new(automaton.pattern_len());
        Some(LongLine { automaton, cache, state: Some(state), matched, held: Vec::new() })
    }
}

fn build(patterns: &[Arc<Pattern>]) -> Option<DFA> {
    let expressions: Vec<_> = patterns.iter().map(|pattern| pattern.hir()).collect();
    // Every end of a match counts, those inside of a character are sorted out below.
    let nfa = thompson::Compiler::new()
        .configure(thompson::Config::new().utf8(false))
        .build_many_from_hir(&expressions)
        .ok()?;
    let config = DFA::config()
        .match_kind(MatchKind::All)
        .cache_capacity(AUTOMATON_CACHE_BYTES)
        .skip_cache_capacity_check(true);
    DFA::builder().configure(config).build_from_nfa(nfa).ok()
}

/// One long line.
#[derive(Debug)]
pub(super) struct LongLine<'a> {
    automaton: &'a DFA,
    cache: Cache,
    /// `None` when nothing can match any more.
    state: Option<LazyStateID>,
    matched: PatternSet,
    /// The last bytes, if what follows decides what they are: a CR, or the begin of a character.
    held: Vec<u8>,
}

impl LongLine<'_> {
    /// Takes the next piece of the line.
    pub(super) fn feed(&mut self, data: &[u8]) {
        for piece in data.chunks(PIECE_BYTES) {
            let mut text = std::mem::take(&mut self.held);
            text.extend_from_slice(piece);
            if let Some(without_cr) = text.strip_suffix(b"\r") {
                let rest = self.feed_text(without_cr);
                self.bad_bytes(rest);
                self.held.push(b'\r');
            } else {
                let rest = self.feed_text(&text);
                self.held = text.split_off(text.len() - rest);
            }
        }
    }

    /// The line ends: which expressions match, by their place.
    pub(super) fn finish(mut self) -> PatternSet {
        if self.held != b"\r" {
            self.bad_bytes(self.held.len());
        }
        if let Some(state) = self.state
            && let Ok(last) = self.automaton.next_eoi_state(&mut self.cache, state)
        {
            self.record(last);
        }
        self.matched
    }

    /// Feeds text, and says how many bytes at its end may be the begin of a character.
    fn feed_text(&mut self, mut text: &[u8]) -> usize {
        loop {
            let error = match std::str::from_utf8(text) {
                Ok(all) => {
                    self.step(all.as_bytes());
                    return 0;
                }
                Err(error) => error,
            };
            let (good, rest) = text.split_at(error.valid_up_to());
            self.step(good);
            let Some(bad) = error.error_len() else { return rest.len() };
            self.bad_bytes(bad);
            text = &rest[bad..];
        }
    }

    fn bad_bytes(&mut self, count: usize) {
        for _ in 0..count {
            self.step("\u{FFFD}".as_bytes());
        }
    }

    fn step(&mut self, text: &[u8]) {
        for byte in text {
            let Some(state) = self.state else { return };
            // The automaton has no reason to give up that we gave it; if it does, nothing more is known.
            let next = self.automaton.next_state(&mut self.cache, state, *byte).ok();
            self.state = next.filter(|next| !next.is_dead() && !next.is_quit());
            // A match ends before this byte: not inside of a character, where only empty ones could.
            if let Some(next) = next.filter(|next| next.is_match() && !is_continuation(*byte)) {
                self.record(next);
            }
        }
    }

    fn record(&mut self, state: LazyStateID) {
        if state.is_match() {
            for index in 0..self.automaton.match_len(&self.cache, state) {
                self.matched.insert(self.automaton.match_pattern(&self.cache, state, index));
            }
        }
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Bytes that are looked at in one step.
const PIECE_BYTES: usize = 16 << 10;
