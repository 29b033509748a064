//! The tables of the machine in all namespaces that are asked for, and their errors in the words of the original.

use super::params::Params;
use crate::sys::{
    self, System, SystemError,
    network::{Family, Interface, Namespace, Neighbour, Protocol, Socket, SocketFilter, Table, UnixSocket},
};
use mig_core::module::{Session, Stop};
use std::io;

/// What to ask, and where.
#[derive(Debug)]
pub(super) struct Tables<'s> {
    pub(super) system: Box<dyn System>,
    pub(super) session: &'s dyn Session,
    namespaces: Vec<Namespace>,
}

/// The rows of one table in all namespaces, each with the place of its namespace.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) rows: Vec<(usize, T)>,
    /// Why rows are missing.
    pub(super) failure: Option<String>,
}

impl<'s> Tables<'s> {
    /// Finds the namespaces. What of them can not be seen is a soft error.
    pub(super) fn open(params: &Params, session: &'s dyn Session) -> Result<Self, Stop> {
        let system = sys::of(session.machine());
        let mut namespaces = vec![Namespace::own()];
        if params.namespaces {
            let Table { rows, problems } = or_failed(system.namespaces(session))?;
            problems.iter().for_each(|problem| session.soft_error(format!("namespaces: {problem}")));
            namespaces = rows;
        }
        Ok(Self { system, session, namespaces })
    }

    /// The name of a row's namespace.
    pub(super) fn namespace(&self, place: usize) -> &str {
        self.namespaces.get(place).map_or("", |namespace| &namespace.name)
    }

    pub(super) fn interfaces(&self) -> Result<Rows<Interface>, Stop> {
        self.read("interfaces", |namespace| self.system.interfaces(namespace, self.session))
    }

    pub(super) fn neighbours(&self, family: Family) -> Result<Rows<Neighbour>, Stop> {
        self.read("procArpEntries", |namespace| self.system.neighbours(namespace, family, self.session))
    }

    pub(super) fn unix_sockets(&self) -> Result<Rows<UnixSocket>, Stop> {
        self.read("unixSockets", |namespace| self.system.unix_sockets(namespace, self.session))
    }

    /// The tables of these protocols, of one family after the other.
    pub(super) fn sockets(
        &self,
        families: &[Family],
        protocols: &[Protocol],
        filter: &SocketFilter,
    ) -> Result<Vec<Rows<Socket>>, Stop> {
        let mut tables = Vec::new();
        for family in families {
            for protocol in protocols {
                let kind = (*protocol, *family);
                let opener = if *family == Family::V4 { "procIP4Entries" } else { "procIP6Entries" };
                let sockets = self
                    .read(opener, |namespace| self.system.sockets(namespace, kind, filter, self.session))?;
                tables.push(sockets);
            }
        }
        Ok(tables)
    }

    /// Asks in each namespace. Only the first failure is told in full, however many there are.
    fn read<T>(
        &self,
        opener: &str,
        ask: impl Fn(&Namespace) -> Result<Table<T>, SystemError>,
    ) -> Result<Rows<T>, Stop> {
        let mut all = Vec::new();
        let mut failures = Vec::new();
        for (place, namespace) in self.namespaces.iter().enumerate() {
            self.session.checkpoint()?;
            let Table { rows, problems } = or_failed(ask(namespace))?;
            all.extend(rows.into_iter().map(|row| (place, row)));
            failures.extend(problems.iter().map(|problem| reason(problem, opener)));
        }
        let more = failures.len().saturating_sub(1);
        let failure = failures.into_iter().next();
        let failure =
            failure.map(|first| if more > 0 { format!("{first} (and {more} more)") } else { first });
        Ok(Rows { rows: all, failure })
    }
}

/// A table that can not be read at all is an empty one with a problem; only a stop ends the run.
fn or_failed<T>(table: Result<Table<T>, SystemError>) -> Result<Table<T>, Stop> {
    match table {
        Ok(table) => Ok(table),
        Err(SystemError::Stopped(stop)) => Err(stop),
        Err(problem) => Ok(Table { rows: Vec::new(), problems: vec![problem] }),
    }
}

/// A problem as the original words it.
fn reason(problem: &SystemError, opener: &str) -> String {
    match problem {
        SystemError::Io { path, source } => {
            format!("{opener}(): open {}: {}", path.display(), system_words(source))
        }
        SystemError::Malformed { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

/// The words of the system for an error, without a number and in lower case.
fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_worded_as_the_original_does() {
        let missing = SystemError::reading("/proc/net/tcp")(io::Error::from_raw_os_error(2));
        assert_eq!(
            reason(&missing, "procIP4Entries"),
            "procIP4Entries(): open /proc/net/tcp: no such file or directory"
        );
    }
}
