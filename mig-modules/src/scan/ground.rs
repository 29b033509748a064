//! Where a scan stands: the running machine, or an image, which no path and no link leads out of.
//!
//! A walk goes from directory to directory and never leaves its tree by itself. What could leave it are the paths of the
//! queries and links to files: these go through here. On the running machine the kernel looks both up. In an image we follow
//! the links, and open what comes out name by name, so that also a link that somebody puts there in between is not followed.

use crate::{
    scan::{
        metadata::{Kind, Links, Metadata},
        paths::clean,
        platform::Directory,
        tree::Opened,
    },
    sys::{Files, LinkError, spelling::on_disk},
};
use mig_core::module::Machine;
use std::{
    borrow::Cow,
    ffi::OsStr,
    fs::File,
    io,
    path::{Component, MAIN_SEPARATOR_STR, Path, PathBuf},
};

/// The files of the machine that is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'m>(&'m Machine);

/// An entry of an open directory: looking it up reaches what was meant, and nothing else.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) directory: Opened<'a>,
    pub(super) name: Cow<'a, OsStr>,
    links: Links,
}

impl<'m> Ground<'m> {
    pub(super) fn of(machine: &'m Machine) -> Self {
        Self(machine)
    }

    /// A path as results show it: those of an image begin at its root.
    pub(super) fn shown(self, path: &Path) -> PathBuf {
        match self.0 {
            Machine::Running => on_disk(path).into_owned(),
            Machine::Image(_) => clean(&Path::new(MAIN_SEPARATOR_STR).join(without_drive(path))),
        }
    }

    /// What a path names; if that is a link, the link itself.
    pub(super) fn named<'p>(self, path: &'p Path) -> io::Result<Entry<'p>> {
        match self.0 {
            Machine::Running => Ok(Entry::of(Opened::Held(&CURRENT), path.as_os_str())),
            Machine::Image(root) => {
                let (parent, name) = split(path);
                Ok(Entry::of(open_inside(root, &self.resolve(parent)?)?, name))
            }
        }
    }

    /// What a link at this path leads to, over all hops. The link is `name` in `directory`.
    pub(super) fn behind<'a>(
        self,
        directory: &'a Directory,
        name: &'a OsStr,
        path: &Path,
    ) -> io::Result<Entry<'a>> {
        match self.0 {
            Machine::Running => {
                Ok(Entry { links: Links::Follow, ..Entry::of(Opened::Held(directory), name) })
            }
            Machine::Image(root) => {
                let target = self.resolve(path)?;
                let (parent, name) = split(&target);
                Ok(Entry::of(open_inside(root, parent)?, name.to_owned()))
            }
        }
    }

    /// The path without links, also in its middle.
    pub(super) fn resolve(self, path: &Path) -> Result<PathBuf, LinkError> {
        Files::of(self.0).resolve(path)
    }

    /// The regular file that a link leads to.
    pub(super) fn file_behind(self, link: &Path) -> Option<PathBuf> {
        let entry = self.named(link).ok()?;
        if entry.metadata().ok()?.kind != Kind::Link {
            return None;
        }
        let target = self.behind(&entry.directory, &entry.name, link).ok()?;
        let leads_to_file = target.metadata().ok()?.kind == Kind::File;
        leads_to_file.then(|| self.resolve(link).ok())?
    }
}

impl<'a> Entry<'a> {
    pub(super) fn of(directory: Opened<'a>, name: impl Into<Cow<'a, OsStr>>) -> Self {
        Self { directory, name: name.into(), links: Links::Keep }
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.directory.metadata(&self.name, self.links)
    }

    pub(super) fn open_directory(&self) -> io::Result<Directory> {
        self.directory.open_child(&self.name)
    }

    /// Opens a file for reading, and says what was opened.
    pub(super) fn open_file(&self) -> io::Result<(File, Metadata)> {
        self.directory.open_file(&self.name, self.links)
    }
}

/// The base of all paths of the running machine.
static CURRENT: Directory = Directory::Current;

/// An image has no drives.
fn without_drive(path: &Path) -> &Path {
    let mut parts = path.components();
    let first = parts.next();
    if matches!(first, Some(Component::Prefix(_))) { parts.as_path() } else { path }
}

/// Directory and entry; the root is an entry of itself.
fn split(path: &Path) -> (&Path, &OsStr) {
    (path.parent().unwrap_or(path), path.file_name().unwrap_or(OsStr::new(".")))
}

/// Opens a directory of an image by a path without links.
fn open_inside(root: &Path, directory: &Path) -> io::Result<Opened<'static>> {
    let mut names = directory.components().filter(|part| matches!(part, Component::Normal(_)));
    let root = Directory::open(root)?;
    names.try_fold(root, |above, name| above.pass_through(name.as_os_str())).map(Opened::Lent)
}
