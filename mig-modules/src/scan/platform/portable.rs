//! For systems without descriptors to walk by, such as Windows: paths of the standard library.
//!
//! A path is looked up again for each entry, so somebody who may write to a directory can swap it for a junction under a walk.

use crate::{
    scan::{
        filesystems::FileSystem,
        metadata::{Kind, Links, Metadata},
        platform::{Listed, elsewhere},
    },
    sys::spelling::exact,
};
use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A directory.
#[derive(Debug)]
pub(in crate::scan) enum Directory {
    /// The working directory of the process: the base of paths.
    Current,
    /// Any other, by a path that the system takes as it is: names of entries may be any text.
    Open(PathBuf),
}

/// Nothing to keep here: the system's reader brings its own space.
#[derive(Debug)]
pub(in crate::scan) struct ListBuffer;

impl ListBuffer {
    pub(in crate::scan) fn new() -> Self {
        Self
    }
}

impl Directory {
    pub(in crate::scan) fn open(path: &Path) -> io::Result<Self> {
        Self::Current.open_child(path.as_os_str())
    }

    pub(in crate::scan) fn open_child(&self, name: &OsStr) -> io::Result<Self> {
        let child = self.pass_through(name)?;
        // Listing fails later as well, but then the failure would not be one of opening.
        child.entries()?;
        Ok(child)
    }

    /// A sub-directory, to look up entries in it only.
    pub(in crate::scan) fn pass_through(&self, name: &OsStr) -> io::Result<Self> {
        let path = self.place(name)?;
        if fs::symlink_metadata(&path)?.is_dir() {
            Ok(Self::Open(path))
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    pub(in crate::scan) fn device(&self) -> io::Result<u64> {
        Ok(0)
    }

    pub(in crate::scan) fn file_system(&self) -> io::Result<FileSystem> {
        Ok(FileSystem::Local)
    }

    pub(in crate::scan) fn list(
        &self,
        _buffer: &mut ListBuffer,
        entry: &mut dyn FnMut(&OsStr, Kind),
    ) -> io::Result<Listed> {
        for next in self.entries()? {
            let next = next?;
            entry(&next.file_name(), next.file_type().map_or(Kind::File, kind_of));
        }
        Ok(Listed::All)
    }

    pub(in crate::scan) fn metadata(&self, name: &OsStr, links: Links) -> io::Result<Metadata> {
        let path = self.place(name)?;
        let metadata = match links {
            Links::Keep => fs::symlink_metadata(path),
            Links::Follow => fs::metadata(path),
        }?;
        Ok(metadata_of(&metadata))
    }

    /// Opens an entry for reading, and says what was opened.
    pub(in crate::scan) fn open_file(&self, name: &OsStr, links: Links) -> io::Result<(File, Metadata)> {
        if self.metadata(name, links)?.kind != Kind::File {
            return Err(io::Error::other("not a regular file"));
        }
        let path = self.place(name)?;
        if elsewhere::is_fetched(&fs::metadata(&path)?) {
            return Err(io::Error::other("its content is in the cloud: reading would fetch it"));
        }
        let file = File::open(path)?;
        let metadata = metadata_of(&file.metadata()?);
        Ok((file, metadata))
    }

    /// Where an entry is.
    fn place(&self, name: &OsStr) -> io::Result<PathBuf> {
        match self {
            Self::Current => exact(Path::new(name)).map(PathBuf::from),
            Self::Open(path) => Ok(path.join(name)),
        }
    }

    fn entries(&self) -> io::Result<fs::ReadDir> {
        match self {
            Self::Current => fs::read_dir("."),
            Self::Open(path) => fs::read_dir(path),
        }
    }
}

fn kind_of(kind: fs::FileType) -> Kind {
    match kind {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Directory,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Special,
    }
}

/// Permissions as Go makes them up: a file may be written by everybody, or by nobody.
fn metadata_of(metadata: &fs::Metadata) -> Metadata {
    let kind = kind_of(metadata.file_type());
    let kind_bits = match kind {
        Kind::File => 0o100_000,
        Kind::Directory => 0o040_111,
        Kind::Link => 0o120_000,
        Kind::Special => 0o010_000,
    };
    let permissions = if metadata.permissions().readonly() { 0o444 } else { 0o666 };
    Metadata {
        kind,
        size: metadata.len(),
        mode: kind_bits | permissions,
        modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        device: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_describes_what_the_descriptor_walk_would() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "content").unwrap();
        fs::create_dir(root.path().join("directory")).unwrap();
        let directory = Directory::open(root.path()).unwrap();
        let mut seen = Vec::new();
        directory.list(&mut ListBuffer::new(), &mut |name, kind| seen.push((name.to_owned(), kind))).unwrap();
        seen.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(seen, [("directory".into(), Kind::Directory), ("file".into(), Kind::File)]);
        let metadata = directory.metadata("file".as_ref(), Links::Keep).unwrap();
        assert_eq!((metadata.size, metadata.mode), (7, 0o100_666));
        assert!(directory.open_child("file".as_ref()).is_err());
        assert!(directory.open_file("directory".as_ref(), Links::Follow).is_err());
        assert_eq!((directory.device().unwrap(), directory.file_system().unwrap()), (0, FileSystem::Local));
    }
}
