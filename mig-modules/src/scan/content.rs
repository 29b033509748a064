//! Which expressions match the lines of a file, over chunks of any size and in bounded memory.
//!
//! The fast path searches whole chunks with automata that may match too much, never too little
//! ([`Pattern::superset`]). Only where one hits is the line found and asked exactly. So the usual file costs one search
//! per chunk, however many lines and expressions there are. A line that is longer than [`MAX_LINE_BYTES`] is not
//! collected but run through [`LongLine`], byte by byte.

use crate::{
    dialect::Pattern,
    scan::long_line::{LongLine, LongLineMatcher},
};
use memchr::{memchr, memrchr};
use mig_core::module::Stop;
use regex_automata::{
    Input, MatchKind, PatternSet,
    hybrid::dfa::{Cache, DFA},
    meta::Regex,
    nfa::thompson,
    util::pool::Pool,
};
use regex_syntax::hir::Hir;
use std::{fmt, ops::Range, sync::Arc};

/// Longest line, in bytes, that is put together from several chunks.
pub(super) const MAX_LINE_BYTES: usize = 256 << 10;

/// Memory for the states of one lazily built automaton and thread, in bytes.
pub(super) const AUTOMATON_CACHE_BYTES: usize = 8 << 20;

/// Largest automaton of one expression, in bytes before it is run.
const EXPRESSION_BYTES: usize = 64 << 20;

/// Largest automaton of several expressions, in bytes before it is run.
const GROUP_BYTES: usize = 10 << 20;

/// Memory for all expressions of one run, in bytes.
const ALL_EXPRESSIONS_BYTES: usize = 512 << 20;

/// Says whether the run shall go on.
pub(super) type Checkpoint<'a> = &'a dyn Fn() -> Result<(), Stop>;

/// What is asked of the lines of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// One line matches.
    Any,
    /// There is a line, and all match.
    Every,
}

/// An expression is too large to be searched for.
#[derive(Debug, thiserror::Error)]
#[error("the contents are too large to be searched for: {0}")]
pub struct BuildError(String);

impl BuildError {
    pub(super) fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Expressions for lines, compiled together; shared by all threads.
#[derive(Debug)]
pub(super) struct LineMatcher {
    expressions: Vec<Expression>,
    /// Expressions that one automaton can hold, in their order; those in none are searched for one by one.
    groups: Vec<Group>,
    long: LongLineMatcher,
}

#[derive(Debug)]
struct Expression {
    pattern: Arc<Pattern>,
    quantifier: Quantifier,
    superset: Regex,
}

impl LineMatcher {
    /// Compiles these expressions. They are numbered by their place.
    pub(super) fn new(asked: Vec<(Arc<Pattern>, Quantifier)>) -> Result<Self, BuildError> {
        let supersets: Vec<Hir> = asked.iter().map(|(pattern, _)| pattern.superset().hir().clone()).collect();
        let long = LongLineMatcher::new(asked.iter().map(|(pattern, _)| Arc::clone(pattern)).collect());
        let mut memory = 0;
        let expressions = asked.into_iter().zip(&supersets).map(|((pattern, quantifier), superset)| {
            let superset = build(std::slice::from_ref(superset), EXPRESSION_BYTES)?;
            memory += superset.memory_usage();
            if memory > ALL_EXPRESSIONS_BYTES {
                return Err(BuildError::new(format!(
                    "together they take more than {ALL_EXPRESSIONS_BYTES} bytes"
                )));
            }
            Ok(Expression { pattern, quantifier, superset })
        });
        let expressions = expressions.collect::<Result<_, _>>()?;
        let mut groups = Vec::new();
        group(&supersets, 0..supersets.len(), &mut groups);
        Ok(Self { expressions, groups, long })
    }

    /// Begins with a file. Nothing is asked until [`LineScan::want`] says so.
    pub(super) fn start(&self) -> LineScan<'_> {
        LineScan {
            matcher: self,
            answers: vec![Answer::Unwanted; self.expressions.len()],
            open: 0,
            lines: false,
            partial: Vec::new(),
            long: None,
            blind: false,
        }
    }
}

/// The lines of one file.
#[derive(Debug)]
pub(super) struct LineScan<'a> {
    matcher: &'a LineMatcher,
    answers: Vec<Answer>,
    /// How many answers are open.
    open: usize,
    /// Whether there was a line.
    lines: bool,
    /// The begin of a line whose end did not come yet.
    partial: Vec<u8>,
    /// The line is too long for `partial`.
    long: Option<LongLine<'a>>,
    /// A long line could not be searched.
    blind: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Unwanted,
    Open,
    /// A line matched, of an expression that asks for any; or did not, of one that asks for every line.
    Decided,
}

