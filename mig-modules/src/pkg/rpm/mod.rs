//! Packages of rpm, read from its database without rpm.
//!
//! A directory holds one database, in one of three formats: SQLite (today), ndb (SUSE) or a hash of BerkeleyDB (before
//! 2020). Each keeps the [header] of every package as a blob. Databases are read without locks; one that changes meanwhile is
//! read again.

pub mod berkeley;
pub mod failure;
pub mod header;
pub mod ndb;
mod pager;
mod record;
pub mod sqlite;
mod wal;

use self::failure::{Damage, Failure};
use crate::{
    pkg::{
        installed::{Detail, Installed, Source},
        package::Package,
    },
    sys::Files,
};
use mig_core::module::{Session, Stop};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Where databases are; links between these are usual.
const DIRECTORIES: [&str; 3] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm"];
/// What they are called, the newest format first.
const DATABASES: [(&str, Format); 3] =
    [("rpmdb.sqlite", Format::Sqlite), ("Packages.db", Format::Ndb), ("Packages", Format::Berkeley)];
/// Most packages of a database.
const MAX_PACKAGES: usize = 100_000;
/// How often a database is read that always changes meanwhile.
const MAX_ATTEMPTS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Format {
    Sqlite,
    Ndb,
    Berkeley,
}

/// Finds the packages of all databases. What can not be read is a soft error that names the database; a database that is not
/// there is none.
///
/// # Errors
/// [`Stop`] if the session ended the run.
pub(crate) fn read(
    files: Files<'_>,
    detail: Detail,
    session: &dyn Session,
    found: &mut dyn FnMut(Installed),
) -> Result<(), Stop> {
    let mut places = BTreeSet::new();
    for directory in DIRECTORIES.map(Path::new) {
        let place = files.locate(directory).and_then(|place| place.canonicalize());
        // A directory that can not be found may still hold a database that can not be seen: opening it says so.
        if place.is_ok_and(|place| !places.insert(place)) {
            continue;
        }
        read_directory((files, directory), detail, session, found)?;
    }
    Ok(())
}

/// Reads the database of a directory; with several, left from conversions, the one of the newest format.
fn read_directory(
    (files, directory): (Files<'_>, &Path),
    detail: Detail,
    session: &dyn Session,
    found: &mut dyn FnMut(Installed),
) -> Result<(), Stop> {
    let mut chosen: Option<Database> = None;
    for (name, format) in DATABASES {
        session.checkpoint()?;
        let path = directory.join(name);
        match (files.open_regular(&path), &chosen) {
            (Err(error), _) if is_missing(&error) => {}
            (Err(error), _) => session.soft_error(format!("{}: {error}", path.display())),
            (Ok(file), None) => chosen = Some(Database { path, format, file }),
            (Ok(_), Some(chosen)) => session.soft_error(format!(
                "{}: not read, because {} is newer",
                path.display(),
                chosen.path.display()
            )),
        }
    }
    let Some(database) = chosen else { return Ok(()) };
    database.read(files, detail, session)?.into_iter().for_each(found);
    Ok(())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[derive(Debug)]
struct Database {
    path: PathBuf,
    format: Format,
    file: File,
}

impl Database {
    /// Its packages. Everything that is wrong becomes one soft error.
    fn read(&self, files: Files<'_>, detail: Detail, session: &dyn Session) -> Result<Vec<Installed>, Stop> {
        for _ in 0..MAX_ATTEMPTS {
            let log = self.log(files, session);
            let before = stamp(&self.file, log.as_ref());
            let mut collected = Collected::default();
            let ended = self.visit(log.as_ref(), session, &mut |blob| collected.take(blob, detail));
            match ended {
                Err(Failure::Stop(stop)) => return Err(stop),
                Err(Failure::Damage(damage)) => collected.note(damage),
                Ok(()) => {}
            }
            if stamp(&self.file, log.as_ref()) == before {
                collected.report(&self.path, session);
                return Ok(collected.packages);
            }
        }
        session.soft_error(format!("{}: changes while it is read, so it is not read", self.path.display()));
        Ok(Vec::new())
    }

    fn visit(
        &self,
        log: Option<&File>,
        session: &dyn Session,
        visit: &mut failure::Visit<'_>,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Sqlite => sqlite::for_each(&self.file, log, session, visit),
            Format::Ndb => ndb::for_each(&mut BufReader::new(&self.file), session, visit),
            Format::Berkeley => berkeley::for_each(&mut &self.file, session, visit),
        }
    }

    /// The write-ahead log of SQLite.
    fn log(&self, files: Files<'_>, session: &dyn Session) -> Option<File> {
        let Format::Sqlite = self.format else { return None };
        let path = self.path.with_extension("sqlite-wal");
        match files.open_regular(&path) {
            Ok(log) => Some(log),
            Err(error) => {
                if !is_missing(&error) {
                    session.soft_error(format!("{}: {error}", path.display()));
                }
                None
            }
        }
    }
}

/// What differs after a change.
fn stamp(database: &File, log: Option<&File>) -> Vec<Option<(u64, SystemTime)>> {
    let stamp = |file: &File| {
        let metadata = file.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    };
    [Some(database), log].into_iter().flatten().map(stamp).collect()
}

/// What was found in a database.
#[derive(Debug, Default)]
struct Collected {
    packages: Vec<Installed>,
    /// Packages or pages that can not be read, and the first reason.
    damaged: usize,
    first: Option<Damage>,
}

impl Collected {
    /// Takes the blob of a header. More packages than the limit count as damaged.
    fn take(&mut self, blob: Result<&mut dyn Read, Damage>, detail: Detail) -> Result<(), Stop> {
        if self.packages.len() == MAX_PACKAGES {
            self.note(Damage::Format("too many packages"));
            return Ok(());
        }
        let read = match detail {
            Detail::Name => header::read,
            Detail::Source => header::read_with_source,
        };
        match blob.and_then(read) {
            Ok(header) => self.packages.push(installed(header)),
            Err(damage) => self.note(damage),
        }
        Ok(())
    }

    fn note(&mut self, damage: Damage) {
        self.damaged += 1;
        self.first.get_or_insert(damage);
    }

    fn report(&self, path: &Path, session: &dyn Session) {
        let (Some(first), path) = (&self.first, path.display()) else { return };
        session.soft_error(match self.damaged {
            1 => format!("{path}: {first}"),
            damaged => format!("{path}: {first}, and {} further parts that can not be read", damaged - 1),
        });
    }
}

fn installed(header: header::Header) -> Installed {
    let header::Header { name, evr, arch, source } = header;
    let epoch = evr.split_once(':').map(|(epoch, _)| epoch);
    let source = source.and_then(|file| source_of(&file, epoch));
    Installed { package: Package { name, version: evr, kind: "rpm", arch, path: None }, source }
}

/// Name and version of a source package, by its file `name-version-release.src.rpm`, which has no epoch: that of what was built
/// from it is the best guess.
fn source_of(file: &str, epoch: Option<&str>) -> Option<Source> {
    let whole = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = whole.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
    Some(Source { name: name.to_owned(), version: format!("{epoch}{version}-{release}") })
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
