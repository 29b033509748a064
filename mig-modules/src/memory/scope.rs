//! How much of a process a search looks at. Searches that look at the same share their automata.

use super::{
    matcher::{Matcher, View},
    walk::Piece,
};
use std::time::Duration;

/// Which part of a process is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// Lowest address.
    pub(crate) from: u64,
    /// Most bytes.
    pub(crate) max_bytes: Option<u64>,
    /// Longest time.
    pub(crate) time_limit: Option<Duration>,
}

/// All expressions that look at one window.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) window: Window,
    pub(super) matcher: Matcher,
}

/// How far a scope is with a process.
#[derive(Debug)]
pub(super) struct Progress<'s> {
    pub(super) scope: &'s Scope,
    /// What is asked of this process.
    wanted: Vec<bool>,
    /// What of that was not found yet.
    pub(super) open: Vec<bool>,
    bytes_left: u64,
    is_closed: bool,
}

impl<'s> Progress<'s> {
    /// Nothing is asked until [`Progress::want`] says so.
    pub(super) fn new(scope: &'s Scope) -> Self {
        let none = vec![false; scope.matcher.len()];
        let bytes_left = scope.window.max_bytes.unwrap_or(u64::MAX);
        Self { scope, wanted: none.clone(), open: none, bytes_left, is_closed: false }
    }

    /// Asks for an expression.
    pub(super) fn want(&mut self, expression: usize) {
        self.wanted[expression] = true;
        self.open[expression] = true;
    }

    /// Whether more memory may change an answer.
    pub(super) fn is_open(&self) -> bool {
        !self.is_closed && self.open.contains(&true)
    }

    /// Whether an expression that was asked for matched.
    pub(super) fn is_found(&self, expression: usize) -> bool {
        self.wanted[expression] && !self.open[expression]
    }

    /// Looks at nothing more.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// What of a piece lies in the window; `None` if that is nothing new.
    pub(super) fn view<'p>(&mut self, piece: Piece<'p>) -> Option<View<'p>> {
        let length = piece.view.bytes.len();
        let begin = piece.end.saturating_sub(length as u64);
        let before = self.scope.window.from.saturating_sub(begin);
        let before = usize::try_from(before).map_or(length, |before| before.min(length));
        let new = length - piece.repeated.max(before);
        let taken = usize::try_from(self.bytes_left).map_or(new, |left| left.min(new));
        self.bytes_left -= taken as u64;
        self.is_closed |= self.bytes_left == 0;
        let view = View {
            bytes: &piece.view.bytes[before..length - (new - taken)],
            is_first: piece.view.is_first || begin <= self.scope.window.from,
            is_last: piece.view.is_last || self.is_closed,
        };
        let is_news = taken > 0 || piece.view.is_last;
        (is_news && !view.bytes.is_empty()).then_some(view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(from: u64, max_bytes: Option<u64>) -> Scope {
        Scope { window: Window { from, max_bytes, time_limit: None }, matcher: Matcher::default() }
    }

    fn piece(bytes: &[u8], end: u64, repeated: usize) -> Piece<'_> {
        Piece { view: View { bytes, is_first: false, is_last: false }, end, repeated }
    }

    #[test]
    fn a_window_begins_at_its_address() {
        let scope = scope(104, None);
        let mut progress = Progress::new(&scope);
        assert!(progress.view(piece(b"0123", 104, 0)).is_none());
        let view = progress.view(piece(b"0123456789", 110, 4)).unwrap();
        assert_eq!((view.bytes, view.is_first, view.is_last), (&b"456789"[..], true, false));
        let view = progress.view(piece(b"6789abcd", 114, 4)).unwrap();
        assert_eq!((view.bytes, view.is_first), (&b"6789abcd"[..], false));
    }

    #[test]
    fn a_window_ends_after_its_bytes() {
        let scope = scope(0, Some(9));
        let mut progress = Progress::new(&scope);
        assert!(!progress.view(piece(b"0123", 104, 0)).unwrap().is_last);
        let view = progress.view(piece(b"2301234567", 110, 2)).unwrap();
        assert_eq!((view.bytes, view.is_last), (&b"2301234"[..], true), "repeated bytes do not count");
        assert!(!progress.is_open());
    }
}
