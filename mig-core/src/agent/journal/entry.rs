//! The text of one entry.

use super::{Claim, StoredAnswer};
use crate::{command::ModuleResult, id::CommandId, json};
use serde::{Deserialize, Serialize};

/// The format of entries. Readers take any other for damaged.
const FORMAT: u16 = 1;

/// A claimed action. While it is being run it names its owner and has no status.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    format: u16,
    pub(super) command: CommandId,
    pub(super) owner: String,
    status: String,
    results: Option<Vec<ModuleResult>>,
}

/// What an entry says.
#[derive(Debug)]
pub(super) enum State {
    Running(Entry),
    Finished(CommandId, StoredAnswer),
    /// The disk was full or lost power at a bad moment.
    Damaged,
}

impl Entry {
    pub(super) fn running(claim: &Claim, owner: &str) -> Self {
        Self { format: FORMAT, command: claim.command, owner: owner.to_owned(), ..Self::default() }
    }

    pub(super) fn finished(claim: &Claim, answer: &StoredAnswer) -> Self {
        Self {
            format: FORMAT,
            command: claim.command,
            owner: String::new(),
            status: answer.status.command_status().as_str().to_owned(),
            results: Some(answer.results.clone()),
        }
    }

    pub(super) fn to_text(&self) -> Result<Vec<u8>, json::Error> {
        json::to_string(self).map(String::into_bytes)
    }
}

impl State {
    pub(super) fn of(text: &[u8]) -> Self {
        match json::from_slice::<Entry>(text) {
            Ok(entry) if entry.format != FORMAT => Self::Damaged,
            Ok(entry) if entry.status.is_empty() => Self::Running(entry),
            Ok(Entry { command, status, results: Some(results), .. }) => match status.parse() {
                Ok(status) => Self::Finished(command, StoredAnswer { status, results }),
                Err(_) => Self::Damaged,
            },
            Ok(_) | Err(_) => Self::Damaged,
        }
    }
}
