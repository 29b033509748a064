//! What entries of trees are on other systems: no modes, no pipes, fewer names, and links only for some users.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::Path,
    time::SystemTime,
};

pub(super) fn link(_target: &str, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn pipe(_path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn name(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

pub(super) fn set_mode(_path: &Path, _mode: u32) {}

pub(super) fn set_time(path: &Path, time: SystemTime) {
    // Directories do not open for writing.
    if let Ok(file) = File::options().write(true).open(path) {
        file.set_modified(time).expect("a time that can be set");
    }
}

/// Whether an entry is there under its own name; times are kept in steps of 100 ns.
pub(super) fn keeps(path: &Path, nanoseconds: usize) -> bool {
    let parent = path.parent().expect("a parent");
    let mut names =
        fs::read_dir(parent).expect("a directory").map(|entry| entry.expect("an entry").file_name());
    nanoseconds.is_multiple_of(100) && names.any(|name| Some(&*name) == path.file_name())
}
