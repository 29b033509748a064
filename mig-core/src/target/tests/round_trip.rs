//! `Display` and the parser are each other's opposite.

use crate::target::{Target, arbitrary::condition};
use proptest::{collection::vec, prelude::*, sample::select};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn printed_conditions_read_back(condition in condition()) {
        let target = Target::from(condition);
        let text = target.to_string();
        prop_assert_eq!(Target::parse(&text).map_err(|error| format!("{text}: {error}")), Ok(target));
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_character_of_it(text in any_text()) {
        match Target::parse(&text) {
            Ok(target) => prop_assert_eq!(Target::parse(&target.to_string()), Ok(target)),
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}: {}", text, error),
        }
    }
}

/// Noise, and words of the language in any order.
fn any_text() -> impl Strategy<Value = String> {
    let words = vec![
        "name",
        "pid",
        "starttime",
        "tags",
        "=",
        "<",
        "->>",
        "#>>",
        "'a'",
        "'{a}'",
        "5",
        "-",
        "(",
        ")",
        ",",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "~",
        "BETWEEN",
        "IS",
        "NULL",
        "NOW()",
        "INTERVAL",
        "'1 day'",
        "::",
        "int",
        "TRUE",
        "\n",
        "é",
        "select",
        "from",
        "ESCAPE",
        "agents.",
    ];
    prop_oneof![".{0,30}", vec(select(words), 0..12).prop_map(|words| words.join(" "))]
}
