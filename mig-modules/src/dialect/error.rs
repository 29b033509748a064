//! Why a pattern was refused, in the original's words.

/// A pattern that was refused. The text is the one Go gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {reason}: `{part}`")]
pub struct DialectError {
    /// What is wrong.
    pub reason: Reason,
    /// The part of the pattern that is wrong.
    pub part: String,
}

impl DialectError {
    pub(super) fn new(reason: Reason, part: &str) -> Self {
        Self { reason, part: part.to_owned() }
    }
}

/// What can be wrong with a pattern.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// An open group.
    #[error("missing closing )")]
    MissingParen,
    /// A closing parenthesis without a group.
    #[error("unexpected )")]
    UnexpectedParen,
    /// An open class.
    #[error("missing closing ]")]
    MissingBracket,
    /// A range from high to low, or an unknown name of a class.
    #[error("invalid character class range")]
    InvalidClassRange,
    /// An escape that does not exist.
    #[error("invalid escape sequence")]
    InvalidEscape,
    /// A backslash that escapes nothing.
    #[error("trailing backslash at end of expression")]
    TrailingBackslash,
    /// A repetition of nothing.
    #[error("missing argument to repetition operator")]
    MissingRepeatArgument,
    /// A repetition of a repetition.
    #[error("invalid nested repetition operator")]
    NestedRepeat,
    /// More than 1000 repetitions, or a minimum above the maximum.
    #[error("invalid repeat count")]
    InvalidRepeatCount,
    /// A group of a kind that does not exist here, such as look-around.
    #[error("invalid or unsupported Perl syntax")]
    InvalidPerlSyntax,
    /// A group name that is not made of letters, digits and `_`.
    #[error("invalid named capture")]
    InvalidNamedCapture,
    /// More than 1000 levels.
    #[error("expression nests too deeply")]
    TooDeep,
    /// Would take too much memory.
    #[error("expression too large")]
    TooLarge,
}
