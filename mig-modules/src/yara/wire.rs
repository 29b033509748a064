//! Parameters of the module as they travel: field names and order of the original; `processsearch` is ours.

use serde::{Deserialize, Serialize};

/// What the module is asked. Nothing is checked here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// The text of the rules.
    pub yara: String,
    /// Which files: a command line of the module `file`; empty for none.
    #[serde(rename = "filesearch")]
    pub file_search: String,
    /// Which processes: a command line of the module `memory`; empty for none.
    #[serde(rename = "processsearch", skip_serializing_if = "String::is_empty")]
    pub process_search: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;

    #[test]
    fn both_fields_of_the_original_are_always_written() {
        assert_eq!(json::to_string(&Parameters::default()).unwrap(), r#"{"yara":"","filesearch":""}"#);
        let text = r#"{"yara":"rule a{condition:true}","filesearch":"","processsearch":"-name sshd$"}"#;
        let parameters: Parameters = json::from_slice(text.as_bytes()).unwrap();
        assert_eq!(json::to_string(&parameters).unwrap(), text);
    }
}
