//! What the module is asked.

use crate::parameters;
use mig_core::{json::Value, module::ParamsError};
use serde::{Deserialize, Serialize};

/// Parameters as they travel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    /// Tell the name of the host.
    #[serde(rename = "gethostname")]
    pub(super) host_name: bool,
    /// Tell the addresses of the interfaces.
    #[serde(rename = "getaddresses")]
    pub(super) addresses: bool,
    /// Names to look up.
    #[serde(rename = "lookuphost")]
    pub(super) names: Option<Vec<String>>,
}

/// Reads parameters and checks every name.
pub(super) fn parse(params: &Value) -> Result<Parameters, ParamsError> {
    let parameters: Parameters = parameters::read(params)?;
    match parameters.names.iter().flatten().find(|name| !is_domain_name(name)) {
        None => Ok(parameters),
        Some(name) => Err(ParamsError {
            reason: "ValidateParameters: LookupHost parameter is not a valid FQDN.".to_owned(),
            place: Some(format!("lookuphost '{name}'")),
        }),
    }
}

/// Parts of 1 to 63 letters, digits and inner hyphens between dots, as the original checks it.
fn is_domain_name(text: &str) -> bool {
    text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Parameters, String> {
        parse(&mig_core::json::from_str(text).unwrap()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn nothing_is_asked_by_default() {
        assert_eq!(parsed("null"), Ok(Parameters::default()));
        assert_eq!(parsed(r#"{"lookuphost":null}"#), Ok(Parameters::default()));
    }

    #[test]
    fn each_name_is_checked_and_the_wrong_one_named() {
        assert!(parsed(r#"{"LookupHost":["a","3com.example.net","1.2.3.4"]}"#).is_ok());
        for wrong in ["", "a..b", "-a", "a-.b", "a_b", "a.", "é", &"a".repeat(64)] {
            let error = parsed(&format!(r#"{{"lookuphost":["ok","{wrong}"]}}"#)).unwrap_err();
            let place = format!("lookuphost '{wrong}': ValidateParameters: LookupHost parameter");
            assert!(error.starts_with(&place), "{error}");
        }
    }

    #[test]
    fn a_wrong_type_is_refused() {
        let error = parsed(r#"{"gethostname":"yes"}"#).unwrap_err();
        assert!(error.starts_with("ReadInputParameters() -> "), "{error}");
    }
}
