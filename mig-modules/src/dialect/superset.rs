//! From the exact expression over characters of one line, or of a text, to one over raw bytes.

use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition,
};

/// An expression over raw bytes that finds every line a pattern matches, and perhaps more.
///
/// The raw data are lines: each ends at LF, a CR before that (or at the end of the data) belongs to the line's end, the
/// last one needs no LF. If the pattern matches a line, this expression matches somewhere inside it or at its end, and
/// no match reaches from one line into the next. So a scanner may run it over a buffer of many lines, with
/// `utf8_empty(false)`, and ask [`Pattern::is_match_line`](super::Pattern::is_match_line) about each line with a hit -
/// unless [`is_exact`](Self::is_exact) says that this is not needed. An empty match behind the last LF of the data is
/// at no line.
///
/// Assertions at the edges of a buffer look at the edges of the input: a buffer must begin at the start of a line (or
/// give the scanner the byte before as context) and end at the end of one.
///
/// What differs from the exact expression:
/// * `^`, `\A`, `$`, `\z` are the ends of lines;
/// * what can match U+FFFD matches any byte above 0x7F as well, for that is how bytes which are not UTF-8 are seen;
/// * nothing matches LF, groups capture nothing.
#[derive(Clone, Debug)]
pub struct Superset {
    hir: Hir,
    exact: bool,
}

impl Superset {
    pub(super) fn new(pattern: &Hir) -> Self {
        Self::build(pattern, Unit::Line)
    }

    /// One for data that are not lines: `^`, `$` and LF keep their meaning, and a match may reach over LF.
    ///
    /// If the pattern matches somewhere in the data, with bytes that are not UTF-8 replaced, so does this expression, and
    /// its match covers the same bytes. The caller gives the bytes around as context.
    #[must_use]
    pub fn of_text(pattern: &Hir) -> Self {
        Self::build(pattern, Unit::Text)
    }

    fn build(pattern: &Hir, unit: Unit) -> Self {
        let mut builder = Builder { exact: true, unit };
        let hir = builder.convert(pattern);
        // An empty match may lie inside a character.
        let exact = builder.exact && hir.properties().minimum_len() != Some(0);
        Self { hir, exact }
    }

    /// The expression. Its classes and literals work on bytes; it has no groups.
    #[must_use]
    pub fn hir(&self) -> &Hir {
        &self.hir
    }

    /// True if a match of this expression is always a match of the pattern.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact
    }
}

/// True if the pattern gives the same answer whether bytes which are not UTF-8 are replaced or not: it matches neither
/// U+FFFD nor between two bytes.
pub(super) fn ignores_bad_bytes(hir: &Hir) -> bool {
    hir.properties().minimum_len() != Some(0) && !can_match(hir, REPLACEMENT)
}

/// What the pattern is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Line,
    Text,
}

struct Builder {
    exact: bool,
    unit: Unit,
}

impl Builder {
    fn convert(&mut self, hir: &Hir) -> Hir {
        match hir.kind() {
            HirKind::Empty => Hir::empty(),
            HirKind::Literal(literal) => self.literal(&literal.0),
            HirKind::Class(Class::Unicode(class)) => self.class(class),
            HirKind::Class(Class::Bytes(class)) => Hir::class(Class::Bytes(class.clone())),
            HirKind::Look(look) => self.look(*look),
            HirKind::Repetition(repetition) => self.repetition(repetition),
            HirKind::Capture(capture) => self.convert(&capture.sub),
            HirKind::Concat(parts) => Hir::concat(parts.iter().map(|part| self.convert(part)).collect()),
            HirKind::Alternation(branches) => {
                Hir::alternation(branches.iter().map(|branch| self.convert(branch)).collect())
            }
        }
    }

    fn look(&mut self, look: Look) -> Hir {
        if self.unit == Unit::Text {
            return Hir::look(look);
        }
        Hir::look(match look {
            Look::Start => Look::StartLF,
            Look::End | Look::EndLF => {
                // Also true at a CR in the middle of a line.
                self.exact = false;
                Look::EndCRLF
            }
            other => other,
        })
    }

    fn literal(&mut self, bytes: &[u8]) -> Hir {
        let Ok(text) = str::from_utf8(bytes) else { return Hir::literal(bytes) };
        let is_special = match self.unit {
            Unit::Line => text.contains(['\n', '\r', REPLACEMENT]),
            Unit::Text => text.contains(REPLACEMENT),
        };
        if !is_special {
            return Hir::literal(bytes);
        }
        Hir::concat(text.chars().map(|only| self.class(&single(only))).collect())
    }

    fn class(&mut self, class: &ClassUnicode) -> Hir {
        let mut class = class.clone();
        if self.unit == Unit::Line {
            class.difference(&single('\n'));
            self.exact &= !contains(&class, '\r');
        }
        if !contains(&class, REPLACEMENT) {
            return Hir::class(Class::Unicode(class));
        }
        self.exact = false;
        let bad_byte = Hir::class(Class::Bytes(bytes(0x80, 0xff)));
        if !has_all_non_ascii(&class) {
            return Hir::alternation(vec![Hir::class(Class::Unicode(class)), bad_byte]);
        }
        // Small automata instead of large ones: a character or a bad byte, and a little more.
        let tail = Hir::repetition(Repetition {
            min: 0,
            max: Some(3),
            greedy: true,
            sub: Box::new(Hir::class(Class::Bytes(bytes(0x80, 0xbf)))),
        });
        let ascii = Hir::class(Class::Bytes(ascii_part(&class)));
        Hir::alternation(vec![ascii, Hir::concat(vec![bad_byte, tail])])
    }

    /// `.*` and the like need not know where characters end.
    fn repetition(&mut self, repetition: &Repetition) -> Hir {
        if let (None, HirKind::Class(Class::Unicode(class))) = (repetition.max, repetition.sub.kind())
            && has_all_non_ascii(class)
        {
            self.exact = false;
            let mut any = ascii_part(class);
            if self.unit == Unit::Line {
                any.difference(&bytes(b'\n', b'\n'));
            }
            any.union(&bytes(0x80, 0xff));
            return Hir::repetition(repetition.with(Hir::class(Class::Bytes(any))));
        }
        Hir::repetition(repetition.with(self.convert(&repetition.sub)))
    }
}

fn can_match(hir: &Hir, wanted: char) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Literal(literal) => str::from_utf8(&literal.0).is_ok_and(|text| text.contains(wanted)),
        HirKind::Class(Class::Unicode(class)) => contains(class, wanted),
        _ => hir.kind().subs().iter().any(|sub| can_match(sub, wanted)),
    }
}

fn contains(class: &ClassUnicode, wanted: char) -> bool {
    class.iter().any(|range| (range.start()..=range.end()).contains(&wanted))
}

fn has_all_non_ascii(class: &ClassUnicode) -> bool {
    class.ranges().last().is_some_and(|last| last.start() <= '\u{80}' && last.end() == char::MAX)
}

fn ascii_part(class: &ClassUnicode) -> ClassBytes {
    let mut ascii = class.clone();
    ascii.intersect(&ClassUnicode::new([ClassUnicodeRange::new('\0', '\x7f')]));
    ascii.to_byte_class().unwrap_or_else(ClassBytes::empty)
}

fn single(only: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(only, only)])
}

fn bytes(low: u8, high: u8) -> ClassBytes {
    ClassBytes::new([ClassBytesRange::new(low, high)])
}

/// How a byte that is not UTF-8 is seen.
const REPLACEMENT: char = '\u{fffd}';
