//! An installed package.

/// What a database, or the files of a language package, say of an installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// As its tool lists it.
    pub name: String,
    /// As its tool writes it, with the epoch if there is one.
    pub version: String,
    /// `dpkg`, `rpm`, `apk`, `pacman`, `pypi`, `npm`, `gem`, `golang` or `crates.io`.
    pub kind: &'static str,
    /// The architecture it was built for; empty if there is no such thing.
    pub arch: String,
    /// Where a language package was found.
    pub path: Option<String>,
}