impl<'a> LineScan<'a> {
    /// Asks for an expression.
    pub(super) fn want(&mut self, expression: usize) {
        if self.answers[expression] == Answer::Unwanted {
            self.answers[expression] = Answer::Open;
            self.open += 1;
        }
    }

    /// Takes back what is still open, except what `keep` says.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        for (expression, answer) in self.answers.iter_mut().enumerate() {
            if *answer == Answer::Open && !keep(expression) {
                *answer = Answer::Unwanted;
                self.open -= 1;
            }
        }
    }

    /// How many answers more data may change. Nothing needs to be fed when there is none.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// What is known of an expression when the file was read to its end (`complete`) or to some place. `None` if the
    /// rest would have to tell.
    pub(super) fn answer(&self, expression: usize, complete: bool) -> Option<bool> {
        let quantifier = self.matcher.expressions[expression].quantifier;
        match (quantifier, self.answers[expression]) {
            (Quantifier::Any, Answer::Decided) => Some(true),
            (Quantifier::Every, Answer::Decided) => Some(false),
            (_, Answer::Open) if self.blind => None,
            (Quantifier::Any, Answer::Open) if complete => Some(false),
            (Quantifier::Every, Answer::Open) if complete => Some(self.lines),
            _ => None,
        }
    }

    /// Whether there was a line too long for these expressions, so that what is open stays so.
    pub(super) fn is_blind(&self) -> bool {
        self.blind && self.open > 0
    }

    /// Takes the next piece of the file. An expression may take long: `checkpoint` is asked before each.
    pub(super) fn feed(&mut self, mut data: &[u8], checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        if self.is_in_line() {
            let Some(end) = memchr(b'\n', data) else {
                self.hold(data);
                return Ok(());
            };
            self.hold(&data[..end]);
            self.end_line(checkpoint)?;
            data = &data[end + 1..];
        }
        match memrchr(b'\n', data) {
            Some(last) => {
                self.search(&data[..last], checkpoint)?;
                self.hold(&data[last + 1..]);
            }
            None => self.hold(data),
        }
        Ok(())
    }

    /// The file ends.
    pub(super) fn finish(&mut self, checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        if self.is_in_line() { self.end_line(checkpoint) } else { Ok(()) }
    }

    fn is_in_line(&self) -> bool {
        self.long.is_some() || !self.partial.is_empty()
    }

    /// Keeps a piece of a line for later.
    fn hold(&mut self, piece: &[u8]) {
        if self.open == 0 {
            return;
        }
        if let Some(long) = &mut self.long {
            long.feed(piece);
        } else if self.partial.len() + piece.len() <= MAX_LINE_BYTES {
            self.partial.extend_from_slice(piece);
        } else if let Some(mut long) = self.matcher.long.start() {
            long.feed(&self.partial);
            long.feed(piece);
            self.partial.clear();
            self.long = Some(long);
        } else {
            self.blind = true;
            self.partial.truncate(1);
        }
    }

    fn end_line(&mut self, checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        match self.long.take() {
            Some(long) => {
                let matched = long.finish();
                self.lines = true;
                self.decide(|expression| contains(&matched, expression));
            }
            None => {
                let mut line = std::mem::take(&mut self.partial);
                self.search(&line, checkpoint)?;
                line.clear();
                self.partial = line;
            }
        }
        Ok(())
    }

    /// Applies what all expressions say of one line.
    fn decide(&mut self, matched: impl Fn(usize) -> bool) {
        for expression in 0..self.answers.len() {
            let any = self.matcher.expressions[expression].quantifier == Quantifier::Any;
            if self.answers[expression] == Answer::Open && matched(expression) == any {
                self.close(expression);
            }
        }
    }

    fn close(&mut self, expression: usize) {
        self.answers[expression] = Answer::Decided;
        self.open -= 1;
    }

    /// Searches whole lines; `block` lacks the end of the last one.
    fn search(&mut self, block: &[u8], checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        self.lines = true;
        let matcher = self.matcher;
        let open: Vec<usize> = (0..self.answers.len()).filter(|i| self.answers[*i] == Answer::Open).collect();
        let (any, every): (Vec<usize>, Vec<usize>) =
            open.into_iter().partition(|i| matcher.expressions[*i].quantifier == Quantifier::Any);
        for expression in every {
            checkpoint()?;
            if !lines_of(block).all(|line| matcher.expressions[expression].pattern.is_match_line(line)) {
                self.close(expression);
            }
        }
        for expression in matcher.candidates(&any, block) {
            checkpoint()?;
            if matcher.expressions[expression].matches_a_line(block) {
                self.close(expression);
            }
        }
        Ok(())
    }
}

