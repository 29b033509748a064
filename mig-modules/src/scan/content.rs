//! Which expressions match the lines of a file, over chunks of any size and in bounded memory.
//!
//! The fast path searches whole chunks with automata that may match too much, never too little
//! ([`Pattern::superset`]). Only where one hits is the line found and asked exactly. So the usual file costs one search
//! per chunk, however many lines and expressions there are. A line that is longer than [`MAX_LINE_BYTES`] is not
//! collected but run through [`LongLine`], byte by byte.

use crate::{
    dialect::Pattern,
    scan::{
        expression::Expression,
        group::{Group, Member},
        long_line::{LongLine, LongLineMatcher},
    },
};
use memchr::{memchr, memrchr};
use mig_core::module::Stop;
use std::{fmt, sync::Arc};

/// Longest line, in bytes, that is put together from several chunks.
pub(super) const MAX_LINE_BYTES: usize = 256 << 10;

/// Memory for all expressions of one run, in bytes.
const ALL_EXPRESSIONS_BYTES: usize = 512 << 20;

/// Steps that an automaton may take between two looks at the session: some hundredths of a second.
pub(super) const STEPS_BETWEEN_LOOKS: usize = 2 << 20;

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

/// Expressions on contents are too large to be searched for.
#[derive(Debug, thiserror::Error)]
#[error("the contents are too large to be searched for: {reason}")]
pub struct BuildError {
    reason: String,
    content: Option<usize>,
}

impl BuildError {
    pub(super) fn new(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), content: None }
    }

    fn of(self, content: usize) -> Self {
        Self { content: Some(content), ..self }
    }

    /// The content that is too large, alone or with those before it: its place among the contents of all queries, in
    /// their order.
    #[must_use]
    pub fn content(&self) -> Option<usize> {
        self.content
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

impl LineMatcher {
    /// Compiles these expressions. They are numbered by their place.
    pub(super) fn new(asked: Vec<(Arc<Pattern>, Quantifier)>) -> Result<Self, BuildError> {
        let members: Vec<Member> = asked.iter().map(|(pattern, _)| Member::new(pattern)).collect();
        let groups = Group::all(&members);
        let long = LongLineMatcher::new(asked.iter().map(|(pattern, _)| Arc::clone(pattern)).collect());
        Ok(Self { expressions: compile(asked, &members, ALL_EXPRESSIONS_BYTES)?, groups, long })
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
                return self.hold(data, checkpoint);
            };
            self.hold(&data[..end], checkpoint)?;
            self.end_line(checkpoint)?;
            data = &data[end + 1..];
        }
        match memrchr(b'\n', data) {
            Some(last) => {
                self.search(&data[..last], checkpoint)?;
                self.hold(&data[last + 1..], checkpoint)
            }
            None => self.hold(data, checkpoint),
        }
    }

    /// The file ends.
    pub(super) fn finish(&mut self, checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        if self.is_in_line() { self.end_line(checkpoint) } else { Ok(()) }
    }

    fn is_in_line(&self) -> bool {
        self.long.is_some() || !self.partial.is_empty()
    }

    /// Keeps a piece of a line for later.
    fn hold(&mut self, piece: &[u8], checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        if self.open == 0 {
            return Ok(());
        }
        if let Some(long) = &mut self.long {
            return long.feed(piece, checkpoint);
        }
        if self.partial.len() + piece.len() <= MAX_LINE_BYTES {
            self.partial.extend_from_slice(piece);
        } else if let Some(mut long) = self.start_long() {
            long.feed(&self.partial, checkpoint)?;
            long.feed(piece, checkpoint)?;
            self.partial.clear();
            self.long = Some(long);
        } else {
            self.blind = true;
            self.partial.truncate(1);
        }
        Ok(())
    }

    fn start_long(&self) -> Option<LongLine<'a>> {
        self.matcher.long.start(|expression| self.answers[expression] == Answer::Open)
    }

    fn end_line(&mut self, checkpoint: Checkpoint<'_>) -> Result<(), Stop> {
        match self.long.take() {
            Some(long) => {
                let matched = long.finish(checkpoint)?;
                self.lines = true;
                self.decide(|expression| matched[expression]);
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
            if !matcher.expressions[expression].matches_every_line(block, checkpoint)? {
                self.close(expression);
            }
        }
        for expression in matcher.candidates(&any, block, checkpoint)? {
            if matcher.expressions[expression].matches_a_line(block, checkpoint)? {
                self.close(expression);
            }
        }
        Ok(())
    }
}

impl LineMatcher {
    /// Those of some expressions, which are in order, that may match a line of the block.
    fn candidates(
        &self,
        expressions: &[usize],
        block: &[u8],
        checkpoint: Checkpoint<'_>,
    ) -> Result<Vec<usize>, Stop> {
        let mut candidates = Vec::new();
        let mut rest = expressions;
        for group in &self.groups {
            let (before, others) = rest.split_at(rest.partition_point(|place| *place < group.members.start));
            let (inside, after) = others.split_at(others.partition_point(|place| *place < group.members.end));
            candidates.extend(before);
            checkpoint()?;
            group.select(inside, block, &mut candidates);
            rest = after;
        }
        candidates.extend(rest);
        Ok(candidates)
    }
}

/// How many bytes an expression of this weight may look at between two looks at the session.
pub(super) fn bytes_between_looks(weight: usize) -> usize {
    // Fewer would cost more for the looks than for the search.
    (STEPS_BETWEEN_LOOKS / weight.max(1)).clamp(16, MAX_LINE_BYTES)
}

/// Compiles each expression on its own; together they may take `limit` bytes.
fn compile(
    asked: Vec<(Arc<Pattern>, Quantifier)>,
    members: &[Member],
    limit: usize,
) -> Result<Vec<Expression>, BuildError> {
    let mut memory = 0;
    let expression = |(content, ((pattern, quantifier), member)): (usize, (_, &Member))| {
        let expression = Expression::new(pattern, quantifier, member, members.len());
        let expression = expression.map_err(|error| error.of(content))?;
        memory += expression.memory_usage();
        if memory > limit {
            let reason = format!("together they take more than {limit} bytes");
            return Err(BuildError::new(reason).of(content));
        }
        Ok(expression)
    };
    asked.into_iter().zip(members).enumerate().map(expression).collect()
}

#[cfg(test)]
mod tests;
