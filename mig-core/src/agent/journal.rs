//! The replay memory: which actions this machine has run, and what came of it.

mod disk;
mod entry;
mod file;

pub use file::FileJournal;

use super::verify::ActionDigest;
use crate::{command::ModuleResult, id::CommandId, json, scheduler::flow::AnswerStatus, time::Time};
use std::{fmt::Debug, io, path::PathBuf, time::SystemTime};

/// Remembers what was run, for as long as the same signed bytes could be sent again.
///
/// An action is claimed before its first operation runs and finished before its answer is sent: whatever happens in
/// between, the next one to claim it learns of it. All methods may block on a disk, but for [`abandon`](Self::abandon).
pub trait Journal: Debug + Send + Sync + 'static {
    /// Asks to run an action. Of several that ask at once, one is told to.
    ///
    /// # Errors
    /// [`JournalError`] if it can not be remembered: then it must not run.
    fn claim(&self, claim: &Claim) -> Result<Decision, JournalError>;

    /// Remembers what came of a claimed action.
    ///
    /// # Errors
    /// [`JournalError`] if it can not be remembered; the claim stays, the call may be repeated.
    fn finish(&self, claim: &Claim, answer: &StoredAnswer) -> Result<(), JournalError>;

    /// Says that a claimed action is not being run any more, and was not finished: the next claim resumes it.
    fn abandon(&self, digest: ActionDigest);

    /// Forgets what can not be sent again, because its validity window is long over.
    ///
    /// # Errors
    /// [`JournalError`] if something can not be forgotten.
    fn remove_expired(&self, now: SystemTime) -> Result<(), JournalError>;
}

/// What a claim is about.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What was signed.
    pub digest: ActionDigest,
    /// Under which id the platform sent it.
    pub command: CommandId,
    /// End of the validity window.
    pub expire_after: Time,
    /// True if a module of the action changes the machine: the claim then survives a loss of power.
    pub changes: bool,
}

/// What to do with an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It is new: run it.
    Run,
    /// Its run was interrupted: run again what only looks, report the rest.
    Resume,
    /// It was run for this command: answer the same again.
    Repeat(StoredAnswer),
    /// It is being run for this command: ask again later.
    Busy,
    /// It was run, or is being run, for another command: refuse.
    AlreadyRun(CommandId),
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    /// How the command ended.
    pub status: AnswerStatus,
    /// One result per operation.
    pub results: Vec<ModuleResult>,
}

/// Why something could not be remembered.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk does not do what it should: full, read-only, broken.
    #[error("cannot {operation} {} in the journal: {source}", path.display())]
    Disk {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The entry can not be JSON.
    #[error("the journal entry can not be written: {0}")]
    Json(#[from] json::Error),
}
