//! A person with an OpenPGP key.

use crate::{id::InvestigatorId, time::Time};
use serde::{Deserialize, Serialize};

/// A person with an OpenPGP key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Investigator {
    /// Small integer from a sequence.
    #[serde(skip_serializing_if = "InvestigatorId::is_zero")]
    pub id: InvestigatorId,
    /// Label for people.
    pub name: String,
    /// 40 upper-case hexadecimal digits.
    #[serde(rename = "pgpfingerprint")]
    pub fingerprint: String,
    /// `active` or `disabled`.
    pub status: String,
    /// When the record was made.
    #[serde(rename = "createdat")]
    pub created_at: Time,
    /// When it last changed.
    #[serde(rename = "lastmodified")]
    pub last_modified: Time,
}
