//! Debian's package database: paragraphs of fields, as deb-control(5) and dpkg-query(1) describe them.

use super::{
    database::{self, Fault, Faults, MAX_DATABASE_BYTES, MAX_ENTRY_BYTES},
    installed::{Installed, Source},
    package::Package,
};
use crate::sys::Files;
use mig_core::module::{Session, Stop};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

const STATUS: &str = "/var/lib/dpkg/status";
/// Changes that dpkg had not written to the status file when it ended.
const UPDATES: &str = "/var/lib/dpkg/updates";
/// The architectures in use; the first is the native one.
const ARCHITECTURES: &str = "/var/lib/dpkg/arch";
/// Images without dpkg keep one file for each package here.
const STATUS_DIRECTORY: &str = "/var/lib/dpkg/status.d";

/// Tells of all packages that are unpacked and configured, also of those on hold or with triggers to run.
pub(crate) fn read(
    files: Files<'_>,
    session: &dyn Session,
    found: &mut dyn FnMut(Installed),
) -> Result<(), Stop> {
    let mut paragraphs = BTreeMap::new();
    let mut add = |path: &Path, text: &[u8], is_status: bool| {
        let (read, faults) = parse_paragraphs(text, is_status);
        faults.report(path, session);
        paragraphs.extend(read.into_iter().map(|paragraph| (paragraph.key(), paragraph)));
    };
    let status = Path::new(STATUS);
    if let Some(text) = database::read(files, status, MAX_DATABASE_BYTES, session) {
        add(status, &text, true);
    }
    let is_update = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let is_control = |name: &str| !name.ends_with(".md5sums");
    let updates = entries(files, UPDATES, &is_update, session).map(|path| (path, true));
    let distroless = entries(files, STATUS_DIRECTORY, &is_control, session).map(|path| (path, false));
    for (path, is_status) in updates.chain(distroless) {
        session.checkpoint()?;
        if let Some(text) = database::read(files, &path, MAX_ENTRY_BYTES, session) {
            add(&path, &text, is_status);
        }
    }
    let architectures = database::read(files, Path::new(ARCHITECTURES), MAX_ENTRY_BYTES, session);
    let native = native_architecture(architectures.as_deref(), &paragraphs);
    paragraphs.into_values().filter(Paragraph::is_installed).for_each(|paragraph| {
        found(paragraph.into_installed(native.as_deref()));
    });
    session.checkpoint()
}

/// The packages of one status file, by name and architecture, and what is wrong with it.
///
/// # Errors
/// The first [`Fault`] if a paragraph is not understood; what the others tell of is lost here.
pub fn parse(text: &[u8]) -> Result<Vec<Package>, Fault> {
    let (read, faults) = parse_paragraphs(text, true);
    if let Some(fault) = faults.first() {
        return Err(fault);
    }
    let paragraphs: BTreeMap<_, _> = read.into_iter().map(|paragraph| (paragraph.key(), paragraph)).collect();
    let native = native_architecture(None, &paragraphs);
    let installed = paragraphs.into_values().filter(Paragraph::is_installed);
    Ok(installed.map(|paragraph| paragraph.into_installed(native.as_deref()).package).collect())
}

fn entries<'a>(
    files: Files<'_>,
    directory: &'a str,
    wanted: &'a dyn Fn(&str) -> bool,
    session: &dyn Session,
) -> impl Iterator<Item = PathBuf> + use<'a> {
    let names = database::names(files, Path::new(directory), session);
    names.into_iter().filter(|name| wanted(name)).map(move |name| Path::new(directory).join(name))
}

/// What a paragraph says of a package.
#[derive(Debug, Default)]
struct Paragraph {
    name: String,
    version: String,
    arch: String,
    source: Option<Source>,
    is_multi_arch_same: bool,
    /// `None` if nothing says so.
    status: Option<bool>,
}

impl Paragraph {
    /// In the order in which dpkg lists packages.
    fn key(&self) -> (String, String) {
        (self.name.clone(), self.arch.clone())
    }

    fn is_installed(&self) -> bool {
        self.status != Some(false)
    }

