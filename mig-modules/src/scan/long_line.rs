//! Lines that are too long to be collected: automata of all expressions, fed as the bytes come.
//!
//! They see the text as the exact expressions do: each byte that is not UTF-8 is U+FFFD, and a CR at the end is gone.

use crate::{
    automaton::{GROUP_BYTES, Lazy, LentCache},
    dialect::Pattern,
    scan::{
        content::{Checkpoint, STEPS_BETWEEN_LOOKS, bytes_between_looks},
        group::{GROUP_WEIGHT, cache_bytes},
    },
};
use mig_core::module::Stop;
use regex_automata::{
    Anchored,
    hybrid::{LazyStateID, dfa::DFA},
    util::start,
};
use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

/// Builds the automata when the first long line comes: most scans never see one.
#[derive(Debug)]
pub(super) struct LongLineMatcher {
    patterns: Vec<Arc<Pattern>>,
    parts: OnceLock<Option<Vec<Part>>>,
}

/// Neighbours that are run together.
#[derive(Debug)]
struct Part {
    members: Range<usize>,
    weight: usize,
    lazy: Lazy,
}

impl LongLineMatcher {
    pub(super) fn new(patterns: Vec<Arc<Pattern>>) -> Self {
        Self { patterns, parts: OnceLock::new() }
    }

    /// Begins with a line, for those expressions that are wanted. `None` if one is too large to become an automaton.
    pub(super) fn start(&self, wanted: impl Fn(usize) -> bool) -> Option<LongLine<'_>> {
        let parts = self.parts.get_or_init(|| Part::all(&self.patterns)).as_ref()?;
        let parts = parts.iter().filter(|part| part.members.clone().any(&wanted)).map(PartOfLine::start);
        Some(LongLine {
            parts: parts.collect::<Option<_>>()?,
            matched: vec![false; self.patterns.len()],
            held: Vec::new(),
            steps: 0,
        })
    }
}

impl Part {
    fn all(patterns: &[Arc<Pattern>]) -> Option<Vec<Self>> {
        let mut parts = Vec::new();
        Self::divide(patterns, 0..patterns.len(), &mut parts).then_some(parts)
    }

    /// Puts as many neighbours together as one automaton may hold. False if one alone is too much.
    fn divide(all: &[Arc<Pattern>], members: Range<usize>, parts: &mut Vec<Self>) -> bool {
        let patterns = &all[members.clone()];
        let is_alone = patterns.len() < 2;
        let weight = patterns.iter().fold(0_usize, |sum, pattern| sum.saturating_add(pattern.weight()));
        if is_alone || weight <= GROUP_WEIGHT {
            let expressions: Vec<_> = patterns.iter().map(|pattern| pattern.hir()).collect();
            let memory = (!is_alone).then_some(GROUP_BYTES);
            let compiled = patterns.iter().map(|pattern| pattern.memory_usage()).sum();
            let cache = cache_bytes(patterns.len(), all.len(), compiled);
            if let Ok(lazy) = Lazy::new(&expressions, memory, DFA::config().cache_capacity(cache)) {
                parts.push(Self { members, weight, lazy });
                return true;
            }
        }
        let middle = members.start + members.len() / 2;
        !is_alone
            && Self::divide(all, members.start..middle, parts)
            && Self::divide(all, middle..members.end, parts)
    }
}

/// One long line.
#[derive(Debug)]
pub(super) struct LongLine<'a> {
    parts: Vec<PartOfLine<'a>>,
    /// Which expressions match, by their place.
    matched: Vec<bool>,
    /// The last bytes, if what follows decides what they are: a CR, or the begin of a character.
    held: Vec<u8>,
    /// Steps since the last look at the session.
    steps: usize,
}

/// One long line, as one automaton sees it.
#[derive(Debug)]
struct PartOfLine<'a> {
    part: &'a Part,
    cache: LentCache<'a>,
    /// `None` when nothing can match any more.
    state: Option<LazyStateID>,
}

