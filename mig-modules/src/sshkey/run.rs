//! A prepared run: the scan engine finds files that may hold keys, and each of these is read once more.

use super::{
    keys::{self, KeyFile, PublicKey},
    params::Params,
    wire::{Element, Elements},
};
use crate::{
    dialect::Pattern,
    scan::{self, Combine, Filter, Query, Report, Scan, SizeRange, Test},
    sys::{Files, LinkError},
};
use mig_core::{
    json, limits,
    module::{Machine, Outcome, ParamsError, Run, Session, Stop},
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Larger files are no keys.
const MAX_FILE_BYTES: u32 = 1 << 20;
/// Files that are read: more would hold more keys than fit in a result.
const MAX_FILES: usize = 200_000;
/// Room for keys in a result, in bytes of JSON.
const MAX_ELEMENTS_BYTES: usize = limits::MAX_RESULT_BYTES / 8 * 7;
/// More than what a key takes beside its path.
const ELEMENT_BYTES: usize = 256;
/// A line of a file that may hold a key: the header of a private one, or the kind of a public one at the begin of a word.
const KEY_LINE: &str = r"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----|\b(ssh-(rsa|dss|ed25519)|ecdsa-sha2-nistp(256|384|521))(-cert-v01)?(@openssh\.com)?[ \t]";

/// Where the homes of users are on Linux and macOS. An image may be of any system.
const HOMES: &[&str] = &["/root", "/home", "/Users", "/var/root"];
const HOMES_ON_WINDOWS: &[&str] = &[r"C:\Users"];

/// A search that is ready to run.
#[derive(Debug)]
pub(super) struct KeyRun {
    paths: Vec<PathBuf>,
    query: Query,
}

impl KeyRun {
    pub(super) fn new(params: Params) -> Result<Self, ParamsError> {
        let line = Pattern::new(KEY_LINE).map_err(|error| ParamsError::new(error.to_string()))?;
        let size = SizeRange { min: 0, max: MAX_FILE_BYTES.into() };
        let tests = [Test::Size(size), Test::Content(Arc::new(line))];
        let query = Query {
            max_depth: Some(params.max_depth),
            combine: Combine::All,
            filters: tests.map(|test| Filter { test, negated: false, mismatch: false }).into(),
            limit: Some(MAX_FILES),
            ..Query::default()
        };
        Ok(Self { paths: params.paths, query })
    }

    fn scan(self, session: &dyn Session) -> Result<Report, scan::BuildError> {
        let paths = if self.paths.is_empty() { homes(session.machine()) } else { self.paths };
        Ok(Scan::new(vec![Query { paths, ..self.query }])?.run(session))
    }
}

impl Run for KeyRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let report = match self.scan(session) {
            Ok(report) => report,
            Err(error) => {
                session.soft_error(error.to_string());
                return Ok(Outcome::default());
            }
        };
        report.problems.into_iter().for_each(|problem| session.soft_error(problem.text));
        let files: Vec<PathBuf> =
            report.hits.into_iter().flatten().map(|hit| hit.file.path.clone()).collect();
        let mut found = Found::new(session);
        let stopped = files.iter().try_for_each(|path| found.look_into(path)).err();
        if files.len() == MAX_FILES {
            session.soft_error(format!("only the first {MAX_FILES} files that may hold keys were read"));
        }
        Ok(found.into_outcome(report.stopped.or(stopped)))
    }

    fn check_here(&self, machine: &Machine) -> Result<(), ParamsError> {
        scan::check_paths(machine, &self.paths).map_err(|error| ParamsError::new(error.to_string()))
    }
}

/// Where the homes of users lie, as far as the machine has such places. Some systems have links there.
fn homes(machine: &Machine) -> Vec<PathBuf> {
    let files = Files::of(machine);
    let homes = if cfg!(windows) && machine.is_running() { HOMES_ON_WINDOWS } else { HOMES };
    homes
        .iter()
        .filter_map(|home| match files.resolve(Path::new(home)) {
            Ok(place) => Some(place),
            Err(LinkError::Look { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            // The scan says what is wrong with it.
            Err(_) => Some(PathBuf::from(home)),
        })
        .collect()
}

/// Keys found so far.
struct Found<'s> {
    session: &'s dyn Session,
    keys: Vec<Element>,
    /// Bytes that are left in the result.
    room: usize,
    left_out: usize,
}

impl<'s> Found<'s> {
    fn new(session: &'s dyn Session) -> Self {
        Self { session, keys: Vec::new(), room: MAX_ELEMENTS_BYTES, left_out: 0 }
    }

    /// Adds the keys of a file.
    fn look_into(&mut self, path: &Path) -> Result<(), Stop> {
        self.session.checkpoint()?;
        let content = scan::open(self.session.machine(), path)
            .and_then(|(file, _)| limits::read_secret_from(file, MAX_FILE_BYTES as usize));
        let content = match content {
            Ok(content) => content,
            Err(error) => {
                self.session.soft_error(format!("open {}: {error}", path.display()));
                return Ok(());
            }
        };
        match keys::read(path.file_name().unwrap_or_default(), &content) {
            Some(KeyFile::Private { public, encrypted }) => {
                self.add(path, "private", public.as_ref(), encrypted)
            }
            Some(KeyFile::Public(key)) => self.add(path, "public", Some(&key), false),
            Some(KeyFile::Authorized { keys, unparsable }) => {
                if unparsable {
                    self.session.soft_error(format!("{} contained unparsable data", path.display()));
                }
                keys.iter().try_for_each(|key| self.add(path, "authorizedkeys", Some(key), false))
            }
            None => Ok(()),
        }
    }

    fn add(&mut self, path: &Path, kind: &str, key: Option<&PublicKey>, encrypted: bool) -> Result<(), Stop> {
        let path = json::lossy(path.as_os_str().as_encoded_bytes());
        self.room = self.room.saturating_sub(json::quote(path.as_bytes()).len() + ELEMENT_BYTES);
        if self.room == 0 {
            self.left_out += 1;
            return self.session.checkpoint();
        }
        self.keys.push(Element {
            md5: key.map(PublicKey::md5_fingerprint).unwrap_or_default(),
            sha256: key.map(PublicKey::sha256_fingerprint).unwrap_or_default(),
            path,
            encrypted,
            kind: kind.to_owned(),
        });
        self.session.count(1)
    }

    fn into_outcome(self, stopped: Option<Stop>) -> Outcome {
        if self.left_out > 0 {
            let all = self.keys.len() + self.left_out;
            self.session.soft_error(format!("only {} of {all} keys fit in the result", self.keys.len()));
        }
        let found = !self.keys.is_empty();
        let elements = Elements { keys: Some(self.keys).filter(|_| found) };
        Outcome {
            found,
            elements: json::to_value(&elements).unwrap_or_default(),
            stopped,
            ..Outcome::default()
        }
    }
}
