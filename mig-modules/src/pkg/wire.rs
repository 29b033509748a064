//! The parameters as they travel.

use mig_core::json::Value;
use serde::{Deserialize, Serialize};

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Expressions on names.
    #[serde(rename = "pkgmatch")]
    pub package_match: PackageMatch,
    /// A regular expression on versions, or none; a leading `!` inverts.
    #[serde(rename = "vermatch")]
    pub version_match: String,
    /// What versions have to be, such as `<3.0.2-0ubuntu1.10`, by the order of the package's own distribution.
    #[serde(rename = "vercmp", skip_serializing_if = "String::is_empty")]
    pub version_constraint: String,
    /// Whether packages of programming languages are looked for too: that takes a walk through the places where they are installed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub languages: bool,
    /// Advisories in the format of osv.dev; of each only what [`Advisory`](super::osv::Advisory) has is read.
    #[serde(rename = "osv", skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<Value>,
}

/// Expressions on names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PackageMatch {
    /// Regular expressions; `None` is written as `null`.
    pub matches: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;

    #[test]
    fn the_fields_of_the_original_are_always_written_and_no_others() {
        assert_eq!(
            json::to_string(&Parameters::default()).unwrap(),
            r#"{"pkgmatch":{"matches":null},"vermatch":""}"#
        );
    }
}
