//! The signed question: what is asked, of whom, when, and who asks.

mod compress;
mod file;
mod signing;
mod validate;

pub use compress::CompressionError;
pub use file::FileError;
pub use signing::SignedText;
pub use validate::ActionError;

use crate::{
    id::ActionId,
    investigator::Investigator,
    json::{Value, at_most},
    limits::MAX_LISTED,
    time::Time,
};
use serde::{Deserialize, Deserializer, Serialize};

/// A question to agents. Name, target, window and operations are signed; the rest is not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Action {
    /// 0 until the platform gives one; not signed.
    pub id: ActionId,
    /// What the question is called; signed.
    pub name: String,
    /// Which agents are asked, in the target language; signed.
    pub target: String,
    /// Who wrote it.
    pub description: Description,
    /// What it is looking for.
    pub threat: Threat,
    /// Start of the validity window; its whole seconds are signed.
    #[serde(rename = "validfrom")]
    pub valid_from: Time,
    /// End of the validity window, inclusive; its whole seconds are signed.
    #[serde(rename = "expireafter")]
    pub expire_after: Time,
    /// What each agent runs, in order; signed. `None` is written as `null`.
    #[serde(deserialize_with = "at_most::<MAX_LISTED, _, _>")]
    pub operations: Option<Vec<Operation>>,
    /// One-line signatures over the signed string.
    #[serde(rename = "pgpsignatures", deserialize_with = "at_most::<MAX_LISTED, _, _>")]
    pub signatures: Option<Vec<String>>,
    /// The signers; the API fills it in answers.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "investigators")]
    pub investigators: Vec<Investigator>,
    /// Where the action stands; empty before the platform has it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// When the platform began with it.
    #[serde(rename = "starttime")]
    pub start_time: Time,
    /// When its last command ended.
    #[serde(rename = "finishtime")]
    pub finish_time: Time,
    /// When its record last changed.
    #[serde(rename = "lastupdatetime")]
    pub last_update_time: Time,
    /// How its commands stand.
    pub counters: ActionCounters,
    /// The format: 2 is the original's.
    #[serde(rename = "syntaxversion", skip_serializing_if = "is_zero")]
    pub syntax_version: u16,
}

/// They are never `null`.
fn investigators<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Investigator>, D::Error> {
    at_most::<MAX_LISTED, _, _>(deserializer).map(Option::unwrap_or_default)
}

/// One module call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Operation {
    /// Name of the module, letter case as registered.
    pub module: String,
    /// What the module is asked; text if `is_compressed`.
    pub parameters: Value,
    /// True if `parameters` is base64 of gzip of the JSON of the real parameters.
    #[serde(skip_serializing_if = "is_false")]
    pub is_compressed: bool,
    /// True if the author wishes compression before signing.
    #[serde(skip_serializing_if = "is_false")]
    pub want_compressed: bool,
}

/// Who wrote an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Description {
    /// Name of the author.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Mail address of the author.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Where to read more.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Revision of the action.
    #[serde(skip_serializing_if = "is_zero_float")]
    pub revision: f64,
}

/// What an action is looking for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Threat {
    /// A reference, such as a ticket.
    #[serde(rename = "ref", skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// How serious it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub level: String,
    /// Family of threats, such as `compliance`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub family: String,
    /// Kind of threat.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// How the commands of an action stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActionCounters {
    /// Commands made.
    #[serde(skip_serializing_if = "is_zero")]
    pub sent: i64,
    /// Commands in a terminal state.
    #[serde(skip_serializing_if = "is_zero")]
    pub done: i64,
    /// Commands without an answer yet.
    #[serde(rename = "inflight", skip_serializing_if = "is_zero")]
    pub in_flight: i64,
    /// Answered.
    #[serde(skip_serializing_if = "is_zero")]
    pub success: i64,
    /// Cancelled by an investigator.
    #[serde(skip_serializing_if = "is_zero")]
    pub cancelled: i64,
    /// The window closed before an answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub expired: i64,
    /// Refused, or the module failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: i64,
    /// The module ran out of time.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout: i64,
}

pub(crate) fn is_zero<N: PartialEq + Default>(number: &N) -> bool {
    *number == N::default()
}

pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

pub(crate) fn is_zero_float(number: &f64) -> bool {
    *number == 0.0
}
