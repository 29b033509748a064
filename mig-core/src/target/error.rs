//! What can be wrong with a target.

use super::{Column, Kind};
use sqlparser::tokenizer::Location;

/// A target that was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("target, character {column}: {problem}")]
pub struct TargetError {
    /// The character where it happened, counted from 1; one past the last if the text ends too early.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a target.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing there.
    #[error("a condition is needed, or the word all")]
    Empty,
    /// A size is above its limit.
    #[error("{what}: {limit} are the most that is accepted")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The text is no SQL condition.
    #[error("{0}")]
    Syntax(String),
    /// A word outside the language.
    #[error("unknown word {word}; columns are {}", column_names())]
    Word {
        /// The word as written.
        word: String,
    },
    /// A sign outside the language.
    #[error(
        "{symbol} is not accepted; operators are = <> != < <= > >= ~ ~* !~ !~* -> ->> #> #>> :: \
         [NOT] LIKE, ILIKE, IN, BETWEEN, IS [NOT] NULL, AND, OR, NOT"
    )]
    Symbol {
        /// The sign as written.
        symbol: String,
    },
    /// Something else than what must stand there.
    #[error("expected {expected}")]
    Expected {
        /// What must stand there.
        expected: &'static str,
    },
    /// Two kinds that do not compare.
    #[error("can not compare {left} with {right}")]
    Kinds {
        /// The kind on the left.
        left: Kind,
        /// The kind on the right.
        right: Kind,
    },
    /// Text where a number or a time is needed, which is none.
    #[error("'{text}' is not {kind}{}", literal_help(*kind))]
    Literal {
        /// The text.
        text: String,
        /// The kind that is needed.
        kind: Kind,
    },
    /// A pattern that Postgres refuses, or would read differently.
    #[error("pattern '{pattern}': {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why it is refused.
        reason: String,
    },
}

fn column_names() -> String {
    Column::ALL.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
}

fn literal_help(kind: Kind) -> &'static str {
    match kind {
        Kind::Time => "; write '2024-01-31 10:00:00' (UTC) or '2024-01-31T10:00:00+02:00'",
        Kind::Integer => "; whole numbers of 64 bits are accepted",
        Kind::Text | Kind::Json => "",
    }
}

/// A problem and the place the tokenizer gave it. Line 0 means the end of the text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Location,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn new(at: Location, problem: Problem) -> Self {
        Self { at, problem }
    }

    pub(super) fn expected(at: Location, expected: &'static str) -> Self {
        Self::new(at, Problem::Expected { expected })
    }

    /// Turns lines and columns into one count of characters.
    pub(super) fn in_text(self, text: &str) -> TargetError {
        let lines_before = usize::try_from(self.at.line).unwrap_or(usize::MAX).checked_sub(1);
        let column = match lines_before {
            None => text.chars().count() + 1,
            Some(lines) => {
                let before: usize = text.split('\n').take(lines).map(|line| line.chars().count() + 1).sum();
                before + usize::try_from(self.at.column).unwrap_or(usize::MAX)
            }
        };
        TargetError { column, problem: self.problem }
    }
}
