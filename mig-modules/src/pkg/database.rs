//! What the readers of text databases share: records of fields, and one soft error for all that is wrong with a database.

use crate::sys::Files;
use memchr::memchr;
use mig_core::{json, module::Session};
use std::{io, path::Path};

/// Largest database of one file, in bytes.
pub(super) const MAX_DATABASE_BYTES: usize = 64 << 20;
/// Largest file about one package, in bytes.
pub(super) const MAX_ENTRY_BYTES: usize = 1 << 20;
/// Most packages of a database.
pub(super) const MAX_ENTRIES: usize = 100_000;
/// Longest name, version or architecture, in bytes.
const MAX_VALUE_BYTES: usize = 4096;

/// What is wrong with one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no name.
    #[error("has no name")]
    NoName,
    /// There is no version.
    #[error("has no version")]
    NoVersion,
    /// Whether it is installed is not said.
    #[error("has no status")]
    NoStatus,
    /// A value that is too long for what it should be.
    #[error("has a value of more than {MAX_VALUE_BYTES} bytes")]
    TooLong,
    /// More packages than a machine has.
    #[error("is one more than {MAX_ENTRIES}")]
    TooMany,
    /// The database ends within a line.
    #[error("ends in the middle of a line")]
    Truncated,
}

/// The faults of a database: the first, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Faults {
    first: Option<(usize, Fault)>,
    count: usize,
}

impl Faults {
    /// Notes what is wrong with the record that begins at this line.
    pub(super) fn note(&mut self, line: usize, fault: Fault) {
        self.first.get_or_insert((line, fault));
        self.count += 1;
    }

    /// The first fault.
    pub(super) fn first(&self) -> Option<Fault> {
        self.first.map(|(_, fault)| fault)
    }

    /// One soft error for all of them.
    pub(super) fn report(&self, path: &Path, session: &dyn Session) {
        let Some((line, fault)) = self.first else { return };
        let entries = match self.count {
            1 => format!("the entry at line {line}"),
            count => format!("{count} entries are not understood, and the first at line {line}"),
        };
        session.soft_error(format!("{}: packages may be missing: {entries} {fault}", path.display()));
    }
}

/// Reads a file of a database; `None` if there is none. Other failures are soft errors.
pub(super) fn read(files: Files<'_>, path: &Path, limit: usize, session: &dyn Session) -> Option<Vec<u8>> {
    match files.read(path, limit) {
        Ok(text) => Some(text),
        Err(error) if is_missing(&error) => None,
        Err(error) => {
            session.soft_error(format!("{}: {error}", path.display()));
            None
        }
    }
}

/// The names in a directory, sorted; none if there is no such directory. Failures are soft errors.
pub(super) fn names(files: Files<'_>, directory: &Path, session: &dyn Session) -> Vec<String> {
    let failed = |error: io::Error| session.soft_error(format!("{}: {error}", directory.display()));
    let entries = match files.list(directory) {
        Ok(entries) => entries,
        Err(error) => {
            if !is_missing(&error) {
                failed(error);
            }
            return Vec::new();
        }
    };
    let mut names = Vec::new();
    for entry in entries.take(MAX_ENTRIES + 1) {
        match entry {
            Ok(entry) => match entry.file_name().into_string() {
                Ok(name) => names.push(name),
                Err(name) => failed(io::Error::other(format!("the name {name:?} is not UTF-8"))),
            },
            Err(error) => failed(error),
        }
    }
    if names.len() > MAX_ENTRIES {
        session.soft_error(format!("{}: more than {MAX_ENTRIES} entries", directory.display()));
        names.truncate(MAX_ENTRIES);
    }
    names.sort_unstable();
    names
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Reads every record of a database; what is wrong with one loses that one only. `is_closed` says that the database must end
/// with a line end.
pub(super) fn parse_records<T>(
    text: &[u8],
    is_closed: bool,
    parse: impl Fn(&[u8]) -> Result<T, Fault>,
) -> (Vec<T>, Faults) {
    let mut faults = Faults::default();
    let mut parsed = Vec::new();
    for (line, record) in records(text) {
        if parsed.len() == MAX_ENTRIES {
            faults.note(line, Fault::TooMany);
            break;
        }
        match parse(record) {
            Ok(record) => parsed.push(record),
            Err(fault) => faults.note(line, fault),
        }
    }
    if let Some(line) = broken_line(text).filter(|_| is_closed) {
        faults.note(line, Fault::Truncated);
    }
    (parsed, faults)
}

/// Blocks of lines between empty ones, each with the number of its first line.
pub(super) fn records(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let (mut position, mut line) = (0, 0);
    std::iter::from_fn(move || {
        let mut begin = None;
        while let Some(rest) = text.get(position..).filter(|rest| !rest.is_empty()) {
            let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let is_blank = rest.get(..length).unwrap_or(rest).trim_ascii().is_empty();
            line += 1;
            position += length;
            match begin {
                None if !is_blank => begin = Some((line, position - length)),
                Some((first, begin)) if is_blank => {
                    return Some((first, text.get(begin..position - length).unwrap_or_default()));
                }
                _ => {}
            }
        }
        begin.map(|(first, begin)| (first, text.get(begin..).unwrap_or_default()))
    })
}

/// The lines of a record.
pub(super) fn lines(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    record.split(|byte| *byte == b'\n')
}

/// The line on which a text breaks off, if it does.
fn broken_line(text: &[u8]) -> Option<usize> {
    let whole = text.is_empty() || text.ends_with(b"\n");
    (!whole).then(|| text.iter().filter(|byte| **byte == b'\n').count() + 1)
}

/// The text of a value.
pub(super) fn value(bytes: &[u8]) -> Result<String, Fault> {
    let bytes = bytes.trim_ascii();
    if bytes.len() > MAX_VALUE_BYTES { Err(Fault::TooLong) } else { Ok(json::lossy(bytes)) }
}
