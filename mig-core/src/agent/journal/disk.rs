//! How entries are written.

use crate::agent::files;
use std::{io, path::Path};
use tempfile::NamedTempFile;

/// What a write must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// The loss of power.
    Power,
    /// The end of the process.
    Process,
}

/// Writes a file if there is none: as a whole, by one of several that try. False if there is one.
pub(super) fn create(path: &Path, content: &[u8], durability: Durability) -> io::Result<bool> {
    let created = files::name_new(write(path, content, durability)?, path)?;
    settle(path, durability)?;
    Ok(created)
}

/// Writes a file in the place of what is there.
pub(super) fn replace(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    write(path, content, durability)?.persist(path)?;
    settle(path, durability)
}

fn write(path: &Path, content: &[u8], durability: Durability) -> io::Result<NamedTempFile> {
    let file = files::write_beside(path, content)?;
    if durability == Durability::Power {
        file.as_file().sync_data()?;
    }
    Ok(file)
}

fn settle(path: &Path, durability: Durability) -> io::Result<()> {
    if durability == Durability::Power { files::sync_names(path) } else { Ok(()) }
}
