use super::*;
use proptest::prelude::*;

#[derive(Debug, Default, PartialEq)]
struct Values {
    text: String,
    list: Vec<String>,
    switch: bool,
    float: f64,
    integer: i64,
}

impl Values {
    fn flags(&mut self) -> Flags<'_> {
        Flags::new([
            ("text", Slot::Text(&mut self.text)),
            ("list", Slot::List(&mut self.list)),
            ("switch", Slot::Switch(&mut self.switch)),
            ("float", Slot::Float(&mut self.float)),
            ("integer", Slot::Integer(&mut self.integer)),
        ])
    }
}

fn arguments(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn parse(words: &[&str]) -> Result<(Values, Vec<String>), String> {
    let mut values = Values::default();
    let words = arguments(words);
    let rest = values.flags().parse(&words).map_err(|error| error.to_string())?.to_vec();
    Ok((values, rest))
}

#[test]
fn one_and_two_dashes_with_and_without_equals_are_alike() {
    for words in [&["-text", "-v"][..], &["--text", "-v"], &["-text=-v"], &["--text=-v"]] {
        assert_eq!(parse(words).unwrap().0.text, "-v");
    }
    assert_eq!(parse(&["-text=a=b"]).unwrap().0.text, "a=b");
    assert_eq!(parse(&["-text="]).unwrap().0.text, "");
}

#[test]
fn lists_grow_and_other_flags_keep_the_last_value() {
    let (values, _) = parse(&["-list", "a", "-text", "x", "-list=b", "-text", "y"]).unwrap();
    assert_eq!((values.list, values.text), (arguments(&["a", "b"]), "y".to_owned()));
}

#[test]
fn a_switch_takes_no_separate_value() {
    let (values, rest) = parse(&["-switch", "false", "-text", "x"]).unwrap();
    assert!(values.switch && values.text.is_empty());
    assert_eq!(rest, arguments(&["false", "-text", "x"]));
    for word in ["1", "t", "T", "TRUE", "true", "True"] {
        assert!(parse(&[&format!("-switch={word}")]).unwrap().0.switch);
    }
    for word in ["0", "f", "F", "FALSE", "false", "False"] {
        assert!(!parse(&["-switch", &format!("-switch={word}")]).unwrap().0.switch);
    }
}

#[test]
fn flags_end_at_the_first_other_argument_and_behind_two_dashes() {
    assert_eq!(parse(&["-switch", "--", "-text"]).unwrap().1, arguments(&["-text"]));
    assert_eq!(parse(&["-", "-text"]).unwrap().1, arguments(&["-", "-text"]));
    assert_eq!(parse(&["", "-text"]).unwrap().1, arguments(&["", "-text"]));
}

#[test]
fn faults_have_the_words_of_the_original() {
    for (words, error) in [
        (&["-x"][..], "flag provided but not defined: -x"),
        (&["--x=1"], "flag provided but not defined: -x"),
        (&["-h"], "flag: help requested"),
        (&["--help=1"], "flag: help requested"),
        (&["-text"], "flag needs an argument: -text"),
        (&["-float", "x"], "invalid value \"x\" for flag -float: parse error"),
        (&["-float="], "invalid value \"\" for flag -float: parse error"),
        (&["-float", "1e400"], "invalid value \"1e400\" for flag -float: value out of range"),
        (
            &["-integer", "9223372036854775808"],
            "invalid value \"9223372036854775808\" for flag -integer: value out of range",
        ),
        (&["-integer", "a\"\n"], "invalid value \"a\\\"\\n\" for flag -integer: parse error"),
        (&["-switch=maybe"], "invalid boolean value \"maybe\" for -switch: parse error"),
        (&["-switch="], "invalid boolean value \"\" for -switch: parse error"),
        (&["---text"], "bad flag syntax: ---text"),
        (&["-=x"], "bad flag syntax: -=x"),
        (&["--=x"], "bad flag syntax: --=x"),
    ] {
        assert_eq!(parse(words).unwrap_err(), error);
    }
}

#[test]
fn an_unknown_flag_is_given_back_complete() {
    let mut values = Values::default();
    let words = arguments(&["-text", "x", "-path=/etc", "-name", "y"]);
    assert_eq!(values.flags().parse_known(&words).unwrap(), &words[2..]);
    assert_eq!(values.text, "x");
    let words = arguments(&["-help"]);
    assert_eq!(Values::default().flags().parse_known(&words).unwrap(), words);
}

#[test]
fn whole_numbers_have_bases() {
    for (text, value) in [
        ("0", 0),
        ("-1", -1),
        ("+7", 7),
        ("0x10", 16),
        ("0XfF", 255),
        ("-0b101", -5),
        ("0o17", 15),
        ("010", 8),
        ("1_000", 1000),
        ("0x_10", 16),
        ("0_7", 7),
        ("-9223372036854775808", i64::MIN),
    ] {
        assert_eq!(number::integer(text), Ok(value), "{text}");
    }
    for text in
        ["", "-", "08", "0x", "0b2", "1_", "_1", "1__0", "0x1_", "1.0", "1e3", " 1", "--1", "0_", "0x-1"]
    {
        assert_eq!(number::integer(text), Err(NumberError::Syntax), "{text}");
    }
}

#[test]
fn floating_numbers_have_the_forms_of_the_original() {
    for (text, value) in [
        ("1e3", 1000.0),
        ("2.5", 2.5),
        ("-1", -1.0),
        ("+.5E1", 5.0),
        ("5.", 5.0),
        ("0x1p4", 16.0),
        ("-0X1.8P1", -3.0),
        ("0x.8p+0", 0.5),
        ("0x1p-1074", f64::from_bits(1)),
        ("0x0p99999999999", 0.0),
        ("1_23.50_0_0e+1_2", 1.235e14),
        ("0x_1p1_0", 1024.0),
        ("inf", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
    ] {
        assert_eq!(number::float(text), Ok(value), "{text}");
    }
    assert!(number::float("NaN").unwrap().is_nan());
    for text in [
        "", ".", "x", "1e", "e1", "0x1", "0x", "0xp1", "0x1p", "0xgp1", "_1", "1_", "1__2", "1_.5", "1e_5",
        "+nan", "- 1", "1f",
    ] {
        assert_eq!(number::float(text), Err(NumberError::Syntax), "{text}");
    }
    assert_eq!(number::float("0x1p1024"), Err(NumberError::Range));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_left_is_the_end_of_the_arguments(words in proptest::collection::vec("-{0,3}(text|list|switch|float|integer|x)?(=?[0-9xXbo_.ep+-]{0,6})|\\PC{0,4}", 0..6)) {
        if let Ok(rest) = Values::default().flags().parse(&words) {
            prop_assert!(words.ends_with(rest));
        }
    }

    #[test]
    fn numbers_are_read_as_they_are_written(integer: i64, float: f64) {
        prop_assert_eq!(number::integer(&integer.to_string()), Ok(integer));
        if float.is_finite() {
            prop_assert_eq!(number::float(&float.to_string()), Ok(float));
        }
    }
}
