//! Parameters and elements of the module as they travel: field names, order and types of the original.

use serde::{Deserialize, Serialize};

/// What the module is asked. Both fields are always written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    /// Files and directories to look into; none and `null` mean the homes of users.
    pub(super) paths: Option<Vec<String>>,
    /// Levels of directories, 0 to 1000; 0 means 8.
    #[serde(rename = "maxdepth")]
    pub(super) max_depth: i64,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Elements {
    /// `null` if there is none.
    pub(super) keys: Option<Vec<Element>>,
}

/// One key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Element {
    /// 16 pairs of hexadecimal digits with colons; empty if it is not known.
    #[serde(rename = "fingerprint_md5")]
    pub(super) md5: String,
    /// `SHA256:` and base64 without padding; empty if it is not known.
    #[serde(rename = "fingerprint_sha256")]
    pub(super) sha256: String,
    /// The file.
    pub(super) path: String,
    /// A private key that needs a passphrase.
    pub(super) encrypted: bool,
    /// `private`, `public` or `authorizedkeys`.
    #[serde(rename = "type")]
    pub(super) kind: String,
}
