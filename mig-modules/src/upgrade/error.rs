//! Why an agent is not replaced, in the words of the original where there are such.

use super::{download::DownloadError, place::PlaceError, signatures::SignatureError, start::StartError};
use crate::{agent_program::AskError, sys::SystemError};
use mig_core::module::Stop;

#[derive(Debug, thiserror::Error)]
pub(super) enum UpgradeError {
    #[error(transparent)]
    Stopped(#[from] Stop),
    #[error("no upgrade instruction found for {0}")]
    NoInstruction(String),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error("cannot ask the agent that runs for its version: {0}")]
    RunningVersion(AskError),
    #[error("Agent is already running version {0}")]
    SameVersion(String),
    #[error("nothing was downloaded: {0}")]
    Signatures(#[from] SignatureError),
    #[error("cannot download '{location}': {source}")]
    Download { location: String, source: DownloadError },
    #[error("verifyChecksum() -> Checksum validation failed. Got '{got}', Expected '{expected}'.")]
    Checksum { got: String, expected: String },
    #[error("verifyVersion() -> cannot run what was downloaded: {0}")]
    NoVersion(AskError),
    #[error("verifyVersion() -> Version mismatch. Got '{got}', Expected '{expected}'.")]
    Version { got: String, expected: String },
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("the new agent did not come up: {why}; {}", steps.join("; "))]
    NotUp { why: StartError, steps: Vec<String> },
}

/// Nothing but the running agent is asked in steps that do not say so.
impl From<AskError> for UpgradeError {
    fn from(error: AskError) -> Self {
        error.stop().map_or(Self::RunningVersion(error), Self::Stopped)
    }
}
