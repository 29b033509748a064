//! What a file says that is installed.

/// Longest name of a package, in bytes.
const MAX_NAME_BYTES: usize = 512;
/// Longest version of a package, in bytes.
const MAX_VERSION_BYTES: usize = 256;

/// A package as its metadata name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The platform that it was built for; empty if it says none.
    pub platform: String,
}

impl Named {
    /// `None` if one of both is missing, or too long to be one.
    pub(super) fn new(name: &str, version: &str) -> Option<Self> {
        let (name, version) = (name.trim(), version.trim());
        let possible =
            (1..=MAX_NAME_BYTES).contains(&name.len()) && (1..=MAX_VERSION_BYTES).contains(&version.len());
        possible.then(|| Self { name: name.to_owned(), version: version.to_owned(), platform: String::new() })
    }
}
