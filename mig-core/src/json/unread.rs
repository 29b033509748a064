//! What a reader did not understand of a document.

use super::{Value, text::is_spelling_of};

/// The place of the first field of `given` that is missing in `understood`, which is `given` decoded to a type and encoded
/// again; as in `operations[0].module`. Empty values are no loss: types may leave them out when they are written.
#[must_use]
pub fn unread(given: &Value, understood: &Value) -> Option<String> {
    find(given, understood).map(|place| place.trim_start_matches('.').to_owned())
}

fn find(given: &Value, understood: &Value) -> Option<String> {
    match (given, understood) {
        (Value::Map(given), Value::Map(understood)) => given.iter().find_map(|(key, value)| {
            let counterpart = understood.get(key).or_else(|| folded(understood, key));
            match counterpart {
                Some(counterpart) => find(value, counterpart).map(|place| format!(".{key}{place}")),
                None => (!is_empty(value)).then(|| format!(".{key}")),
            }
        }),
        (Value::List(given), Value::List(understood)) => {
            given.iter().zip(understood).enumerate().find_map(|(index, (given, understood))| {
                Some(format!("[{index}]{}", find(given, understood)?))
            })
        }
        _ => None,
    }
}

/// The value under another spelling of a field name.
fn folded<'a>(map: &'a super::Map, key: &str) -> Option<&'a Value> {
    map.iter().find(|(name, _)| is_spelling_of(key, name)).map(|(_, value)| value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => *number == 0.0,
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.iter().all(is_empty),
        Value::Map(fields) => fields.values().all(is_empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{action::Action, json};

    fn unread_of_action(text: &str) -> Option<String> {
        let action: Action = json::from_str(text).unwrap();
        unread(&json::from_str(text).unwrap(), &json::to_value(&action).unwrap())
    }

    #[test]
    fn a_misspelt_field_is_found_with_its_place() {
        assert_eq!(unread_of_action(r#"{"nmae":"x"}"#).as_deref(), Some("nmae"));
        let nested = r#"{"operations":[{"module":"file"},{"modul":"file"}]}"#;
        assert_eq!(unread_of_action(nested).as_deref(), Some("operations[1].modul"));
    }

    #[test]
    fn known_fields_are_known_in_any_letter_case_and_when_empty() {
        let text = r#"{"NAME":"x","investigators":[],"status":"","threat":{"ref":""},
            "operations":[{"module":"file","parameters":{"anything":[{"at":"all"}]}}]}"#;
        assert_eq!(unread_of_action(text), None);
    }
}
