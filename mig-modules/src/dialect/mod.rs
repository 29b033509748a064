//! The regular expressions of actions: syntax and meaning of Go's `regexp` (RE2 family, leftmost first).
//!
//! Actions are written once and run everywhere, so a pattern must mean on every agent what it means to the original.
//! [`parse`] reads that dialect into a [`Hir`]; [`Pattern`] is one compiled expression over bytes, in which every byte
//! that is not UTF-8 counts as one U+FFFD; [`Superset`] is what a scanner runs over raw data to find candidate lines.
//!
//! A construct that this dialect does not have is an error, never something else. Known differences from the original:
//! Unicode tables are those of version 16 (the original's last builds had 11), and the limits of size and nesting are
//! those of later Go versions, which the original's did not have.
//!
//! ```
//! use mig_modules::dialect::Pattern;
//!
//! let pattern = Pattern::new(r"^root:\$6")?;
//! assert!(pattern.is_match(b"root:$6$salt"));
//! assert_eq!(
//!     Pattern::new("a**").unwrap_err().to_string(),
//!     "error parsing regexp: invalid nested repetition operator: `**`"
//! );
//! # Ok::<(), mig_modules::dialect::DialectError>(())
//! ```

mod class;
mod cursor;
mod error;
mod escape;
mod lossy;
mod node;
mod parser;
mod pattern;
mod superset;
mod unicode;
mod weight;

pub use self::{
    error::{DialectError, Reason},
    pattern::Pattern,
    superset::Superset,
};

use regex_syntax::hir::Hir;

/// Reads a pattern. Classes are Unicode; `\b`, `\d`, `\s` and `\w` are ASCII; `^` and `$` without `(?m)` are the ends of
/// the text.
///
/// # Errors
/// [`DialectError`] names the reason and the part of the pattern.
pub fn parse(pattern: &str) -> Result<Hir, DialectError> {
    parser::Parser::new(pattern).parse()
}
