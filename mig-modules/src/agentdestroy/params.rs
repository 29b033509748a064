//! Which agent is meant.

use crate::{parameters, sys::Pid};
use mig_core::{json::Value, module::ParamsError};
use serde::{Deserialize, Serialize};

/// The greatest number that a process can have: Linux counts to 2^22.
const MAX_PID: i64 = if cfg!(target_os = "linux") { 1 << 22 } else { u32::MAX as i64 };

/// Parameters as they travel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    pid: i64,
    version: String,
}

/// Parameters that were checked completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Params {
    pub(super) pid: Pid,
    /// What the agent says of itself; not empty.
    pub(super) version: String,
}

pub(super) fn parse(params: &Value) -> Result<Params, ParamsError> {
    let Parameters { pid, version } = parameters::read(params)?;
    let number = Pid::try_from(pid).ok().filter(|_| (2..=MAX_PID).contains(&pid));
    let invalid = |reason: String, field: &str| ParamsError { reason, place: Some(field.to_owned()) };
    let pid = number.ok_or_else(|| invalid(out_of_range(pid), "pid"))?;
    if version.is_empty() {
        let reason = "parameter 'version' is empty. Expecting version.".to_owned();
        return Err(invalid(reason, "version"));
    }
    Ok(Params { pid, version })
}

/// The original's words, and its range: its systems counted to 2^16.
pub(super) fn out_of_range(pid: i64) -> String {
    format!("PID '{pid}' is not in the range [2:65535]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Params, String> {
        parse(&mig_core::json::from_str(text).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_of_today_are_taken_and_others_refused() {
        for pid in [2, 65_535, 65_536, 1 << 22] {
            let params = parsed(&format!(r#"{{"PID":{pid},"version":"x"}}"#));
            assert_eq!(params, Ok(Params { pid, version: "x".to_owned() }));
        }
        for pid in [-(1 << 53), -5, 0, 1, (1 << 32) + 5, 1 << 53] {
            assert_eq!(parsed(&format!(r#"{{"pid":{pid},"version":"x"}}"#)), Err(out_of_range(pid)));
        }
    }

    #[test]
    fn a_number_is_whole_and_a_version_needed() {
        assert!(
            parsed(r#"{"pid":12.5,"version":"x"}"#).unwrap_err().starts_with("ReadInputParameters() -> ")
        );
        assert_eq!(
            parsed(r#"{"pid":5}"#),
            Err("parameter 'version' is empty. Expecting version.".to_owned())
        );
        assert_eq!(parsed("null"), Err(out_of_range(0)));
    }
}
