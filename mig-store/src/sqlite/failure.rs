//! From what SQLite reports to what callers can act upon.

use mig_core::{BoxError, json, store::StoreError};
use std::{io, path::Path};

/// What went wrong inside this store, before it is known what was tried where.
#[derive(Debug)]
pub(super) enum Failure {
    /// The driver reports it.
    Sql(sqlx::Error),
    /// The file could not be made.
    File(io::Error),
    /// Something in the database is not what we write.
    Damaged { what: &'static str, source: BoxError },
    /// The database comes from a later version.
    NewerSchema { found: i64, known: i64 },
    /// Complete already.
    Store(StoreError),
}

/// Primary result codes of SQLite, see <https://www.sqlite.org/rescode.html>.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const NO_MEMORY: i32 = 7;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const IO: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
    pub(super) const NOT_A_DATABASE: i32 = 26;
    /// `SQLITE_IOERR_WRITE`: what a limit on file sizes looks like.
    pub(super) const IO_WRITE: i32 = 778;
}

impl Failure {
    pub(super) fn damaged(what: &'static str) -> impl Fn(BoxError) -> Self {
        move |source| Self::Damaged { what, source }
    }

    /// True if others use the database now.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.primary_code(), Some(code::BUSY | code::LOCKED))
    }

    /// True if the connection may be left in the middle of a transaction: SQLite ends transactions by itself after such
    /// errors, and the driver loses count.
    pub(super) fn spoils_connection(&self) -> bool {
        let unfinished = matches!(
            self,
            Self::Sql(
                sqlx::Error::WorkerCrashed
                    | sqlx::Error::InvalidSavePointStatement
                    | sqlx::Error::BeginFailed
            )
        );
        unfinished || matches!(self.primary_code(), Some(code::IO | code::FULL | code::NO_MEMORY))
    }

    /// The error for callers.
    pub(super) fn explain(self, path: Option<&Path>, operation: &'static str) -> StoreError {
        let place =
            path.map_or_else(|| "the database in memory".to_owned(), |path| path.display().to_string());
        let (primary, code) = (self.primary_code(), self.code());
        let source: BoxError = match self {
            Self::Store(error) => return error,
            Self::NewerSchema { found, known } => return StoreError::NewerSchema { place, found, known },
            Self::Damaged { what, source } => return StoreError::Damaged { place, what, source },
            Self::File(error) if error.kind() == io::ErrorKind::StorageFull => {
                return StoreError::DiskFull { place, operation, source: error.into() };
            }
            Self::File(error) => return StoreError::Unwritable { place, operation, source: error.into() },
            Self::Sql(error) => error.into(),
        };
        match primary {
            Some(code::BUSY | code::LOCKED) => StoreError::Busy { place, operation, source },
            Some(code::READ_ONLY | code::CANNOT_OPEN) => StoreError::Unwritable { place, operation, source },
            Some(code::FULL) => StoreError::DiskFull { place, operation, source },
            Some(_) if code == Some(code::IO_WRITE) => StoreError::DiskFull { place, operation, source },
            Some(code::CORRUPT | code::NOT_A_DATABASE) => {
                StoreError::Damaged { place, what: "database file", source }
            }
            _ => StoreError::Backend { place, operation, source },
        }
    }

    fn code(&self) -> Option<i32> {
        let Self::Sql(sqlx::Error::Database(error)) = self else { return None };
        error.code()?.parse().ok()
    }

    fn primary_code(&self) -> Option<i32> {
        self.code().map(|code| code & 0xff)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Documents are made by us: one that can not be written is a fault of its author, not of the database.
impl From<json::Error> for Failure {
    fn from(error: json::Error) -> Self {
        Self::Damaged { what: "document", source: error.into() }
    }
}
