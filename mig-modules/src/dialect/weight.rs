//! How many places of an expression one text can be at, at the same time.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Copies of a part up to which nothing is counted: ordinary expressions stay light.
const FEW: usize = 8;

/// The places that counted repetitions of more than a few copies make, in bytes of the expanded expression; an estimate.
///
/// An automaton that can not be in all combinations of them goes through each for every byte. A repeated literal does
/// not count: at how many of its places a text is at once is told by its last bytes.
pub(super) fn weight(hir: &Hir) -> usize {
    places(hir, 1)
}

fn places(hir: &Hir, copies: usize) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => counted(copies, literal.0.len()),
        HirKind::Class(Class::Bytes(_)) => counted(copies, 1),
        HirKind::Class(Class::Unicode(class)) => counted(copies, class.maximum_len().unwrap_or(0)),
        HirKind::Capture(capture) => places(&capture.sub, copies),
        HirKind::Repetition(repetition) => {
            if copies <= FEW && matches!(repetition.sub.kind(), HirKind::Literal(_)) {
                return 0;
            }
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            places(&repetition.sub, copies.saturating_mul(times.try_into().unwrap_or(usize::MAX)))
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(0, |sum, part| sum.saturating_add(places(part, copies)))
        }
    }
}

fn counted(copies: usize, bytes: usize) -> usize {
    if copies > FEW { copies.saturating_mul(bytes) } else { 0 }
}

#[cfg(test)]
mod tests {
    use crate::dialect::Pattern;

    #[test]
    fn only_counted_repetitions_of_what_varies_have_weight() {
        let weight = |pattern| Pattern::new(pattern).unwrap().weight();
        for light in ["abc", "[ab]*c+", "(foo|bar)[0-9]{8}", "a{1000}", "(abc){100}", ".*x.*", "[a-z]{4,}"] {
            assert_eq!(weight(light), 0, "{light}");
        }
        assert_eq!(weight("a[ab]{990}c"), 990);
        assert_eq!(weight("[ab]{0,9}"), 9);
        assert_eq!(weight("[ab]{9,}"), 9);
        assert_eq!(weight("(?:[ab]{5}c){5}"), 25, "copies multiply");
        assert_eq!(weight("(?:ab|[cd]){100}"), 300, "literals between places count");
        assert_eq!(weight("(?:x[ab]{30}|y[ab]{30})"), 60);
        assert_eq!(weight(".{100}"), 500, "a character has up to four bytes, and a bad one is one too");
    }
}
