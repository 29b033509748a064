//! What the module is asked.

use crate::parameters;
use mig_core::{duration, json::Value, module::ParamsError};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Parameters as they travel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    /// How wrong the clock may be, such as `5s`; empty if only the time is wanted.
    pub(super) drift: String,
}

/// Reads parameters: how wrong the clock may be, if that is to be checked.
pub(super) fn parse(params: &Value) -> Result<Option<Duration>, ParamsError> {
    let Parameters { drift } = parameters::read(params)?;
    if drift.is_empty() {
        return Ok(None);
    }
    limit(&drift).map(Some).map_err(|reason| ParamsError { reason, place: Some(format!("drift '{drift}'")) })
}

/// A duration that is not negative.
pub(super) fn limit(text: &str) -> Result<Duration, String> {
    let nanoseconds = duration::parse(text).map_err(|error| error.to_string())?;
    let nanoseconds =
        u64::try_from(nanoseconds).map_err(|_| format!("drift must not be negative, got {text}"))?;
    Ok(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Option<Duration>, String> {
        parse(&mig_core::json::from_str(text).unwrap()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn no_drift_asks_for_the_time_only() {
        for text in ["null", "{}", r#"{"drift":""}"#] {
            assert_eq!(parsed(text), Ok(None));
        }
        assert_eq!(parsed(r#"{"Drift":"1m0.5s"}"#), Ok(Some(Duration::from_millis(60_500))));
        assert_eq!(parsed(r#"{"drift":"0"}"#), Ok(Some(Duration::ZERO)));
    }

    #[test]
    fn what_is_no_limit_is_refused_with_its_place() {
        for (text, error) in [
            ("abc", "drift 'abc': time: invalid duration \"abc\""),
            ("-5s", "drift '-5s': drift must not be negative, got -5s"),
            ("5", "drift '5': time: missing unit in duration \"5\""),
            ("1d", "drift '1d': time: unknown unit \"d\" in duration \"1d\""),
        ] {
            assert_eq!(parsed(&format!(r#"{{"drift":"{text}"}}"#)), Err(error.to_owned()));
        }
        assert!(parsed(r#"{"drift":5}"#).unwrap_err().starts_with("ReadInputParameters() -> "));
    }
}