impl LongLine<'_> {
    /// Takes the next piece of the line.
    pub(super) fn feed(&mut self, data: &[u8], checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        for piece in data.chunks(PIECE_BYTES) {
            let mut text = std::mem::take(&mut self.held);
            text.extend_from_slice(piece);
            if let Some(without_cr) = text.strip_suffix(b"\r") {
                let rest = self.feed_text(without_cr, checkpoint)?;
                self.bad_bytes(rest, checkpoint)?;
                self.held.push(b'\r');
            } else {
                let rest = self.feed_text(&text, checkpoint)?;
                self.held = text.split_off(text.len() - rest);
            }
        }
        Ok(())
    }

    /// The line ends: which expressions match, by their place.
    pub(super) fn finish(mut self, checkpoint: Checkpoint<'_>) -> Result<Vec<bool>, Stop> {
        if self.held != b"\r" {
            self.bad_bytes(self.held.len(), checkpoint)?;
        }
        for part in &mut self.parts {
            look_after(&mut self.steps, part.steps_of(1), checkpoint)?;
            part.finish(&mut self.matched);
        }
        Ok(self.matched)
    }

    /// Feeds text, and says how many bytes at its end may be the begin of a character.
    fn feed_text(&mut self, mut text: &[u8], checkpoint: Checkpoint<'_>) -> Result<usize, Stop> {
        loop {
            let error = match std::str::from_utf8(text) {
                Ok(all) => {
                    self.step(all.as_bytes(), checkpoint)?;
                    return Ok(0);
                }
                Err(error) => error,
            };
            let (good, rest) = text.split_at(error.valid_up_to());
            self.step(good, checkpoint)?;
            let Some(bad) = error.error_len() else { return Ok(rest.len()) };
            self.bad_bytes(bad, checkpoint)?;
            text = &rest[bad..];
        }
    }

    fn bad_bytes(&mut self, count: usize, checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        (0..count).try_for_each(|_| self.step("\u{FFFD}".as_bytes(), checkpoint))
    }

    fn step(&mut self, text: &[u8], checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        for part in &mut self.parts {
            for piece in text.chunks(bytes_between_looks(part.part.weight)) {
                look_after(&mut self.steps, part.steps_of(piece.len()), checkpoint)?;
                part.step(piece, &mut self.matched);
            }
        }
        Ok(())
    }
}

/// Looks at the session if the steps so far and the next ones together are many.
fn look_after(steps: &mut usize, next: usize, checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
    *steps = steps.saturating_add(next);
    if *steps < STEPS_BETWEEN_LOOKS {
        return Ok(());
    }
    *steps = 0;
    checkpoint()
}

impl<'a> PartOfLine<'a> {
    fn start(part: &'a Part) -> Option<Self> {
        let mut cache = part.lazy.cache();
        let begin = start::Config::new().anchored(Anchored::No);
        let state = part.lazy.automaton.start_state(&mut cache, &begin).ok()?;
        Some(Self { part, cache, state: Some(state) })
    }

    /// What some bytes cost at most.
    fn steps_of(&self, bytes: usize) -> usize {
        if self.state.is_some() {
            bytes.saturating_mul(self.part.weight.saturating_add(LIGHT_WEIGHT))
        } else {
            0
        }
    }

    fn step(&mut self, text: &[u8], matched: &mut [bool]) {
        for byte in text {
            let Some(state) = self.state else { return };
            // The automaton has no reason to give up that we gave it; if it does, nothing more is known.
            let next = self.part.lazy.automaton.next_state(&mut self.cache, state, *byte).ok();
            self.state = next.filter(|next| !next.is_dead() && !next.is_quit());
            // A match ends before this byte: not inside of a character, where only empty ones could.
            if let Some(next) = next.filter(|next| next.is_match() && !is_continuation(*byte)) {
                self.record(next, matched);
            }
        }
    }

    fn finish(&mut self, matched: &mut [bool]) {
        if let Some(state) = self.state
            && let Ok(last) = self.part.lazy.automaton.next_eoi_state(&mut self.cache, state)
        {
            self.record(last, matched);
        }
    }

    fn record(&mut self, state: LazyStateID, matched: &mut [bool]) {
        if state.is_match() {
            let automaton = &self.part.lazy.automaton;
            for index in 0..automaton.match_len(&self.cache, state) {
                let member = automaton.match_pattern(&self.cache, state, index).as_usize();
                matched[self.part.members.start + member] = true;
            }
        }
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Bytes that are looked at in one step.
const PIECE_BYTES: usize = 16 << 10;

/// What a byte costs anyway, in steps.
const LIGHT_WEIGHT: usize = 16;
