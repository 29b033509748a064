//! Fingerprints of version 4 keys.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The fingerprint of a primary key: 40 hexadecimal digits, kept in lower case, whatever the case it was written in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Lower-case hexadecimal digits: the form of verification.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Upper-case hexadecimal digits: the form of key records.
    #[must_use]
    pub fn to_upper(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(FingerprintError(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Text that is not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a fingerprint: 40 hexadecimal digits without spaces are needed")]
pub struct FingerprintError(String);
