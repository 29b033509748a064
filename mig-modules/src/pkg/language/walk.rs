//! Steps through directories whose owners may be hostile.

use crate::{
    pkg::{language::Named, package::Package},
    sys::Files,
};
use mig_core::{
    json,
    module::{Session, Stop},
};
use std::{
    collections::BTreeSet,
    fmt::{self, Debug, Formatter},
    fs::File,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

/// Most entries of directories that are looked at.
const MAX_ENTRIES: usize = 500_000;

/// An entry of a directory.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// Itself, not by a link.
    pub(super) is_directory: bool,
    pub(super) is_link: bool,
}

impl Entry {
    pub(super) fn name(&self) -> Option<&str> {
        self.path.file_name()?.to_str()
    }
}

/// What a search for packages needs and keeps.
pub(super) struct Walk<'a> {
    files: Files<'a>,
    session: &'a dyn Session,
    found: &'a mut dyn FnMut(Package),
    entries_left: usize,
    visited: BTreeSet<PathBuf>,
    /// Directories that may not be read, each told once.
    denied: BTreeSet<PathBuf>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(files: Files<'a>, session: &'a dyn Session, found: &'a mut dyn FnMut(Package)) -> Self {
        Self {
            files,
            session,
            found,
            entries_left: MAX_ENTRIES,
            visited: BTreeSet::new(),
            denied: BTreeSet::new(),
        }
    }

    /// A path without links, as the machine names it; `None` if there is none.
    pub(super) fn canonical(&mut self, path: &Path) -> Option<PathBuf> {
        match self.files.locate(path).and_then(|place| place.canonicalize()) {
            Ok(place) => Some(self.files.inside(&place)),
            Err(error) => {
                self.fail(path, &error);
                None
            }
        }
    }

    /// Whether a path without links was not visited before.
    pub(super) fn is_first_visit(&mut self, path: &Path) -> bool {
        self.visited.insert(path.to_owned())
    }

    pub(super) fn is_link(&self, path: &Path) -> bool {
        self.files.read_link(path).is_ok()
    }

    /// The entries of a directory, sorted; none if it can not be read.
    pub(super) fn entries(&mut self, directory: &Path) -> Result<Vec<Entry>, Stop> {
        let mut entries = Vec::new();
        let listing = match self.files.list(directory) {
            Ok(listing) => listing,
            Err(error) => {
                self.fail(directory, &error);
                return Ok(entries);
            }
        };
        for entry in listing {
            self.session.checkpoint()?;
            if !self.take_entry(directory) {
                break;
            }
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok((name, kind)) => entries.push(Entry {
                    path: directory.join(name),
                    is_directory: kind.is_dir(),
                    is_link: kind.is_symlink(),
                }),
                Err(error) => self.fail(directory, &error),
            }
        }
        entries.sort_unstable();
        Ok(entries)
    }

    /// Counts an entry; false if there were too many.
    fn take_entry(&mut self, directory: &Path) -> bool {
        if self.entries_left == 1 {
            let path = directory.display();
            self.session.soft_error(format!(
                "{path}: language packages are not looked for beyond {MAX_ENTRIES} files"
            ));
        }
        self.entries_left = self.entries_left.saturating_sub(1);
        self.entries_left > 0
    }

    /// Opens a regular file.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        self.files.open_regular(path)
    }

    /// Reports the package that a file describes, of which the first `limit` bytes are read.
    pub(super) fn read_package(
        &mut self,
        package: &Path,
        metadata: &Path,
        kind: &'static str,
        limit: u64,
        parse: &dyn Fn(&[u8]) -> Option<Named>,
    ) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        let read = self.open(metadata).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        match (read, parse(&bytes)) {
            (Err(error), _) => self.fail(metadata, &error),
            (Ok(_), Some(named)) => self.report(named, kind, package)?,
            (Ok(_), None) => {
                self.session.soft_error(format!("{}: names no package and version", metadata.display()));
            }
        }
        Ok(())
    }

    /// Reports a package.
    pub(super) fn report(&mut self, named: Named, kind: &'static str, path: &Path) -> Result<(), Stop> {
        self.session.checkpoint()?;
        let path = Some(json::lossy(path.as_os_str().as_encoded_bytes()));
        let Named { name, version, platform } = named;
        (self.found)(Package { name, version, kind, arch: platform, path });
        Ok(())
    }

    /// Tells what can not be read. What is not there is no error.
    pub(super) fn fail(&mut self, path: &Path, error: &io::Error) {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {}
            ErrorKind::PermissionDenied => {
                let outermost = self.outermost_denied(path);
                if self.denied.insert(outermost.clone()) {
                    self.session.soft_error(format!("{}: {error}", outermost.display()));
                }
            }
            _ => self.session.soft_error(format!("{}: {error}", path.display())),
        }
    }

    /// The first directory on the way that may not be read, else the path itself.
    fn outermost_denied(&self, path: &Path) -> PathBuf {
        let is_denied = |directory: &&Path| {
            self.files.list(directory).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
        };
        let mut ancestors: Vec<&Path> = path.ancestors().collect();
        ancestors.reverse();
        ancestors.into_iter().find(is_denied).unwrap_or(path).to_owned()
    }
}

impl Debug for Walk<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Walk").field("entries_left", &self.entries_left).finish_non_exhaustive()
    }
}
