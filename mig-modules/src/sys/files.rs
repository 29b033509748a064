//! The files of a machine: of the running one, or those below the root of an image, which no link leads out of.

use crate::sys::{
    links::{self, Last, LinkError, outside},
    spelling::{exact, plain},
};
use mig_core::{limits, module::Machine};
use std::{
    borrow::Cow,
    fs::{self, File, ReadDir},
    io,
    path::{MAIN_SEPARATOR_STR, Path, PathBuf},
};

/// The files of a machine, by the paths that the machine itself uses.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a>(&'a Machine);

impl<'a> Files<'a> {
    /// Those of this machine.
    #[must_use]
    pub fn of(machine: &'a Machine) -> Self {
        Self(machine)
    }

    /// Where a file of the machine lies on this one. In an image links are followed here, since absolute ones start at its root;
    /// the last part may be missing. On Windows the path is an exact one, which is not for people.
    ///
    /// # Errors
    /// If a directory on the way is missing or can not be read, or there are more than [`MAX_LINKS`](super::MAX_LINKS) links.
    pub fn locate(&self, path: &Path) -> io::Result<PathBuf> {
        match self.0 {
            Machine::Running => exact(path).map(Cow::into_owned),
            Machine::Image(root) => {
                Ok(links::follow(Some(root), path, Last::MayMiss).map(|inside| outside(root, &inside))?)
            }
        }
    }

    /// The path without links, as the machine itself has it: all are followed, also those in its middle.
    ///
    /// # Errors
    /// [`LinkError`] names the place on the way that fails.
    pub fn resolve(&self, path: &Path) -> Result<PathBuf, LinkError> {
        let root = match self.0 {
            Machine::Running => None,
            Machine::Image(root) => Some(&**root),
        };
        links::follow(root, path, Last::MustExist)
    }

    /// Where the machine itself has a file that lies here.
    #[must_use]
    pub fn inside(&self, place: &Path) -> PathBuf {
        match self.0 {
            Machine::Running => plain(place.to_owned()),
            Machine::Image(root) => place
                .strip_prefix(root)
                .map_or_else(|_| place.to_owned(), |inside| Path::new(MAIN_SEPARATOR_STR).join(inside)),
        }
    }

    /// Opens a file for reading. A pipe is not waited for. In an image only regular files are opened: a device that stands in place
    /// of a table would be one of this machine, and some do something when they are opened.
    ///
    /// # Errors
    /// As [`File::open`]; in an image as [`open_regular`](Self::open_regular).
    pub fn open(&self, path: &Path) -> io::Result<File> {
        match self.0 {
            Machine::Running => open_at_once(path),
            Machine::Image(_) => self.open_regular(path),
        }
    }

    /// Opens a file for reading if it is a regular one: others may wait for ever, or do something.
    ///
    /// # Errors
    /// As [`File::open`]; [`io::ErrorKind::InvalidInput`] for what is no regular file.
    pub fn open_regular(&self, path: &Path) -> io::Result<File> {
        let place = self.locate(path)?;
        let regular = |metadata: &fs::Metadata| {
            let error = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            metadata.is_file().then_some(()).ok_or_else(error)
        };
        regular(&place.metadata()?)?;
        let file = open_at_once(&place)?;
        // It may have been replaced in between.
        regular(&file.metadata()?)?;
        Ok(file)
    }

    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// If it can not be read, or is longer ([`io::ErrorKind::FileTooLarge`]).
    pub fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        limits::read(self.open(path)?, limit)
    }

    /// The entries of a directory, in the order of the file system.
    ///
    /// # Errors
    /// As [`fs::read_dir`].
    pub fn list(&self, directory: &Path) -> io::Result<ReadDir> {
        fs::read_dir(self.locate(directory)?)
    }

    /// The text of a link, which is not followed.
    ///
    /// # Errors
    /// As [`fs::read_link`].
    pub fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => fs::read_link(self.locate(parent)?.join(name)),
            _ => fs::read_link(self.locate(path)?),
        }
    }

    /// Whether there is such a file or directory, as far as we may see.
    #[must_use]
    pub fn exists(&self, path: &Path) -> bool {
        self.locate(path).is_ok_and(|place| place.exists())
    }
}

/// Opens a file for reading, and does not wait for a writer if it is a pipe.
#[cfg(unix)]
fn open_at_once(place: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(place, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_at_once(place: &Path) -> io::Result<File> {
    File::open(place)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn image() -> (tempfile::TempDir, Machine) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc/real")).unwrap();
        fs::write(root.path().join("etc/real/file"), "inside").unwrap();
        symlink("/etc/real", root.path().join("etc/link")).unwrap();
        symlink("../../../../etc/link/../real/file", root.path().join("etc/up")).unwrap();
        symlink("loop", root.path().join("loop")).unwrap();
        let machine = Machine::image(root.path()).unwrap();
        (root, machine)
    }

    #[test]
    fn links_of_an_image_stay_inside() {
        let (_root, machine) = image();
        let files = Files::of(&machine);
        for path in ["/etc/real/file", "/etc/link/file", "/etc/up", "/../../etc/up", "etc/./link/file"] {
            assert_eq!(files.read(Path::new(path), 100).unwrap(), b"inside", "{path}");
        }
        let place = files.locate(Path::new("/etc/up")).unwrap();
        assert_eq!(files.inside(&place), Path::new("/etc/real/file"));
        assert_eq!(files.read_link(Path::new("/etc/link")).unwrap(), Path::new("/etc/real"));
    }

    #[test]
    fn what_is_missing_or_leads_in_circles_is_an_error() {
        let (_root, machine) = image();
        let files = Files::of(&machine);
        assert!(!files.exists(Path::new("/etc/none")));
        let error = files.open(Path::new("/etc/none/file")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(files.open(Path::new("/loop")).unwrap_err().to_string(), "more than 40 links");
    }

    #[test]
    fn only_regular_files_are_opened_as_such() {
        let (root, machine) = image();
        let files = Files::of(&machine);
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, root.path().join("pipe"), rustix::fs::FileType::Fifo, mode, 0)
            .unwrap();
        for path in ["/pipe", "/etc"] {
            let error = files.open_regular(Path::new(path)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}");
        }
        assert!(files.open_regular(Path::new("/etc/link/file")).is_ok());
    }

    #[test]
    fn a_pipe_is_not_waited_for_and_in_an_image_not_opened() {
        let (root, machine) = image();
        let path = root.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(Files::of(&Machine::Running).read(&path, 10).unwrap(), b"");
        let error = Files::of(&machine).read(Path::new("/pipe"), 10).unwrap_err();
        assert_eq!(error.to_string(), "not a regular file");
    }

    #[test]
    fn a_file_longer_than_the_limit_is_an_error() {
        let (_root, machine) = image();
        let error = Files::of(&machine).read(Path::new("/etc/real/file"), 5).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
