//! Through descriptors: a name is looked up once, in a directory that is held open, so nobody can swap a path under us.

use crate::scan::{
    filesystems::FileSystem,
    metadata::{Kind, Links, Metadata},
    platform::Listed,
};
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat},
};
use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::ffi::OsStrExt,
    path::Path,
    time::{Duration, SystemTime},
};

/// An open directory.
#[derive(Debug)]
pub(in crate::scan) enum Directory {
    /// The working directory of the process: the base of paths.
    Current,
    /// Any other.
    Open(OwnedFd),
}

impl Directory {
    /// Opens a path whose last part must not be a link.
    pub(in crate::scan) fn open(path: &Path) -> io::Result<Self> {
        Self::Current.open_child(path.as_os_str())
    }

    /// Opens a sub-directory, which must not be a link.
    pub(in crate::scan) fn open_child(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self::Open(rustix::fs::openat(self.as_fd(), name, flags, Mode::empty())?))
    }

    /// Opens a sub-directory, which must not be a link, to look up entries in it: that needs no right to list them.
    pub(in crate::scan) fn pass_through(&self, name: &OsStr) -> io::Result<Self> {
        let flags = PASS | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self::Open(rustix::fs::openat(self.as_fd(), name, flags, Mode::empty())?))
    }

    /// The device the directory lies on: another one than its parent's means a mount point.
    pub(in crate::scan) fn device(&self) -> io::Result<u64> {
        Ok(metadata_of(&rustix::fs::fstat(self.as_fd())?).device)
    }

    /// The kind of file system the directory lies on.
    pub(in crate::scan) fn file_system(&self) -> io::Result<FileSystem> {
        FileSystem::of(self.as_fd())
    }

    /// Calls `entry` for the next entries, without `.` and `..`, in the order of the file system.
    pub(in crate::scan) fn list(
        &self,
        buffer: &mut ListBuffer,
        entry: &mut dyn FnMut(&OsStr, Kind),
    ) -> io::Result<Listed> {
        list::batch(self, buffer, &mut |name, kind| match kind {
            FileType::Unknown => match self.metadata(name, Links::Keep) {
                Ok(metadata) => entry(name, metadata.kind),
                // Let whoever looks at it find out and report why.
                Err(_) => entry(name, Kind::File),
            },
            known => entry(name, kind_of(known)),
        })
    }

    /// Metadata of an entry.
    pub(in crate::scan) fn metadata(&self, name: &OsStr, links: Links) -> io::Result<Metadata> {
        let flags = match links {
            Links::Keep => AtFlags::SYMLINK_NOFOLLOW,
            Links::Follow => AtFlags::empty(),
        };
        Ok(metadata_of(&rustix::fs::statat(self.as_fd(), name, flags)?))
    }

    /// Opens an entry for reading, never waiting for a peer, and says what was really opened.
    ///
    /// The time of last access stays as it is where the system lets us ask for that.
    pub(in crate::scan) fn open_file(&self, name: &OsStr, links: Links) -> io::Result<(File, Metadata)> {
        let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        if links == Links::Keep {
            flags |= OFlags::NOFOLLOW;
        }
        let opened = match rustix::fs::openat(self.as_fd(), name, flags | KEEP_ACCESS_TIME, Mode::empty()) {
            Err(rustix::io::Errno::PERM) => rustix::fs::openat(self.as_fd(), name, flags, Mode::empty()),
            result => result,
        }?;
        let metadata = metadata_of(&rustix::fs::fstat(&opened)?);
        Ok((File::from(opened), metadata))
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Current => CWD,
            Self::Open(descriptor) => descriptor.as_fd(),
        }
    }
}

fn kind_of(kind: FileType) -> Kind {
    match kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Special,
    }
}

#[expect(clippy::useless_conversion, clippy::unnecessary_cast, reason = "widths differ between systems")]
fn metadata_of(stat: &Stat) -> Metadata {
    Metadata {
        kind: kind_of(FileType::from_raw_mode(stat.st_mode)),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mode: u32::from(stat.st_mode),
        modified: time_of(i64::from(stat.st_mtime), stat.st_mtime_nsec as u64),
        device: stat.st_dev as u64,
    }
}

fn time_of(seconds: i64, nanoseconds: u64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    time.and_then(|time| time.checked_add(Duration::from_nanos(nanoseconds)))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const KEEP_ACCESS_TIME: OFlags = OFlags::NOATIME;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const KEEP_ACCESS_TIME: OFlags = OFlags::empty();

#[cfg(any(target_os = "linux", target_os = "android"))]
const PASS: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const PASS: OFlags = OFlags::RDONLY;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod list {
    use super::{Directory, FileType, Listed, OsStr, OsStrExt, io};
    use rustix::fs::RawDir;
    use std::mem::MaybeUninit;

    /// More entries than this in one batch suggest that the directory holds further ones.
    const FULL_BATCH: usize = 256;

    /// Space for one system call's worth of entries; one per thread.
    #[derive(Debug)]
    pub(in crate::scan) struct ListBuffer(Box<[MaybeUninit<u8>]>);

    impl ListBuffer {
        pub(in crate::scan) fn new() -> Self {
            Self(Box::new_uninit_slice(32 << 10))
        }
    }

    pub(super) fn batch(
        directory: &Directory,
        buffer: &mut ListBuffer,
        entry: &mut dyn FnMut(&OsStr, FileType),
    ) -> io::Result<Listed> {
        let mut reader = RawDir::new(directory, &mut buffer.0);
        let mut entries = 0;
        while let Some(next) = reader.next() {
            let next = next?;
            let name = next.file_name().to_bytes();
            if name != b"." && name != b".." {
                entry(OsStr::from_bytes(name), next.file_type());
            }
            entries += 1;
            if reader.is_buffer_empty() && std::mem::take(&mut entries) >= FULL_BATCH {
                return Ok(Listed::Part);
            }
        }
        Ok(Listed::All)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod list {
    use super::{Directory, FileType, Listed, OsStr, OsStrExt, io};
    use rustix::fs::Dir;

    /// Nothing to keep here: the system's reader brings its own space.
    #[derive(Debug)]
    pub(in crate::scan) struct ListBuffer;

    impl ListBuffer {
        pub(in crate::scan) fn new() -> Self {
            Self
        }
    }

    pub(super) fn batch(
        directory: &Directory,
        _buffer: &mut ListBuffer,
        entry: &mut dyn FnMut(&OsStr, FileType),
    ) -> io::Result<Listed> {
        for next in Dir::read_from(directory)? {
            let next = next?;
            let name = next.file_name().to_bytes();
            if name != b"." && name != b".." {
                entry(OsStr::from_bytes(name), next.file_type());
            }
        }
        Ok(Listed::All)
    }
}

pub(in crate::scan) use list::ListBuffer;
