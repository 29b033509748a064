//! Regular expressions and text forms against the vectors of the original.

#[allow(dead_code, reason = "each test binary uses a part")]
#[path = "../../mig-core/tests/common/mod.rs"]
mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{Suite, same, text};
use mig_core::{duration, json::Value, testing::vectors};
use mig_modules::{dialect::Pattern, text as forms};
use std::{
    process::ExitCode,
    time::{Duration, SystemTime},
};

fn main() -> ExitCode {
    let mut suite = Suite::default();
    suite.family("modules/regexp.json", regexp);
    let mut cases = vectors::cases("modules/formats.json");
    // How JSON is written is tested where it is: in the core.
    cases.retain(|case| !text(case, "kind").unwrap_or_default().starts_with("go_json"));
    suite.cases("modules/formats (durations, times, modes)".to_owned(), cases, format);
    suite.run()
}

fn regexp(case: &Value) -> Result<(), String> {
    let pattern = Pattern::new(text(case, "pattern")?);
    if let Ok(wanted) = text(case, "error") {
        return match pattern {
            Ok(_) => Err(format!("accepted, wanted {wanted}")),
            Err(error) => same(&error.to_string(), wanted),
        };
    }
    let pattern = pattern.map_err(|error| error.to_string())?;
    let results = case.get("results").and_then(Value::as_list).ok_or("no results")?;
    results.iter().try_for_each(|result| search(&pattern, result))
}

fn search(pattern: &Pattern, result: &Value) -> Result<(), String> {
    let input = STANDARD.decode(text(result, "text_base64")?).map_err(|error| error.to_string())?;
    let matches = pattern.is_match(&input);
    same(&format!("{:?}", Some(&Value::Bool(matches))), &format!("{:?}", result.get("match")))?;
    let groups = match pattern.captures(&input) {
        None => Value::Null,
        Some(groups) => Value::List(
            groups
                .into_iter()
                .map(|group| group.map_or(Value::Null, |range| STANDARD.encode(&input[range]).into()))
                .collect(),
        ),
    };
    same(&format!("{:?}", Some(&groups)), &format!("{:?}", result.get("groups_base64")))
}

fn format(case: &Value) -> Result<(), String> {
    match text(case, "kind")? {
        "duration_format" => {
            same(&duration::format_nanoseconds(integer(case, "nanos")?), text(case, "text")?)
        }
        "duration_parse" => match (duration::parse(text(case, "text")?), text(case, "error")) {
            (Err(error), Ok(wanted)) => same(&error.to_string(), wanted),
            (Ok(found), Err(_)) => same(&found.to_string(), &integer(case, "nanos")?.to_string()),
            (found, wanted) => Err(format!("found {found:?}, wanted {wanted:?}")),
        },
        "time_string" => same(&forms::modified(time(case)?), text(case, "string")?),
        "file_mode" => {
            let mode = u32::from_str_radix(text(case, "st_mode")?, 8).map_err(|error| error.to_string())?;
            same(&forms::file_mode(mode), text(case, "text")?)
        }
        other => Err(format!("unknown kind '{other}'")),
    }
}

/// A whole number; the largest ones saturate, for vectors hold 64-bit floats.
fn integer(case: &Value, field: &str) -> Result<i64, String> {
    match case.get(field) {
        Some(Value::Number(number)) => Ok(*number as i64),
        other => Err(format!("'{field}' is {other:?}")),
    }
}

fn time(case: &Value) -> Result<SystemTime, String> {
    let (seconds, nanoseconds) = (integer(case, "sec")?, integer(case, "nsec")?);
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let whole = SystemTime::UNIX_EPOCH;
    let whole = if seconds < 0 { whole.checked_sub(distance) } else { whole.checked_add(distance) };
    whole.map(|time| time + Duration::from_nanos(nanoseconds.unsigned_abs())).ok_or("out of range".to_owned())
}
