//! Parameters of the module as they travel: field names, order and omission rules of the original.
//!
//! Both generations of hash keys live in one structure: `sha2` and `sha3` hold digests of any length (2019), the others
//! of one length (2015). A value keeps the key it came in. Nothing is checked here.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the module is asked: any number of searches, each under a label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// The searches by label; a search may be `null`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub searches: BTreeMap<String, Option<Search>>,
}

/// One search: where to look, and for what. All lists are filters but `paths`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Search {
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Files and directories to look into; `None` is written as `null`.
    pub paths: Option<Vec<String>>,
    /// Regular expressions on lines of the content; a leading `!` inverts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<String>,
    /// Regular expressions on the base name; a leading `!` inverts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Sizes in bytes such as `10k`, `<1m`, `>2g`; bounds are inclusive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// Regular expressions on the mode, such as `^-rwx`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<String>,
    /// Ages such as `<90d` (younger) or `>1h` (older).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mtimes: Vec<String>,
    /// MD5 digests, hexadecimal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub md5: Vec<String>,
    /// SHA-1 digests, hexadecimal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha1: Vec<String>,
    /// SHA-256, SHA-384 or SHA-512 digests, told apart by their length.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha2: Vec<String>,
    /// SHA-256 digests; key of 2015.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha256: Vec<String>,
    /// SHA-384 digests; key of 2015.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha384: Vec<String>,
    /// SHA-512 digests; key of 2015.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha512: Vec<String>,
    /// SHA3-224, SHA3-256, SHA3-384 or SHA3-512 digests, told apart by their length.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha3: Vec<String>,
    /// SHA3-224 digests; key of 2015.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha3_224: Vec<String>,
    /// SHA3-256 digests; key of 2015.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha3_256: Vec<String>,
    /// SHA3-384 digests; key of 2015.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha3_384: Vec<String>,
    /// SHA3-512 digests; key of 2015.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sha3_512: Vec<String>,
    /// How to search; always written.
    pub options: Options,
}

/// How to search. Limits are floating point on the wire; 0 means no limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Levels of directories to look into; 1 is the files right in a path. Fractions are cut off.
    #[serde(rename = "maxdepth")]
    pub max_depth: f64,
    /// Soft errors returned.
    #[serde(rename = "maxerrors")]
    pub max_errors: f64,
    /// Enter remote and pseudo file systems.
    #[serde(rename = "remotefs", skip_serializing_if = "is_false")]
    pub remote_fs: bool,
    /// All filters must hold for a file; otherwise each reports on its own.
    #[serde(rename = "matchall")]
    pub match_all: bool,
    /// All lines must match all contents.
    #[serde(rename = "macroal")]
    pub all_lines: bool,
    /// Kinds of filters whose sense is inverted; `None` is written as `null`.
    pub mismatch: Option<Vec<String>>,
    /// Hits after which the search ends.
    #[serde(rename = "matchlimit")]
    pub match_limit: f64,
    /// Echoed; `print` asks for a trace on standard error.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub debug: String,
    /// Add the SHA-256 of each file found; only with `matchall`.
    #[serde(rename = "returnsha256", skip_serializing_if = "is_false")]
    pub return_sha256: bool,
    /// Look into gzip data for contents and hashes.
    #[serde(skip_serializing_if = "is_false")]
    pub decompress: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;

    #[test]
    fn a_search_is_written_in_the_order_of_the_original() {
        let search = Search {
            paths: Some(vec!["/etc".into()]),
            names: vec!["x".into()],
            options: Options { match_all: true, return_sha256: true, ..Options::default() },
            ..Search::default()
        };
        let parameters = Parameters { searches: BTreeMap::from([("s1".into(), Some(search))]) };
        assert_eq!(
            json::to_string(&parameters).unwrap(),
            r#"{"searches":{"s1":{"paths":["/etc"],"names":["x"],"options":{"maxdepth":0,"maxerrors":0,"matchall":true,"macroal":false,"mismatch":null,"matchlimit":0,"returnsha256":true}}}}"#
        );
    }

    #[test]
    fn no_search_is_an_empty_object() {
        assert_eq!(json::to_string(&Parameters::default()).unwrap(), "{}");
    }

    #[test]
    fn both_generations_of_hash_keys_come_back_as_they_went() {
        let text = r#"{"searches":{"s1":{"paths":["/"],"sha2":["AA"],"sha256":["bb"],"sha3_512":["cc"]}}}"#;
        let parameters: Parameters = json::from_slice(text.as_bytes()).unwrap();
        let search = parameters.searches["s1"].as_ref().unwrap();
        assert_eq!(
            (&search.sha2[0], &search.sha256[0], &search.sha3_512[0]),
            (&"AA".into(), &"bb".into(), &"cc".into())
        );
        let again: Parameters = json::from_value(&json::to_value(&parameters).unwrap()).unwrap();
        assert_eq!(again, parameters);
    }

    #[test]
    fn a_null_search_is_kept() {
        let parameters: Parameters = json::from_slice(br#"{"searches":{"s1":null}}"#).unwrap();
        assert_eq!(parameters.searches["s1"], None);
    }
}
