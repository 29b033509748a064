//! Regular expressions and text forms against the vectors of the original.

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{Suite, list, same, text};
use mig_core::{duration, json::Value, testing::vectors};
use mig_modules::{dialect::Pattern, text as forms};
use std::{
    process::ExitCode,
    time::{Duration, SystemTime},
};

fn main() -> ExitCode {
    let mut suite = Suite::default();
    suite.family("regexp", vectors::cases("modules/regexp.json"), regexp);
    let mut cases = vectors::cases("modules/formats.json");
    // How JSON is written is tested where it is: in the core.
    cases.retain(|case| !text(case, "kind").starts_with("go_json"));
    // Windows counts time in steps of 100 ns.
    cases.retain(|case| {
        cfg!(unix) || integer(case, "nsec").ok().is_none_or(|nanoseconds| nanoseconds % 100 == 0)
    });
    suite.family("formats (durations, times, modes)", cases, format);
    suite.run()
}

fn regexp(case: &Value) -> Result<(), String> {
    let pattern = Pattern::new(text(case, "pattern")).map_err(|error| error.to_string());
    let wanted = case.get("error").and_then(Value::as_str).map(str::to_owned);
    same("error", &pattern.as_ref().err(), &wanted.as_ref())?;
    let Ok(pattern) = pattern else { return Ok(()) };
    let results = list(case, "results");
    assert!(!results.is_empty(), "a pattern without texts");
    results.iter().try_for_each(|result| search(&pattern, result))
}

fn search(pattern: &Pattern, result: &Value) -> Result<(), String> {
    let input = STANDARD.decode(text(result, "text_base64")).map_err(|error| error.to_string())?;
    same("match", &Some(&Value::Bool(pattern.is_match(&input))), &result.get("match"))?;
    let groups = match pattern.captures(&input) {
        None => Value::Null,
        Some(groups) => Value::List(
            groups
                .into_iter()
                .map(|group| group.map_or(Value::Null, |range| STANDARD.encode(&input[range]).into()))
                .collect(),
        ),
    };
    same("groups", &Some(&groups), &result.get("groups_base64"))
}

fn format(case: &Value) -> Result<(), String> {
    match text(case, "kind") {
        "duration_format" => {
            let found = duration::format_nanoseconds(integer(case, "nanos")?);
            same("text", &found.as_str(), &text(case, "text"))
        }
        "duration_parse" => {
            let found = duration::parse(text(case, "text")).map_err(|error| error.to_string());
            let wanted = match case.get("error").and_then(Value::as_str) {
                Some(error) => Err(error.to_owned()),
                None => Ok(integer(case, "nanos")?),
            };
            same("duration", &found, &wanted)
        }
        "time_string" => same("text", &forms::modified(time(case)?).as_str(), &text(case, "string")),
        "file_mode" => {
            let mode = u32::from_str_radix(text(case, "st_mode"), 8).map_err(|error| error.to_string())?;
            same("text", &forms::file_mode(mode).as_str(), &text(case, "text"))
        }
        other => Err(format!("unknown kind '{other}'")),
    }
}

/// A whole number; the largest ones saturate, for vectors hold 64-bit floats.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
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
