//! Files of the agent: for its user only, and whole or not there.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    path::Path,
};
use tempfile::NamedTempFile;

/// What names of files that are being written begin with.
pub(crate) const TEMPORARY: &str = ".writing-";

/// Makes a directory, and those above it, that only its user may enter; keeps one that is there.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Creates a file that only its user may read and that was not there.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.read(true).write(true).create_new(true).open(path)
}

/// Removes a file; content if it is not there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file for its user only, in the directory of `path`, under another name.
pub(crate) fn write_beside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::with_prefix_in(TEMPORARY, parent(path))?;
    file.write_all(content)?;
    Ok(file)
}

/// Gives a file its name unless that is taken: then it is false, and the file is gone.
pub(crate) fn name_new(file: NamedTempFile, path: &Path) -> io::Result<bool> {
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// Waits until the disk has the names in the directory of `path`.
pub(crate) fn sync_names(path: &Path) -> io::Result<()> {
    // Elsewhere directories can not be opened, and names are durable with their files.
    if cfg!(unix) { File::open(parent(path))?.sync_all() } else { Ok(()) }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
