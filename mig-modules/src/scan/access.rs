//! Single paths for modules that stand on the engine, opened as carefully as the engine opens them.

use crate::{
    scan::{
        ground::Ground,
        metadata::{Kind, Metadata},
    },
    sys::Files,
};
use mig_core::module::Machine;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// None of the paths of a query can be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot look into '{}': {source}", path.display())]
pub struct NothingToSee {
    /// The first of them.
    pub path: PathBuf,
    /// What is wrong with it.
    pub source: io::Error,
}

/// Opens a file that was found, by the path in the result: a regular one, or a link to one. Never waits for a peer.
///
/// # Errors
/// If it can not be opened, or is no regular file any more.
pub fn open(machine: &Machine, path: &Path) -> io::Result<(File, Metadata)> {
    let ground = Ground::of(machine);
    let named = ground.named(path)?;
    let (file, metadata) = match named.metadata()?.kind {
        Kind::Link => ground.behind(&named.directory, &named.name, path)?.open_file()?,
        _ => named.open_file()?,
    };
    if metadata.kind == Kind::File {
        Ok((file, metadata))
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

/// Whether a query of these paths can see anything on a machine that is at hand: one that can be looked at is enough.
///
/// # Errors
/// [`NothingToSee`] if there are paths, and none can.
pub fn check_paths(machine: &Machine, paths: &[PathBuf]) -> Result<(), NothingToSee> {
    let mut failure = None;
    for path in paths {
        match look_into(machine, path) {
            Ok(()) => return Ok(()),
            Err(source) => failure = failure.or_else(|| Some(NothingToSee { path: path.clone(), source })),
        }
    }
    failure.map_or(Ok(()), Err)
}

fn look_into(machine: &Machine, path: &Path) -> io::Result<()> {
    let place = Files::of(machine).locate(path)?;
    if fs::metadata(&place)?.is_dir() { fs::read_dir(&place).map(drop) } else { Ok(()) }
}