impl LineMatcher {
    /// Those of some expressions, which are in order, that may match a line of the block.
    fn candidates(&self, expressions: &[usize], block: &[u8]) -> Vec<usize> {
        let mut candidates = Vec::new();
        let mut rest = expressions;
        for Group { members, together } in &self.groups {
            let (before, others) = rest.split_at(rest.partition_point(|place| *place < members.start));
            let (inside, after) = others.split_at(others.partition_point(|place| *place < members.end));
            candidates.extend(before);
            match (inside, together.possible(block)) {
                ([] | [_], _) | (_, Possible::All) => candidates.extend(inside),
                (_, Possible::None) => {}
                (_, Possible::Some(set)) => {
                    candidates.extend(inside.iter().filter(|place| contains(&set, *place - members.start)));
                }
            }
            rest = after;
        }
        candidates.extend(rest);
        candidates
    }
}

/// Neighbours that are searched for by one automaton.
#[derive(Debug)]
struct Group {
    members: Range<usize>,
    together: Together,
}

/// Puts as many neighbours together as one automaton may hold.
fn group(supersets: &[Hir], members: Range<usize>, groups: &mut Vec<Group>) {
    if members.len() < 2 {
        return;
    }
    if let Ok(together) = Together::new(&supersets[members.clone()]) {
        groups.push(Group { members, together });
    } else {
        let middle = members.start + members.len() / 2;
        group(supersets, members.start..middle, groups);
        group(supersets, middle..members.end, groups);
    }
}

impl Expression {
    /// Whether a line of the block matches, exactly.
    fn matches_a_line(&self, block: &[u8]) -> bool {
        let mut from = 0;
        while let Some(place) = hit(&self.superset, block, from) {
            let (line, end) = line_at(block, place);
            if self.pattern.superset().is_exact() || self.pattern.is_match_line(line) {
                return true;
            }
            if end == block.len() {
                return false;
            }
            from = end + 1;
        }
        false
    }
}

/// Where the first match ends; inside of its line, as supersets never take in a line end.
fn hit(regex: &Regex, block: &[u8], from: usize) -> Option<usize> {
    regex.search_half(&Input::new(block).range(from..).earliest(true)).map(|half| half.offset())
}

/// The line around a place, and where it ends in the block.
fn line_at(block: &[u8], place: usize) -> (&[u8], usize) {
    let (before, after) = block.split_at(place);
    let begin = memrchr(b'\n', before).map_or(0, |end| end + 1);
    let end = memchr(b'\n', after).map_or(block.len(), |end| place + end);
    (&block[begin..end], end)
}

fn lines_of(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    block.split(|byte| *byte == b'\n')
}

fn contains(set: &PatternSet, expression: usize) -> bool {
    regex_automata::PatternID::new(expression).is_ok_and(|id| set.contains(id))
}

fn build(supersets: &[Hir], nfa_bytes: usize) -> Result<Regex, BuildError> {
    let config = Regex::config()
        .utf8_empty(false)
        .hybrid_cache_capacity(AUTOMATON_CACHE_BYTES)
        .nfa_size_limit(Some(nfa_bytes));
    Regex::builder().configure(config).build_many_from_hir(supersets).map_err(BuildError::new)
}

/// All expressions in one automaton: first whether any hits, then which.
struct Together {
    any: Regex,
    which: DFA,
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
}

enum Possible {
    None,
    Some(PatternSet),
    All,
}

impl Together {
    fn new(supersets: &[Hir]) -> Result<Self, BuildError> {
        let any = build(supersets, GROUP_BYTES)?;
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).shrink(false).nfa_size_limit(Some(GROUP_BYTES)))
            .build_many_from_hir(supersets)
            .map_err(BuildError::new)?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(AUTOMATON_CACHE_BYTES)
            .skip_cache_capacity_check(true);
        let which = DFA::builder().configure(config).build_from_nfa(nfa).map_err(BuildError::new)?;
        let maker = which.clone();
        let caches =
            Pool::new(Box::new(move || maker.create_cache()) as Box<dyn Fn() -> Cache + Send + Sync>);
        Ok(Self { any, which, caches })
    }

    /// Which expressions may match in the block.
    fn possible(&self, block: &[u8]) -> Possible {
        let Some(place) = hit(&self.any, block, 0) else { return Possible::None };
        let begin = memrchr(b'\n', &block[..place]).map_or(0, |end| end + 1);
        let mut set = PatternSet::new(self.which.pattern_len());
        let input = Input::new(block).range(begin..);
        match self.which.try_which_overlapping_matches(&mut self.caches.get(), &input, &mut set) {
            Ok(()) => Possible::Some(set),
            // The automaton gave up: let every expression look for itself.
            Err(_) => Possible::All,
        }
    }
}

impl fmt::Debug for Together {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Together").field("any", &self.any).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
