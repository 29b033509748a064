//! One expression that is searched for on its own, exactly, in blocks of whole lines.

use crate::{
    automaton::{Lazy, regex},
    dialect::Pattern,
    scan::{
        content::{BuildError, Checkpoint, MAX_LINE_BYTES, Quantifier, bytes_between_looks},
        group::{Member, cache_bytes, first_end, hasty, hit},
        long_line::LongLineMatcher,
    },
};
use memchr::{memchr, memrchr};
use mig_core::module::Stop;
use regex_automata::meta::Regex;
use std::sync::Arc;

/// Largest automaton of one expression, in bytes before it is run.
const EXPRESSION_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(super) struct Expression {
    pub(super) pattern: Arc<Pattern>,
    pub(super) quantifier: Quantifier,
    superset: Regex,
    /// What is asked first if a search could take long.
    hasty: Option<Lazy>,
    /// For a line that is too much between two looks at the session.
    long: LongLineMatcher,
    /// Most bytes that are searched between two looks at the session.
    pub(super) at_once: usize,
}

impl Expression {
    /// Compiles one of `all` expressions.
    pub(super) fn new(
        pattern: Arc<Pattern>,
        quantifier: Quantifier,
        member: &Member,
        all: usize,
    ) -> Result<Self, BuildError> {
        let cache = cache_bytes(1, all, member.memory);
        let superset = regex(&[&member.superset], EXPRESSION_BYTES, cache).map_err(BuildError::new)?;
        let at_once = bytes_between_looks(member.weight);
        let hasty = if at_once < MAX_LINE_BYTES {
            Some(hasty(&[&member.superset], member.weight, EXPRESSION_BYTES, cache)?)
        } else {
            None
        };
        let long = LongLineMatcher::new(vec![Arc::clone(&pattern)]);
        Ok(Self { pattern, quantifier, superset, hasty, long, at_once })
    }

    /// Bytes of the compiled form.
    pub(super) fn memory_usage(&self) -> usize {
        let hasty = self.hasty.as_ref().map_or(0, |lazy| lazy.automaton.memory_usage());
        self.superset.memory_usage() + hasty
    }

    /// Whether a line of the block matches.
    pub(super) fn matches_a_line(&self, block: &[u8], checkpoint: Checkpoint<'_>) -> Result<bool, Stop> {
        checkpoint()?;
        if block.len() > self.at_once {
            if self.hasty.as_ref().is_some_and(|hasty| matches!(first_end(hasty, block), Ok(None))) {
                return Ok(false);
            }
            checkpoint()?;
        }
        let mut pieces = Pieces { rest: Some(block), most: self.at_once };
        pieces.try_fold(false, |found, piece| match piece {
            _ if found => Ok(true),
            Piece::Lines(lines) => checkpoint().and_then(|()| self.matches_one_of(lines, checkpoint)),
            Piece::LongLine(line) => self.matches_long_line(line, checkpoint),
        })
    }

    /// Whether all lines of the block match.
    pub(super) fn matches_every_line(&self, block: &[u8], checkpoint: Checkpoint<'_>) -> Result<bool, Stop> {
        let mut pieces = Pieces { rest: Some(block), most: self.at_once };
        pieces.try_fold(true, |all, piece| match piece {
            _ if !all => Ok(false),
            Piece::Lines(lines) => {
                checkpoint()?;
                Ok(lines.split(|byte| *byte == b'\n').all(|line| self.pattern.is_match_line(line)))
            }
            Piece::LongLine(line) => self.matches_long_line(line, checkpoint),
        })
    }

    fn matches_one_of(&self, lines: &[u8], checkpoint: Checkpoint<'_>) -> Result<bool, Stop> {
        let mut from = 0;
        while let Some(place) = hit(&self.superset, lines, from) {
            let (line, end) = line_at(lines, place);
            if self.pattern.superset().is_exact() || self.pattern.is_match_line(line) {
                return Ok(true);
            }
            if end == lines.len() {
                return Ok(false);
            }
            checkpoint()?;
            from = end + 1;
        }
        Ok(false)
    }

    fn matches_long_line(&self, line: &[u8], checkpoint: Checkpoint<'_>) -> Result<bool, Stop> {
        let Some(mut long) = self.long.start(|_| true) else { return Ok(self.pattern.is_match_line(line)) };
        long.feed(line, checkpoint)?;
        Ok(long.finish(checkpoint)?.contains(&true))
    }
}

/// The line around a place, and where it ends in the block.
fn line_at(block: &[u8], place: usize) -> (&[u8], usize) {
    let (before, after) = block.split_at(place);
    let begin = memrchr(b'\n', before).map_or(0, |end| end + 1);
    let end = memchr(b'\n', after).map_or(block.len(), |end| place + end);
    (&block[begin..end], end)
}

/// Whole lines, and lines that are longer than what may be searched at once.
enum Piece<'a> {
    Lines(&'a [u8]),
    LongLine(&'a [u8]),
}

/// A block of whole lines in pieces; like the block, each lacks the end of its last line.
struct Pieces<'a> {
    rest: Option<&'a [u8]>,
    most: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let block = self.rest.take()?;
        if block.len() <= self.most {
            return Some(Piece::Lines(block));
        }
        if let Some(end) = memrchr(b'\n', &block[..=self.most]) {
            self.rest = Some(&block[end + 1..]);
            return Some(Piece::Lines(&block[..end]));
        }
        let end = memchr(b'\n', block);
        self.rest = end.map(|end| &block[end + 1..]);
        Some(Piece::LongLine(&block[..end.unwrap_or(block.len())]))
    }
}