    /// The name has the architecture where dpkg adds it: two of them may be installed, or it is a foreign one.
    fn into_installed(self, native: Option<&str>) -> Installed {
        let is_foreign =
            !self.arch.is_empty() && self.arch != "all" && native.is_some_and(|native| native != self.arch);
        let source = self.source.unwrap_or_else(|| Source { name: self.name.clone(), ..Source::default() });
        let version = Some(source.version).filter(|version| !version.is_empty());
        let source = Source { name: source.name, version: version.unwrap_or_else(|| self.version.clone()) };
        let name = if self.is_multi_arch_same || is_foreign {
            format!("{}:{}", self.name, self.arch)
        } else {
            self.name
        };
        let package = Package { name, version: self.version, kind: "dpkg", arch: self.arch, path: None };
        Installed { package, source: Some(source) }
    }
}

/// With `is_status` every paragraph says whether its package is installed; else those of all installed packages are there, and no
/// others.
fn parse_paragraphs(text: &[u8], is_status: bool) -> (Vec<Paragraph>, Faults) {
    database::parse_records(text, is_status, |record| paragraph(record, is_status))
}

fn paragraph(record: &[u8], is_status: bool) -> Result<Paragraph, Fault> {
    let mut paragraph = Paragraph::default();
    for (name, value) in database::lines(record).filter_map(field) {
        match name {
            Field::Package => paragraph.name = database::value(value)?,
            Field::Version => paragraph.version = database::value(value)?,
            Field::Architecture => paragraph.arch = database::value(value)?,
            Field::Source => paragraph.source = Some(source(&database::value(value)?)),
            Field::MultiArch => paragraph.is_multi_arch_same = value.eq_ignore_ascii_case(b"same"),
            Field::Status => paragraph.status = Some(is_installed(value)),
        }
    }
    if paragraph.name.is_empty() {
        return Err(Fault::NoName);
    }
    if is_status && paragraph.status.is_none() {
        return Err(Fault::NoStatus);
    }
    if paragraph.is_installed() && paragraph.version.is_empty() {
        return Err(Fault::NoVersion);
    }
    Ok(paragraph)
}

#[derive(Clone, Copy)]
enum Field {
    Package,
    Version,
    Architecture,
    Source,
    MultiArch,
    Status,
}

const FIELDS: [(&[u8], Field); 6] = [
    (b"Package", Field::Package),
    (b"Version", Field::Version),
    (b"Architecture", Field::Architecture),
    (b"Source", Field::Source),
    (b"Multi-Arch", Field::MultiArch),
    (b"Status", Field::Status),
];

/// A field that counts, and its value. Lines that begin with a blank go on with the field before.
fn field(line: &[u8]) -> Option<(Field, &[u8])> {
    // Most lines are of other fields.
    let first = line.first()?.to_ascii_uppercase();
    if !b"PVASM".contains(&first) {
        return None;
    }
    let colon = line.iter().take(16).position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let (_, field) = FIELDS.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
    Some((*field, value.get(1..)?.trim_ascii()))
}

/// `want error state`: whatever is wanted, these states are those of a package that works.
fn is_installed(status: &[u8]) -> bool {
    let state = status.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    [&b"installed"[..], b"triggers-pending", b"triggers-awaited"].contains(&state)
}

/// `name` or `name (version)`.
fn source(text: &str) -> Source {
    let (name, version) = text.split_once('(').unwrap_or((text, ""));
    Source { name: name.trim().to_owned(), version: version.trim_end_matches(')').trim().to_owned() }
}

/// As `dpkg --print-architecture` says: dpkg's own list names it first; else it is that of packages which are always native,
/// else the one of most packages.
fn native_architecture(
    list: Option<&[u8]>,
    paragraphs: &BTreeMap<(String, String), Paragraph>,
) -> Option<String> {
    let first = list.and_then(|list| list.split(|byte| *byte == b'\n').next());
    if let Some(native) = first.and_then(|line| database::value(line).ok()).filter(|line| !line.is_empty()) {
        return Some(native);
    }
    let installed =
        || paragraphs.values().filter(|paragraph| paragraph.is_installed() && paragraph.arch != "all");
    let always = ["dpkg", "base-files"].iter().find_map(|name| {
        installed().find(|paragraph| paragraph.name == *name).map(|paragraph| paragraph.arch.clone())
    });
    always.or_else(|| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        installed().for_each(|paragraph| *counts.entry(&paragraph.arch).or_default() += 1);
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(arch, _)| arch.to_owned())
    })
}

#[cfg(test)]
mod tests;
