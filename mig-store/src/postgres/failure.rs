//! From what Postgres reports to what callers can act upon.

use mig_core::{BoxError, json, store::StoreError};

/// What went wrong inside this store, before it is known what was tried where.
#[derive(Debug)]
pub(super) enum Failure {
    /// The driver reports it.
    Sql(sqlx::Error),
    /// Something in the database is not what we write.
    Damaged { what: &'static str, source: BoxError },
    /// The database comes from a later version.
    NewerSchema { found: i64, known: i64 },
    /// The database is somebody else's.
    ForeignSchema { what: String },
    /// The database is the original's, from before what we know.
    OlderSchema { missing: String },
    /// Complete already.
    Store(StoreError),
}

/// What a code of Postgres means to us, see <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
enum Meaning {
    Busy,
    Unreachable,
    Refused(&'static str),
    DiskFull,
    Unwritable,
    Damaged,
    Other,
}

/// Schema, table, function or another object of this name exists.
const NAME_TAKEN: [&str; 4] = ["42P06", "42P07", "42723", "42710"];

fn meaning(code: &str) -> Meaning {
    match code {
        // Serialization, deadlock, lock or statement took too long.
        "40001" | "40P01" | "55P03" | "57014" => Meaning::Busy,
        // Shut down, crashed, starting up, no connection left.
        "57P01" | "57P02" | "57P03" | "53300" => Meaning::Unreachable,
        "28P01" | "28000" => Meaning::Refused("check user, password and pg_hba.conf"),
        "3D000" => Meaning::Refused("this database does not exist: create it, or correct the URL"),
        "42501" => {
            Meaning::Refused("the user lacks a permission: grant it, or use the owner of the database")
        }
        "53100" => Meaning::DiskFull,
        "25006" => Meaning::Unwritable,
        "XX001" | "XX002" => Meaning::Damaged,
        code if code.starts_with("08") => Meaning::Unreachable,
        _ => Meaning::Other,
    }
}

impl Failure {
    pub(super) fn damaged(what: &'static str) -> impl Fn(BoxError) -> Self {
        move |source| Self::Damaged { what, source }
    }

    /// True if a statement took longer than it may.
    pub(super) fn is_timeout(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().as_deref() == Some("57014"))
    }

    /// For changes of the schema: what has a name that we need is somebody else's.
    pub(super) fn of_schema(self) -> Self {
        match &self {
            Self::Sql(sqlx::Error::Database(error))
                if error.code().is_some_and(|code| NAME_TAKEN.contains(&&*code)) =>
            {
                Self::ForeignSchema { what: error.message().to_owned() }
            }
            _ => self,
        }
    }

    /// The error for callers.
    pub(super) fn explain(self, place: &str, operation: &'static str) -> StoreError {
        let place = place.to_owned();
        let meaning = self.meaning();
        let source: BoxError = match self {
            Self::Store(error) => return error,
            Self::NewerSchema { found, known } => return StoreError::NewerSchema { place, found, known },
            Self::ForeignSchema { what } => return StoreError::ForeignSchema { place, what },
            Self::OlderSchema { missing } => return StoreError::OlderSchema { place, missing },
            Self::Damaged { what, source } => return StoreError::Damaged { place, what, source },
            Self::Sql(error) => error.into(),
        };
        match meaning {
            Meaning::Busy => StoreError::Busy { place, operation, source },
            Meaning::Unreachable => StoreError::Unreachable { place, operation, source },
            Meaning::Refused(advice) => StoreError::Refused { place, operation, advice, source },
            Meaning::DiskFull => StoreError::DiskFull { place, operation, source },
            Meaning::Unwritable => StoreError::Unwritable { place, operation, source },
            Meaning::Damaged => StoreError::Damaged { place, what: "database file", source },
            Meaning::Other => StoreError::Backend { place, operation, source },
        }
    }

    fn meaning(&self) -> Meaning {
        match self {
            Self::Sql(sqlx::Error::Database(error)) => {
                error.code().map_or(Meaning::Other, |code| meaning(&code))
            }
            Self::Sql(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed) => {
                Meaning::Unreachable
            }
            Self::Sql(sqlx::Error::Tls(_)) => Meaning::Refused("check sslmode and the certificates"),
            _ => Meaning::Other,
        }
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
