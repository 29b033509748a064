//! Properties of reading and writing.

use super::*;
use proptest::{collection, prelude::*};

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>()
            .prop_filter("JSON has finite numbers only", |number| number.is_finite())
            .prop_map(Value::Number),
        any::<i32>().prop_map(|number| Value::Number(f64::from(number))),
        any::<String>().prop_map(Value::String),
        "[<>&\u{2028}\u{2029}\u{0}-\u{20}\"\\\\]{0,8}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn what_is_written_reads_back_and_writes_the_same(value in values()) {
        let text = to_string(&value).unwrap();
        let again: Value = from_str(&text).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(to_string(&again).unwrap(), text);
    }

    #[test]
    fn another_reader_agrees_on_what_is_written(value in values()) {
        let theirs: serde_json::Value = serde_json::from_str(&to_string(&value).unwrap()).unwrap();
        let ours: Value = from_str(&theirs.to_string()).unwrap();
        prop_assert_eq!(from_value::<Value>(&ours).unwrap(), value);
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes in collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = from_slice::<Value>(&bytes) {
            prop_assert_eq!(from_str::<Value>(&to_string(&value).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn lossy_text_equals_the_standard_library_where_all_is_valid(text in any::<String>()) {
        prop_assert_eq!(lossy(text.as_bytes()), text);
    }
}

#[test]
fn indented_text_reads_the_same() {
    let value: Value = from_str(r#"{"a":[1,{"b":"x,{}[]\"\\"}],"c":{},"d":[]}"#).unwrap();
    let pretty = to_string_pretty(&value).unwrap();
    assert_eq!(from_str::<Value>(&pretty).unwrap(), value);
    assert!(pretty.contains("\"c\": {},\n  \"d\": []\n}"), "{pretty}");
}

#[test]
fn a_document_nested_too_deeply_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(from_str::<Value>(&deep).unwrap_err().to_string().contains("nested deeper"));
}

#[test]
fn a_repeated_field_of_a_structure_is_refused_in_any_case() {
    let error = from_str::<crate::action::Action>(r#"{"name":"a","NAME":"b"}"#).unwrap_err();
    assert_eq!(error.to_string(), "field 'name' is given twice");
}

#[test]
fn errors_say_where() {
    let error = from_str::<Value>("{\"a\":\n 1,}").unwrap_err().to_string();
    assert_eq!(error, "invalid character '}' where a field name begins (line 2, column 4)");
}
