//! Programs that know what they were built of.

use crate::pkg::language::{auditable, executable::Executable, go, walk::Walk};
use mig_core::module::Stop;
use std::{
    fs::File,
    io::{self, BufReader},
    path::Path,
};

/// Looks for packages in the programs of a directory, not in those below.
pub(super) fn look(walk: &mut Walk<'_>, directory: &Path) -> Result<(), Stop> {
    for entry in walk.entries(directory)? {
        if entry.is_directory {
            continue;
        }
        let path = if entry.is_link { walk.canonical(&entry.path) } else { Some(entry.path) };
        if let Some(path) = path.filter(|path| walk.is_first_visit(path)) {
            look_at_program(walk, &path)?;
        }
    }
    Ok(())
}

fn look_at_program(walk: &mut Walk<'_>, path: &Path) -> Result<(), Stop> {
    let file = match walk.open(path) {
        // Links lead to directories too, and a pipe is no program.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(()),
        file => file,
    };
    match file.and_then(packages) {
        Ok(packages) => {
            for (named, kind) in packages {
                walk.report(named, kind, path)?;
            }
        }
        Err(error) => walk.fail(path, &error),
    }
    Ok(())
}

fn packages(file: File) -> io::Result<Vec<(super::Named, &'static str)>> {
    let Some(mut program) = Executable::open(BufReader::with_capacity(1024, file))? else {
        return Ok(Vec::new());
    };
    let modules = go::modules(&mut program)?.into_iter().map(|named| (named, "golang"));
    let crates = auditable::crates(&mut program)?.into_iter().map(|named| (named, "crates.io"));
    Ok(modules.chain(crates).collect())
}
