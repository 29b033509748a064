//! Answers, field by field.

use serde_json::Value;
use std::collections::BTreeSet;

/// What differs, as `path: what`; nothing if both are the same text.
pub(super) fn differences(expected: &str, actual: &str) -> Vec<String> {
    let mut found = Vec::new();
    match (serde_json::from_str(expected), serde_json::from_str(actual)) {
        (Ok(expected), Ok(actual)) => compare("", &expected, &actual, &mut found),
        _ if expected.trim_end() == actual.trim_end() => {}
        _ => found.push(format!("text: {actual:?} and not {expected:?}")),
    }
    found
}

fn compare(path: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let path = format!("{path}.{name}");
                match (one.get(name), other.get(name)) {
                    (Some(expected), Some(actual)) => compare(&path, expected, actual, found),
                    (Some(expected), None) => found.push(format!("{path}: missing, it was {expected}")),
                    (None, actual) => {
                        found.push(format!("{path}: new, it is {}", actual.unwrap_or(&Value::Null)))
                    }
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (expected, actual)) in one.iter().zip(other).enumerate() {
                compare(&format!("{path}[{index}]"), expected, actual, found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            found.push(format!("{path}: {} elements and not {}", other.len(), one.len()));
        }
        _ if expected == actual || are_times(path, expected, actual) || are_codes(path, expected, actual) => {
        }
        _ => found.push(format!("{path}: {actual} and not {expected}")),
    }
}

/// Times depend on the moment, but for those that are signed: these are the same to the second.
fn are_times(path: &str, expected: &Value, actual: &Value) -> bool {
    let (Some(expected), Some(actual)) = (expected.as_str(), actual.as_str()) else { return false };
    let is_time = |text: &str| text.parse::<mig_core::time::Time>().is_ok();
    let is_signed = path.ends_with(".validfrom") || path.ends_with(".expireafter");
    is_time(expected) && is_time(actual) && (!is_signed || expected[..19] == actual[..19])
}

/// Each request has its own.
fn are_codes(path: &str, expected: &Value, actual: &Value) -> bool {
    let is_code = |value: &Value| value.as_str().is_some_and(|text| text.parse::<u64>().is_ok());
    path == ".collection.error.code" && is_code(expected) && is_code(actual)
}

#[test]
fn what_differs_is_named_by_its_path() {
    let found = differences(r#"{"a":[1,{"b":2}],"c":3}"#, r#"{"a":[1,{"b":4}],"d":5}"#);
    assert_eq!(found, [".a[1].b: 4 and not 2", ".c: missing, it was 3", ".d: new, it is 5"]);
}
