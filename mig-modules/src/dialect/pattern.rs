//! One compiled expression.

use super::{
    error::{DialectError, Reason},
    lossy::Lossy,
    parse,
    superset::{self, Superset},
    weight::weight,
};
use regex_automata::{Input, meta};
use regex_syntax::hir::{Class, Hir, HirKind};
use std::ops::Range;

/// Memory of one compiled expression; a larger one is refused.
const MAX_COMPILED_BYTES: usize = 16 << 20;

/// One compiled expression over bytes, with the meaning Go gives it.
///
/// Searching takes time linear in the length of the text.
#[derive(Clone, Debug)]
pub struct Pattern {
    hir: Hir,
    regex: meta::Regex,
    superset: Superset,
    /// True if bytes that are not UTF-8 may stay as they are: nothing in the pattern can match them.
    ignores_bad_bytes: bool,
}

impl Pattern {
    /// Reads and compiles a pattern.
    ///
    /// # Errors
    /// [`DialectError`] names the reason and the part of the pattern; [`Reason::TooLarge`] if the compiled form takes
    /// more than 16 MiB.
    pub fn new(pattern: &str) -> Result<Self, DialectError> {
        let hir = parse(pattern)?;
        let regex = meta::Builder::new()
            .configure(meta::Config::new().nfa_size_limit(Some(MAX_COMPILED_BYTES)))
            .build_from_hir(&hir)
            .map_err(|_| DialectError::new(Reason::TooLarge, pattern))?;
        let ignores_bad_bytes = superset::ignores_bad_bytes(&hir);
        Ok(Self { superset: Superset::new(&hir), hir, regex, ignores_bad_bytes })
    }

    /// The expression over text in which bytes that are not UTF-8 were replaced.
    #[must_use]
    pub fn hir(&self) -> &Hir {
        &self.hir
    }

    /// Whether the expression matches somewhere in a text.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        if self.ignores_bad_bytes || str::from_utf8(text).is_ok() {
            self.regex.is_match(text)
        } else {
            self.regex.is_match(Lossy::new(text).text())
        }
    }

    /// Whether the expression matches somewhere in a line, given without its LF. A CR at its end is part of the line's
    /// end and not looked at.
    #[must_use]
    pub fn is_match_line(&self, line: &[u8]) -> bool {
        self.is_match(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The leftmost match and its groups, as ranges of bytes in the text. The first is the whole match; `None` stands for
    /// a group that took no part.
    #[must_use]
    pub fn captures(&self, text: &[u8]) -> Option<Vec<Option<Range<usize>>>> {
        if str::from_utf8(text).is_ok() {
            return self.groups(text);
        }
        let lossy = Lossy::new(text);
        let mut groups = self.groups(lossy.text())?;
        for range in groups.iter_mut().flatten() {
            *range = lossy.original(range.start)..lossy.original(range.end);
        }
        Some(groups)
    }

    /// What finds candidates for this expression in raw data.
    #[must_use]
    pub fn superset(&self) -> &Superset {
        &self.superset
    }

    /// Memory of the compiled expression, in bytes; without the caches of searches.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        self.regex.memory_usage() + hir_bytes(&self.hir) + hir_bytes(self.superset.hir())
    }

    /// How many of its places a text may be at, at the same time; about what a byte costs, in steps, when no automaton is
    /// fast. 0 for expressions without large counted repetitions.
    #[must_use]
    pub fn weight(&self) -> usize {
        weight(self.superset.hir())
    }

    fn groups(&self, text: &[u8]) -> Option<Vec<Option<Range<usize>>>> {
        let mut captures = self.regex.create_captures();
        self.regex.search_captures(&Input::new(text), &mut captures);
        captures.is_match().then(|| captures.iter().map(|group| group.map(|span| span.range())).collect())
    }
}

/// Memory of an expression before it is compiled, about.
fn hir_bytes(hir: &Hir) -> usize {
    let own = match hir.kind() {
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => size_of_val(class.ranges()),
        HirKind::Class(Class::Bytes(class)) => size_of_val(class.ranges()),
        _ => 0,
    };
    size_of::<Hir>() + own + hir.kind().subs().iter().map(hir_bytes).sum::<usize>()
}

#[cfg(test)]
mod tests;
