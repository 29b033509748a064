//! A part of an expression together with what the limits need to know of it.

use regex_syntax::hir::{Capture, Hir, HirKind, Repetition};

/// Levels an expression may have.
const MAX_HEIGHT: u32 = 1000;

/// Times a part may be repeated, over all levels around it.
const MAX_REPEAT: u32 = 1000;

/// A part of an expression.
#[derive(Debug)]
pub(super) struct Node {
    hir: Hir,
    height: u32,
    /// The largest product of repetition counts on any path down.
    repeat: u32,
}

/// How often a part is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) min: u32,
    /// `None`: no limit.
    pub(super) max: Option<u32>,
    /// True for `{n,m}`: only these multiply.
    pub(super) counted: bool,
}

impl Count {
    pub(super) fn is_valid(self) -> bool {
        self.min <= self.max.unwrap_or(MAX_REPEAT) && self.max.unwrap_or(self.min) <= MAX_REPEAT
    }

    fn factor(self) -> u32 {
        if self.counted { self.max.unwrap_or(self.min).max(1) } else { 1 }
    }
}

impl Node {
    pub(super) fn leaf(hir: Hir) -> Self {
        Self { hir, height: 1, repeat: 1 }
    }

    pub(super) fn concat(parts: Vec<Self>) -> Self {
        Self::join(parts, Hir::concat)
    }

    pub(super) fn alternation(branches: Vec<Self>) -> Self {
        Self::join(branches, Hir::alternation)
    }

    /// Group names are not kept: the dialect lets groups share one, and nothing asks for them.
    pub(super) fn capture(self, index: u32) -> Self {
        let hir = Hir::capture(Capture { index, name: None, sub: Box::new(self.hir) });
        Self { hir, height: self.height + 1, repeat: self.repeat }
    }

    pub(super) fn repeated(self, count: Count, greedy: bool) -> Self {
        let repeat = if count.max == Some(0) { 1 } else { self.repeat.saturating_mul(count.factor()) };
        let (min, max) = (count.min, count.max);
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(self.hir) });
        Self { hir, height: self.height + 1, repeat }
    }

    pub(super) fn is_too_deep(&self) -> bool {
        self.height > MAX_HEIGHT
    }

    pub(super) fn repeats_too_often(&self) -> bool {
        self.repeat > MAX_REPEAT
    }

    pub(super) fn into_hir(self) -> Hir {
        self.hir
    }

    fn join(parts: Vec<Self>, combine: fn(Vec<Hir>) -> Hir) -> Self {
        let height = parts.iter().map(|part| part.height).max().unwrap_or(1);
        let repeat = parts.iter().map(|part| part.repeat).max().unwrap_or(1);
        let hir = match parts.len() {
            0 => Hir::empty(),
            _ => combine(parts.into_iter().map(Self::into_hir).collect()),
        };
        let adds_level = matches!(hir.kind(), HirKind::Concat(_) | HirKind::Alternation(_));
        Self { hir, height: height + u32::from(adds_level), repeat }
    }
}
