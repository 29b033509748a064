//! Which of two versions is newer, by the rules of each kind of package.
//!
//! ```
//! use mig_modules::version::{Constraint, Scheme};
//!
//! let fixed = Constraint::parse("<3.0.2-0ubuntu1.10")?;
//! assert!(fixed.holds(Scheme::Dpkg, "3.0.2-0ubuntu1.9")?);
//! assert!(!fixed.holds(Scheme::Dpkg, "3.0.2-0ubuntu1.10")?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apk;
mod constraint;
mod dpkg;
pub mod evr;
mod gem;
mod number;
mod pacman;
mod semantic;

pub use self::constraint::{Constraint, ConstraintError};

use std::{cmp::Ordering, str::FromStr};

/// Longest version that is compared, in bytes.
pub const MAX_VERSION_BYTES: usize = 1024;

/// The rules by which a kind of package orders its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Debian and its derivatives: deb-version(7).
    Dpkg,
    /// Red Hat, SUSE and others: `[epoch:]version[-release]`.
    Rpm,
    /// Alpine.
    Apk,
    /// Arch Linux: vercmp(8).
    Pacman,
    /// Semantic versions: npm, crates.io. Missing parts are 0.
    Semantic,
    /// Semantic versions as Go writes them: `v1.2.3`, `go1.21rc2`.
    Go,
    /// Python: PEP 440.
    Python,
    /// Ruby gems.
    Gem,
}

impl Scheme {
    /// The rules for packages of a kind, such as `dpkg` or `npm`.
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "dpkg" => Self::Dpkg,
            "rpm" => Self::Rpm,
            "apk" => Self::Apk,
            "pacman" => Self::Pacman,
            "npm" | "crates.io" => Self::Semantic,
            "golang" => Self::Go,
            "pypi" => Self::Python,
            "gem" => Self::Gem,
            _ => return None,
        })
    }

    /// Whether the left version is older, the same or newer.
    ///
    /// # Errors
    /// [`VersionError`] names the version that is none by these rules.
    pub fn compare(self, left: &str, right: &str) -> Result<Ordering, VersionError> {
        for version in [left, right] {
            if version.len() > MAX_VERSION_BYTES {
                let start: String = version.chars().take(32).collect();
                return Err(VersionError::new(self, &start, "is too long"));
            }
        }
        match self {
            Self::Dpkg => dpkg::compare(left, right),
            Self::Rpm => rpm(left).and_then(|left| Ok(left.cmp(&rpm(right)?))),
            Self::Apk => apk::compare(left, right),
            Self::Pacman => pacman::compare(left, right),
            Self::Semantic => semantic::compare(self, left, right),
            Self::Go => semantic::compare(self, left, right),
            Self::Python => Ok(python(left)?.cmp(&python(right)?)),
            Self::Gem => gem::compare(left, right),
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Pacman => "pacman",
            Self::Semantic => "semantic version",
            Self::Go => "Go",
            Self::Python => "Python",
            Self::Gem => "gem",
        }
    }
}

/// A text that is no version by the rules of a kind of package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{version}' is no {} version: it {reason}", scheme.name())]
pub struct VersionError {
    /// By these rules.
    pub scheme: Scheme,
    /// The text.
    pub version: String,
    /// What is wrong with it.
    pub reason: String,
}

impl VersionError {
    fn new(scheme: Scheme, version: &str, reason: impl Into<String>) -> Self {
        Self { scheme, version: version.to_owned(), reason: reason.into() }
    }
}

/// Any visible text is a version for rpm.
fn rpm(version: &str) -> Result<rpm_version::Evr<'_>, VersionError> {
    check_visible(Scheme::Rpm, version)?;
    Ok(rpm_version::Evr::parse(version))
}

fn python(version: &str) -> Result<pep440_rs::Version, VersionError> {
    pep440_rs::Version::from_str(version)
        .map_err(|error| VersionError::new(Scheme::Python, version, format!("is refused: {error}")))
}

/// Versions have neither blanks nor anything outside ASCII.
fn check_visible(scheme: Scheme, version: &str) -> Result<(), VersionError> {
    if version.is_empty() {
        return Err(VersionError::new(scheme, version, "is empty"));
    }
    if !version.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(VersionError::new(scheme, version, "has characters that versions do not have"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
