//! Files of the agent: for its user only, whole or not there.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    path::Path,
};
use tempfile::{NamedTempFile, TempPath};

/// Makes a directory, and those above it, that only its user may enter; keeps one that is there.
pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Creates a file that only its user may read and that was not there.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.read(true).write(true).create_new(true).open(path)
}

/// Removes a file; content if it is not there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a write must survive the loss of power, or only the end of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    Power,
    Process,
}

/// Writes a file if there is none: as a whole, by one of several that try. False if there is one.
pub(super) fn create(path: &Path, content: &[u8], durability: Durability) -> io::Result<bool> {
    put(beside(path, content, durability)?, path, durability)
}

/// Like [`create`], a file that is never written again, and survives a loss of power.
pub(super) fn create_read_only(path: &Path, content: &[u8]) -> io::Result<bool> {
    put(beside_read_only(path, content)?, path, Durability::Power)
}

/// Writes a file in the place of what is there.
pub(super) fn replace(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    beside(path, content, durability)?.persist(path)?;
    settle(path, durability)
}

/// Like [`replace`], a file that is never written again, and survives a loss of power.
pub(super) fn replace_read_only(path: &Path, content: &[u8]) -> io::Result<()> {
    beside_read_only(path, content)?.persist(path)?;
    settle(path, Durability::Power)
}

fn put(file: TempPath, path: &Path, durability: Durability) -> io::Result<bool> {
    match file.persist_noclobber(path) {
        Ok(()) => settle(path, durability).map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

fn beside(path: &Path, content: &[u8], durability: Durability) -> io::Result<TempPath> {
    let mut file = NamedTempFile::with_prefix_in(TEMPORARY, parent(path))?;
    file.write_all(content)?;
    if durability == Durability::Power {
        file.as_file().sync_data()?;
    }
    Ok(file.into_temp_path())
}

fn beside_read_only(path: &Path, content: &[u8]) -> io::Result<TempPath> {
    let file = beside(path, content, Durability::Power)?;
    #[cfg(unix)]
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o400))?;
    Ok(file)
}

/// Makes the name of a file durable.
fn settle(path: &Path, durability: Durability) -> io::Result<()> {
    match durability {
        #[cfg(unix)]
        Durability::Power => File::open(parent(path))?.sync_all(),
        _ => Ok(()),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What names of files that are being written begin with.
pub(super) const TEMPORARY: &str = ".writing-";
