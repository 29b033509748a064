//! Properties of reading and writing.

use super::*;
use crate::action::{Action, ActionCounters, Operation};
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
    let unknown = format!(r#"{{"unknown":{deep}}}"#);
    assert!(from_str::<Action>(&unknown).unwrap_err().to_string().contains("nested deeper"));
}

#[test]
fn a_short_text_does_not_become_a_huge_tree() {
    let error = from_slice_within::<Value>(b"[[0,0],{\"a\":0}]", 4).unwrap_err();
    assert_eq!(error.to_string(), "[1]: more than 4 values (line 1, column 9)");
    assert!(from_slice_within::<Value>(b"[[0,0],{\"a\":0}]", 5).is_ok());
}

#[test]
fn a_repeated_field_of_a_structure_is_refused_in_any_case() {
    let error = from_str::<Action>(r#"{"name":"a","NAME":null}"#).unwrap_err();
    assert_eq!(error.to_string(), "name: the field is given twice (line 1, column 13)");
    assert!(from_str::<Value>(r#"{"name":"a","name":"b"}"#).is_ok());
}

#[test]
fn errors_say_where() {
    let error = from_str::<Value>("{\"a\":\n 1,}").unwrap_err();
    assert_eq!(error.to_string(), "invalid character '}' where a field name begins (line 2, column 4)");
    let error = from_str::<Action>("{\"operations\":[{},\n{\"module\": 1}]}").unwrap_err();
    assert_eq!(error.path(), "operations[1].module");
    assert_eq!(error.position(), Some(Position { line: 2, column: 12 }));
    assert_eq!(error.message(), "invalid type: a number, expected a string");
}

#[test]
fn an_error_about_a_value_has_no_position_in_a_text_that_nobody_saw() {
    let value = Value::Map(Map::from([("sent".to_owned(), Value::Number(1.5))]));
    let error = from_value::<ActionCounters>(&value).unwrap_err();
    assert_eq!(error.to_string(), "sent: the number 1.5 is not an integer of type i64");
}

#[test]
fn names_of_strangers_are_cut_and_escaped_in_messages() {
    let text = format!("{{\"a\\n{}\":tru}}", "x".repeat(1000));
    let error = from_str::<Value>(&text).unwrap_err().to_string();
    assert!(error.starts_with("a\\nxxx") && error.len() < 200, "{error}");
}

#[test]
fn null_leaves_fields_and_is_zero_elsewhere() {
    let action: Action = from_str(r#"{"name":null,"operations":[null],"pgpsignatures":["x",null]}"#).unwrap();
    assert_eq!(action.operations, Some(vec![Operation::default()]));
    assert_eq!(action.signatures, Some(vec!["x".to_owned(), String::new()]));
    assert_eq!(from_str::<Action>("null").unwrap(), Action::default());
}

#[test]
fn integers_are_strict() {
    let read = |text: &str| {
        from_str::<ActionCounters>(&format!(r#"{{"sent":{text}}}"#)).map(|counters| counters.sent)
    };
    assert_eq!(read("-9223372036854775808").unwrap(), i64::MIN);
    for wrong in ["1.0", "1e0", "9223372036854775808", "\"1\"", "true"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Green,
}

#[test]
fn enumerations_are_text() {
    assert_eq!(from_str::<Vec<Colour>>(r#"["red","gr\u0065en"]"#).unwrap(), [Colour::Red, Colour::Green]);
    assert_eq!(to_string(&Colour::Green).unwrap(), "\"green\"");
    assert!(from_str::<Colour>("\"blue\"").unwrap_err().to_string().contains("blue"));
}

#[test]
fn tuples_have_their_length() {
    assert_eq!(from_str::<(u8, String)>("[1,\"a\"]").unwrap(), (1, "a".to_owned()));
    assert!(from_str::<(u8, String)>("[1,\"a\",2]").is_err());
    assert!(from_str::<(u8, String)>("[1]").is_err());
}

#[test]
fn maps_are_sorted_whatever_order_they_come_in() {
    struct Backwards;
    impl Serialize for Backwards {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("z", vec![1]), ("a,", vec![]), ("\u{e9}", vec![2, 3])])
        }
    }
    assert_eq!(to_string(&[Backwards]).unwrap(), "[{\"a,\":[],\"z\":[1],\"\u{e9}\":[2,3]}]");
}
