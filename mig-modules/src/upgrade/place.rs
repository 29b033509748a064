//! The directory of programs: `mig-agent-<version>` for each version, and the link `mig-agent` to the one that is used.
//!
//! Names change by rename(2) only, so that at any time each of them leads to a whole program. What was begun and not finished has names
//! with a dot in front, and is removed by the next upgrade.

use super::trusted;
use crate::{agent_program::AGENT, sys::Program};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

/// What is being downloaded.
const DOWNLOAD: &str = ".mig-agent.download";
/// What is about to get another name.
const TEMPORARY: &str = ".mig-agent.new";
/// A program that was no link and has made way for one.
const PREVIOUS: &str = "mig-agent.previous";

/// What could not be done, and with which file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} '{}': {source}", path.display())]
pub(super) struct PlaceError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PlaceError {
    let path = path.to_owned();
    move |source| PlaceError { action, path, source }
}

/// A directory that nobody else can change, and no other upgrade at work in it.
#[derive(Debug)]
pub(super) struct Place {
    directory: PathBuf,
    /// Locked as long as it is open.
    handle: File,
}

/// What was in the place of the link.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Former {
    Missing,
    /// A link with this text.
    Link(PathBuf),
    /// No link but the program itself.
    Program,
}

impl Place {
    pub(super) fn open(directory: &Path) -> Result<Self, PlaceError> {
        let path = trusted::directory(directory).map_err(failed("install in", directory))?;
        let handle = File::open(&path).map_err(failed("open", &path))?;
        match handle.try_lock() {
            Ok(()) => Ok(Self { directory: path, handle }),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
            Err(TryLockError::WouldBlock) => {
                Err(failed("install in", &path)(io::Error::other("another upgrade is at work there")))
            }
        }
    }

    /// The path of the link.
    pub(super) fn link(&self) -> PathBuf {
        self.directory.join(AGENT)
    }

    /// The path of the program that is used now, if others can not change it; `None` if there is none.
    pub(super) fn installed(&self) -> Result<Option<PathBuf>, PlaceError> {
        let link = self.link();
        let program = match link.canonicalize() {
            Ok(program) => program,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("follow", &link)(error)),
        };
        let directory = program.parent().unwrap_or(&program);
        let is_trusted = trusted::directory(directory).and_then(|_| trusted::file(&program));
        is_trusted.map_err(failed("replace", &link))?;
        Ok(Some(program))
    }

    /// The name of a program, if it is in this directory.
    pub(super) fn name_of(&self, program: &Program) -> Option<String> {
        let is_here = !program.is_deleted && program.path.parent() == Some(&self.directory);
        let name = program.path.file_name().and_then(|name| name.to_str());
        name.filter(|_| is_here).map(str::to_owned)
    }

    /// Begins a new program.
    pub(super) fn stage(&self) -> Result<Staged<'_>, PlaceError> {
        let path = self.directory.join(DOWNLOAD);
        self.clear(&path)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(failed("create", &path))?;
        Ok(Staged { file, unused: Unused { place: self, path } })
    }

    /// What the link is now.
    pub(super) fn former(&self) -> Result<Former, PlaceError> {
        let link = self.link();
        let looking = || failed("look at", &link);
        match link.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Former::Missing),
            Err(error) => Err(looking()(error)),
            Ok(metadata) if metadata.is_symlink() => {
                Ok(Former::Link(fs::read_link(&link).map_err(looking())?))
            }
            Ok(metadata) if metadata.is_file() => Ok(Former::Program),
            Ok(_) => {
                Err(failed("replace", &link)(io::Error::other("it is neither a program nor a link to one")))
            }
        }
    }

    /// Makes the link lead to a file of this directory. A program in its place is kept under another name.
    pub(super) fn lead_to(&self, name: &Path, former: &Former) -> Result<(), PlaceError> {
        let link = self.link();
        if *former == Former::Program {
            let previous = self.directory.join(PREVIOUS);
            self.replace(&previous, |new| fs::hard_link(&link, new))?;
        }
        self.replace(&link, |new| symlink(name, new))
    }

    /// Makes the link what it was.
    pub(super) fn restore(&self, former: &Former) -> Result<(), PlaceError> {
        let link = self.link();
        match former {
            Former::Link(text) => self.replace(&link, |new| symlink(text, new)),
            Former::Program => {
                let previous = self.directory.join(PREVIOUS);
                self.replace(&link, |new| fs::hard_link(&previous, new))
            }
            Former::Missing => {
                fs::remove_file(&link).map_err(failed("remove", &link))?;
                self.sync()
            }
        }
    }

    /// Makes something under a temporary name, and gives it its own one.
    fn replace(&self, path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), PlaceError> {
        let new = self.directory.join(TEMPORARY);
        self.clear(&new)?;
        make(&new).map_err(failed("make", &new))?;
        fs::rename(&new, path).map_err(failed("replace", path))?;
        self.sync()
    }

    /// Removes what an upgrade has left that was killed.
    fn clear(&self, path: &Path) -> Result<(), PlaceError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
            _ => Ok(()),
        }
    }

    /// Names survive a power failure from here on.
    fn sync(&self) -> Result<(), PlaceError> {
        self.handle.sync_all().map_err(failed("write", &self.directory))
    }
}

/// A program that is being written.
#[derive(Debug)]
pub(super) struct Staged<'a> {
    file: File,
    unused: Unused<'a>,
}

impl<'a> Staged<'a> {
    /// Adds to it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// It is complete: puts it on the disk, and lets us run it.
    pub(super) fn finish(self) -> Result<Unused<'a>, PlaceError> {
        let Self { file, unused } = self;
        file.sync_all().map_err(failed("write", &unused.path))?;
        let permissions = fs::Permissions::from_mode(0o500);
        file.set_permissions(permissions).map_err(failed("change the mode of", &unused.path))?;
        Ok(unused)
    }
}

/// A program that nobody uses yet. It is removed unless it is put in its place.
#[derive(Debug)]
pub(super) struct Unused<'a> {
    place: &'a Place,
    path: PathBuf,
}

impl Unused<'_> {
    /// Where it is until it has its place.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in its place: where that is, and its name there.
    pub(super) fn put(self, version: &str) -> Result<(PathBuf, PathBuf), PlaceError> {
        let name = PathBuf::from(format!("{AGENT}-{version}"));
        let path = self.place.directory.join(&name);
        let permissions = fs::Permissions::from_mode(0o750);
        fs::set_permissions(&self.path, permissions).map_err(failed("change the mode of", &self.path))?;
        fs::rename(&self.path, &path).map_err(failed("replace", &path))?;
        self.place.sync()?;
        Ok((path, name))
    }
}

impl Drop for Unused<'_> {
    fn drop(&mut self) {
        // In its place it has another name.
        fs::remove_file(&self.path).ok();
    }
}
