//! What every source gives.

/// A package that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// As its source names it.
    pub name: String,
    /// With epoch and release, where there are such.
    pub version: String,
    /// `dpkg`, `rpm`, `apk`, `pacman`, `pypi`, `npm`, `gem`, `golang` or `crates.io`.
    pub kind: &'static str,
    /// Empty if the source knows none.
    pub arch: String,
    /// Where a language package was found.
    pub path: Option<String>,
}
