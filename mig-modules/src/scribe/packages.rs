//! The packages that are installed on a machine.

use crate::{
    pkg::{DISTRIBUTIONS, Detail, Package},
    sys::{self, Files, SystemError},
};
use mig_core::module::{Machine, Session, Stop};
use std::{collections::HashMap, fmt::Debug, sync::Arc};

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPackage {
    /// Its name, as its package manager tells it.
    pub name: String,
    /// Its version, with epoch and release where there are such.
    pub version: String,
}

/// What tells which packages are installed.
pub trait Packages: Debug + Send + Sync {
    /// The packages of the machine that a session looks at, each version of each.
    ///
    /// # Errors
    /// [`Stop`] if the session ended the run. What can not be read is a soft error of the session.
    fn installed(&self, session: &dyn Session) -> Result<Vec<InstalledPackage>, Stop>;

    /// Whether they can be told of this machine at all: an object about packages that can not is an error, and not empty.
    ///
    /// # Errors
    /// [`SystemError`] says why not.
    fn can_be_told(&self, machine: &Machine) -> Result<(), SystemError> {
        _ = machine;
        Ok(())
    }
}

/// Those in the databases of distributions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Installed;

impl Packages for Installed {
    fn installed(&self, session: &dyn Session) -> Result<Vec<InstalledPackage>, Stop> {
        let mut packages = Vec::new();
        let files = Files::of(session.machine());
        for read in DISTRIBUTIONS {
            read(files, Detail::Name, session, &mut |installed| {
                let Package { name, version, .. } = installed.package;
                packages.push(InstalledPackage { name, version });
            })?;
        }
        Ok(packages)
    }

    fn can_be_told(&self, machine: &Machine) -> Result<(), SystemError> {
        sys::of(machine).package_databases()
    }
}

/// Packages by their names.
#[derive(Debug, Default)]
pub(super) struct PackageIndex {
    all: Vec<InstalledPackage>,
    by_name: HashMap<Arc<str>, Vec<usize>>,
}

impl PackageIndex {
    pub(super) fn new(all: Vec<InstalledPackage>) -> Self {
        let mut by_name = HashMap::<Arc<str>, Vec<usize>>::new();
        for (place, package) in all.iter().enumerate() {
            by_name.entry(package.name.as_str().into()).or_default().push(place);
        }
        Self { all, by_name }
    }

    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &InstalledPackage> {
        self.by_name.get(name).into_iter().flatten().filter_map(|place| self.all.get(*place))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &InstalledPackage> {
        self.all.iter()
    }
}
