//! What a version has to be, such as `<3.0.2-0ubuntu1.10`.

use super::{MAX_VERSION_BYTES, Scheme, VersionError};
use std::{cmp::Ordering, str::FromStr};

/// Most bounds of a constraint.
const MAX_BOUNDS: usize = 64;

/// Whether an order of a version and the one of a bound is as it has to be.
type Holds = fn(Ordering) -> bool;

/// Operators; the longer ones first.
const OPERATORS: [(&str, Holds); 6] = [
    ("<=", Ordering::is_le),
    (">=", Ordering::is_ge),
    ("!=", Ordering::is_ne),
    ("<", Ordering::is_lt),
    (">", Ordering::is_gt),
    ("=", Ordering::is_eq),
];

/// Bounds that all hold: `<`, `<=`, `=`, `!=`, `>=` or `>` and a version each, with commas between them.
#[derive(Clone, Debug)]
pub struct Constraint {
    bounds: Vec<Bound>,
}

#[derive(Clone, Debug)]
struct Bound {
    holds: Holds,
    version: String,
}

/// Why a text is no constraint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// No comparison at the beginning.
    #[error("'{0}' is no version constraint: it must begin with <, <=, =, !=, >= or >")]
    Operator(String),
    /// Nothing to compare with, or a text that is no version of any kind of package.
    #[error("'{0}' is no version constraint: what follows {1} is no version")]
    Version(String, &'static str),
    /// Too many bounds.
    #[error("a version constraint has at most {MAX_BOUNDS} bounds")]
    TooMany,
}

impl Constraint {
    /// Reads a constraint. Blanks around bounds and versions do not matter.
    ///
    /// # Errors
    /// [`ConstraintError`] names the bound that is none.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        let bounds: Vec<&str> = text.split(',').take(MAX_BOUNDS + 1).collect();
        if bounds.len() > MAX_BOUNDS {
            return Err(ConstraintError::TooMany);
        }
        let bounds = bounds.into_iter().map(Bound::parse).collect::<Result<_, _>>()?;
        Ok(Self { bounds })
    }

    /// Whether a version is as it has to be.
    ///
    /// # Errors
    /// [`VersionError`] if it, or a version of the constraint, is none by the rules of its kind.
    pub fn holds(&self, scheme: Scheme, version: &str) -> Result<bool, VersionError> {
        let mut holds = true;
        for bound in &self.bounds {
            holds &= (bound.holds)(scheme.compare(version, &bound.version)?);
        }
        Ok(holds)
    }
}

impl FromStr for Constraint {
    type Err = ConstraintError;

    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        Self::parse(text)
    }
}

impl Bound {
    fn parse(text: &str) -> Result<Self, ConstraintError> {
        let text = text.trim();
        let operator = OPERATORS.iter().find(|(operator, _)| text.starts_with(operator));
        let (operator, holds) = *operator.ok_or_else(|| ConstraintError::Operator(text.to_owned()))?;
        let version = text.strip_prefix(operator).unwrap_or_default().trim();
        let is_version = !version.is_empty()
            && version.len() <= MAX_VERSION_BYTES
            && version.bytes().all(|byte| byte.is_ascii_graphic() && !b"<=>".contains(&byte));
        if !is_version {
            return Err(ConstraintError::Version(text.to_owned(), operator));
        }
        Ok(Self { holds, version: version.to_owned() })
    }
}
