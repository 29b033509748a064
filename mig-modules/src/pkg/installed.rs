//! What the packages of a machine are read from.

use super::{apk, dpkg, language, package::Package, pacman, rpm};
use crate::sys::Files;
use mig_core::module::{Session, Stop};

/// A package, and what it was built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) package: Package,
    /// The source package, if its database tells of another name or version.
    pub(crate) source: Option<Source>,
}

/// A source package: advisories of several distributions are about these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Installed {
    /// The name and version that advisories about sources use.
    pub(crate) fn source(&self) -> (&str, &str) {
        match &self.source {
            Some(source) => (&source.name, &source.version),
            None => (&self.package.name, &self.package.version),
        }
    }
}

impl From<Package> for Installed {
    fn from(package: Package) -> Self {
        Self { package, source: None }
    }
}

/// How much is asked of each package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What it is called, and its source where that costs nothing.
    Name,
    /// Its source, too: advisories need it.
    Source,
}

/// Tells of every package of one kind of database. What can not be read is a soft error that names the database; a database
/// that is not there is silence.
pub(crate) type Read = fn(Files<'_>, Detail, &dyn Session, &mut dyn FnMut(Installed)) -> Result<(), Stop>;

/// The databases of distributions, in the order in which their packages are listed.
pub(crate) static DISTRIBUTIONS: &[Read] = &[
    rpm::read,
    |files, _, session, found| dpkg::read(files, session, found),
    |files, _, session, found| apk::read(files, session, found),
    |files, _, session, found| pacman::read(files, session, found),
];

/// Packages of programming languages.
pub(crate) static LANGUAGES: Read =
    |files, _, session, found| language::read(files, session, &mut |package| found(package.into()));
