//! Parameters of the module as they travel: field names, order and omission rules of the original.
//!
//! `includeself` and `timelimit` are ours; the original ignores them. Nothing is checked here.

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

/// One search: for processes by name and library, and for what is in their memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Search {
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Regular expressions on the path of the program, or on its name in brackets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Regular expressions on the paths of mapped files other than the program.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<String>,
    /// Byte strings, hexadecimal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<String>,
    /// Regular expressions on memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<String>,
    /// How to search; always written.
    pub options: Options,
}

/// How to search. Numbers are floating point on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Lowest address to look at.
    #[serde(skip_serializing_if = "is_zero")]
    pub offset: f64,
    /// Bytes of a process that are looked at; 0 has no limit.
    #[serde(rename = "maxlength", skip_serializing_if = "is_zero")]
    pub max_length: f64,
    /// Return the ranges that could not be read.
    #[serde(rename = "logfailures", skip_serializing_if = "is_false")]
    pub log_failures: bool,
    /// All filters must hold for a process; otherwise each reports on its own.
    #[serde(rename = "matchall", skip_serializing_if = "is_false")]
    pub match_all: bool,
    /// Look at the searching process too, and at the agent that started it: both hold what is searched for.
    #[serde(rename = "includeself", skip_serializing_if = "is_false")]
    pub include_self: bool,
    /// Longest time for one process, such as `10s`; empty has no limit.
    #[serde(rename = "timelimit", skip_serializing_if = "String::is_empty")]
    pub time_limit: String,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;

    #[test]
    fn what_is_not_asked_is_not_written() {
        let search = Search { names: vec!["x".into()], ..Search::default() };
        let parameters = Parameters { searches: BTreeMap::from([("s1".into(), Some(search))]) };
        let text = r#"{"searches":{"s1":{"names":["x"],"options":{}}}}"#;
        assert_eq!(json::to_string(&parameters).unwrap(), text);
        assert_eq!(json::to_string(&Parameters::default()).unwrap(), "{}");
    }

    #[test]
    fn a_search_comes_back_as_it_went() {
        let text = r#"{"searches":{"a":null,"b":{"description":"d","names":["n"],"libraries":["l"],"bytes":["ff"],"contents":["c"],"options":{"offset":4096,"maxlength":10,"logfailures":true,"matchall":true,"includeself":true,"timelimit":"10s"}}}}"#;
        let parameters: Parameters = json::from_slice(text.as_bytes()).unwrap();
        assert_eq!(json::to_string(&parameters).unwrap(), text);
    }
}
