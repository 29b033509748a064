//! A person with an OpenPGP key.

use crate::{id::InvestigatorId, json::Bytes, permissions::Permissions, time::Time};
use serde::{Deserialize, Serialize};

/// A person with an OpenPGP key, as the platform knows them.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Investigator {
    /// Small number from a sequence.
    #[serde(skip_serializing_if = "InvestigatorId::is_zero")]
    pub id: InvestigatorId,
    /// Label for people.
    pub name: String,
    /// 40 upper-case hexadecimal digits; may be empty for one who only reads.
    #[serde(rename = "pgpfingerprint")]
    pub fingerprint: String,
    /// Armored public key.
    #[serde(rename = "publickey", skip_serializing_if = "Bytes::is_empty")]
    pub public_key: Bytes,
    /// Armored secret key; only the original scheduler's own record has one.
    #[serde(rename = "privatekey", skip_serializing_if = "Bytes::is_empty")]
    pub private_key: Bytes,
    /// `active` or `disabled`.
    pub status: String,
    /// When the record was made.
    #[serde(rename = "createdat")]
    pub created_at: Time,
    /// When it last changed.
    #[serde(rename = "lastmodified")]
    pub last_modified: Time,
    /// `set` if there is one; the key itself only in the answer that makes it.
    #[serde(rename = "apikey", skip_serializing_if = "String::is_empty")]
    pub api_key: String,
    /// What they may ask of the API.
    pub permissions: Permissions,
}

impl std::fmt::Debug for Investigator {
    /// Without the secret key and the API key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Investigator")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("fingerprint", &self.fingerprint)
            .field("status", &self.status)
            .field("permissions", &self.permissions.describe())
            .finish_non_exhaustive()
    }
}
