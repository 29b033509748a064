//! What can go wrong with a store.

use crate::{
    BoxError,
    id::{ActionId, CommandId, InvestigatorId},
};

/// What went wrong with a store. `place` is a path or an address without secrets.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No action with this id.
    #[error("action {0} not found")]
    ActionNotFound(ActionId),
    /// No command with this id.
    #[error("command {0} not found")]
    CommandNotFound(CommandId),
    /// No investigator with this id.
    #[error("investigator {0} not found")]
    InvestigatorNotFound(InvestigatorId),
    /// Another action has this id.
    #[error("another action has the id {0}")]
    ActionIdTaken(ActionId),
    /// A number that no database column holds: above 2^63 - 1.
    #[error("the {what} {value} is too large to be stored")]
    NumberTooLarge {
        /// What the number is.
        what: &'static str,
        /// The number.
        value: u64,
    },
    /// No compiled-in store knows this URL.
    #[error("no store for '{url}': known are {}", known.join(", "))]
    UnknownUrl {
        /// What was to be opened.
        url: String,
        /// The forms that are known.
        known: &'static [&'static str],
    },
    /// Others used the database for too long.
    #[error("{place} was in use by others for too long during {operation}")]
    Busy {
        /// Which database.
        place: String,
        /// What was tried.
        operation: &'static str,
        /// What the driver says.
        #[source]
        source: BoxError,
    },
    /// The server does not answer, or answers nobody now.
    #[error("{place} can not be reached (during {operation})")]
    Unreachable {
        /// Which database.
        place: String,
        /// What was tried.
        operation: &'static str,
        /// What the driver says.
        #[source]
        source: BoxError,
    },
    /// A target took the database longer than a statement may.
    #[error("{place} did not find the agents of the target in time: ask fewer things of each agent")]
    TargetTooSlow {
        /// Which database.
        place: String,
    },
    /// The server does not let us do that.
    #[error("{place} refuses access during {operation}: {advice}")]
    Refused {
        /// Which database.
        place: String,
        /// What was tried.
        operation: &'static str,
        /// What to do.
        advice: &'static str,
        /// What the driver says.
        #[source]
        source: BoxError,
    },
    /// Text that this database can not hold as it is.
    #[error("the {what} holds a NUL character, which the database can not store")]
    NulCharacter {
        /// What the text is.
        what: &'static str,
    },
    /// The database or its directory can not be written or opened.
    #[error("{place} can not be opened or written (during {operation})")]
    Unwritable {
        /// Which database.
        place: String,
        /// What was tried.
        operation: &'static str,
        /// What the driver says.
        #[source]
        source: BoxError,
    },
    /// No space is left.
    #[error("no space is left for {place} (during {operation})")]
    DiskFull {
        /// Which database.
        place: String,
        /// What was tried.
        operation: &'static str,
        /// What the driver says.
        #[source]
        source: BoxError,
    },
    /// The database belongs to a later version of this program.
    #[error(
        "{place} has schema version {found}, this program knows versions up to {known}: use a newer program"
    )]
    NewerSchema {
        /// Which database.
        place: String,
        /// Its version.
        found: i64,
        /// The latest version this program knows.
        known: i64,
    },
    /// The database holds tables that are neither ours nor the original's.
    #[error("{place} can not be used, because {what}: give the platform a database of its own")]
    ForeignSchema {
        /// Which database.
        place: String,
        /// What is in the way.
        what: String,
    },
    /// The database holds tables of the original from before 2015.
    #[error(
        "{place} was made by a version of the original from before 2015, {missing} is missing: bring it to the schema of \
         2015 or 2019 first"
    )]
    OlderSchema {
        /// Which database.
        place: String,
        /// A table, or a table and its column.
        missing: String,
    },
    /// Something in the database is not what this program writes.
    #[error("{place} holds a damaged {what}")]
    Damaged {
        /// Which database.
        place: String,
        /// What is damaged.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// Anything else the driver reports.
    #[error("{place} failed during {operation}")]
    Backend {
        /// Which database.
        place: String,
        /// What was tried.
        operation: &'static str,
        /// What the driver says.
        #[source]
        source: BoxError,
    },
}

impl StoreError {
    /// True if the same call may succeed later without help.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unreachable { .. })
    }

    /// True if what was asked for does not exist.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::ActionNotFound(_) | Self::CommandNotFound(_) | Self::InvestigatorNotFound(_))
    }
}
