//! The directories a walk is in: a chain of names, the upper ones held open.

use crate::scan::platform::Directory;
use std::{
    ffi::{OsStr, OsString},
    io,
    ops::Deref,
    path::PathBuf,
    sync::Arc,
};

/// Levels of directories that are held open while what lies below them waits. Deeper ones are opened again from here,
/// name by name, so that a deep tree costs time and not descriptors.
const MAX_OPEN_LEVELS: usize = 48;

/// Levels below a root that are entered: more than any path that the system takes in one piece (4,096 bytes) can name.
pub(super) const MAX_LEVELS: usize = 2048;

/// A directory of the walk. Holds its parents alive, and no path: that is put together when somebody wants to see it.
#[derive(Debug)]
pub(super) struct Branch {
    parent: Option<Arc<Self>>,
    name: OsString,
    level: usize,
    directory: Option<Directory>,
}

impl Branch {
    /// The base of relative and absolute paths: its entries are named by their paths.
    pub(super) fn base() -> Self {
        Self { parent: None, name: OsString::new(), level: 0, directory: Some(Directory::Current) }
    }

    /// A directory in `parent`, which was opened as `directory`.
    pub(super) fn new(parent: Arc<Self>, name: OsString, directory: Directory) -> (Self, Option<Directory>) {
        let level = parent.level + 1;
        let (held, lent) =
            if level <= MAX_OPEN_LEVELS { (Some(directory), None) } else { (None, Some(directory)) };
        (Self { parent: Some(parent), name, level, directory: held }, lent)
    }

    /// Levels below the base; a root has 1.
    pub(super) fn level(&self) -> usize {
        self.level
    }

    /// Whether this directory stays open as long as it lives.
    pub(super) fn is_held(&self) -> bool {
        self.directory.is_some()
    }

    /// The path of an entry.
    pub(super) fn path_of(&self, entry: &OsStr) -> PathBuf {
        let mut path = self.path();
        path.push(entry);
        path
    }

    /// The path of this directory.
    pub(super) fn path(&self) -> PathBuf {
        let mut names = Vec::with_capacity(self.level + 1);
        let mut branch = Some(self);
        while let Some(this) = branch {
            names.push(this.name.as_os_str());
            branch = this.parent.as_deref();
        }
        names.into_iter().rev().collect()
    }

    /// The open directory; opened again, through its parents, if it was not held.
    pub(super) fn directory(&self) -> io::Result<Opened<'_>> {
        let mut closed = Vec::new();
        let mut branch = self;
        loop {
            if let Some(directory) = &branch.directory {
                return reopen(directory, &closed);
            }
            closed.push(branch.name.as_os_str());
            // The base is always open.
            branch = branch.parent.as_deref().ok_or(io::ErrorKind::NotFound)?;
        }
    }
}

fn reopen<'a>(open: &'a Directory, closed: &[&OsStr]) -> io::Result<Opened<'a>> {
    let mut opened = Opened::Held(open);
    for name in closed.iter().rev() {
        opened = Opened::Lent(opened.open_child(name)?);
    }
    Ok(opened)
}

/// An open directory: held by the tree, or for this moment only.
#[derive(Debug)]
pub(super) enum Opened<'a> {
    Held(&'a Directory),
    Lent(Directory),
}

impl Deref for Opened<'_> {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        match self {
            Self::Held(directory) => directory,
            Self::Lent(directory) => directory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descend(parent: &Arc<Branch>, name: &str) -> Arc<Branch> {
        let directory = parent.directory().unwrap().open_child(name.as_ref()).unwrap();
        Arc::new(Branch::new(Arc::clone(parent), name.into(), directory).0)
    }

    #[test]
    fn a_directory_below_the_open_levels_is_opened_again_from_its_names() {
        let root = tempfile::tempdir().unwrap();
        let mut branch = descend(&Arc::new(Branch::base()), root.path().to_str().unwrap());
        let mut path = root.path().to_owned();
        for _ in 0..MAX_OPEN_LEVELS + 5 {
            path.push("d");
            std::fs::create_dir(&path).unwrap();
            branch = descend(&branch, "d");
        }
        assert!(!branch.is_held());
        assert_eq!(branch.path(), path);
        std::fs::write(path.join("leaf"), "12345").unwrap();
        let metadata =
            branch.directory().unwrap().metadata("leaf".as_ref(), super::super::metadata::Links::Keep);
        assert_eq!(metadata.unwrap().size, 5);
    }

    #[test]
    fn paths_are_the_root_and_the_names_below() {
        let base = Arc::new(Branch::base());
        assert_eq!(base.path_of("a/b".as_ref()), PathBuf::from("a/b"));
        let root = descend(&base, "/");
        assert_eq!(root.path_of("etc".as_ref()), PathBuf::from("/etc"));
        let here = descend(&base, ".");
        assert_eq!(here.path_of("x".as_ref()).to_str(), Some(&*format!(".{}x", std::path::MAIN_SEPARATOR)));
    }
}
