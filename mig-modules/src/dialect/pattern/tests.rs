//! Meaning: by example, against the regex engine's own syntax where both dialects agree, and the superset's promise.

use super::*;
use crate::dialect::Superset;
use proptest::{collection::vec, prelude::*, sample::select};

fn matches(pattern: &str, text: &[u8]) -> bool {
    Pattern::new(pattern).unwrap().is_match(text)
}

#[test]
fn a_bad_byte_is_one_character() {
    assert!(matches("^..$", b"\xff\xfe"));
    assert!(!matches("^.$", b"\xff\xfe"));
    assert!(matches("^a\u{fffd}b$", b"a\xffb"));
    assert!(matches("^[^a]$", b"\x80"));
    assert!(matches("^\\B$", b"") && matches("a\\b", b"a\xff"));
    assert!(!matches("[\u{80}-\u{ff}]", b"\xe9"));
}

#[test]
fn groups_are_places_in_the_original_bytes() {
    let groups = Pattern::new("(.)(b)|(x)").unwrap().captures(b"\xff\xfe\xc3\xa9b").unwrap();
    assert_eq!(groups, [Some(2..5), Some(2..4), Some(4..5), None]);
    assert_eq!(Pattern::new("z").unwrap().captures(b"\xff"), None);
}

#[test]
fn a_line_ends_before_its_carriage_return() {
    let pattern = Pattern::new("b$").unwrap();
    assert!(
        pattern.is_match_line(b"ab\r") && !pattern.is_match_line(b"ab\r\r") && !pattern.is_match(b"ab\r")
    );
}

#[test]
fn deep_and_large_patterns_compile_or_are_refused() {
    for pattern in [
        format!("{}a{}", "(".repeat(998), ")".repeat(998)),
        format!("{}a{}", "(?:".repeat(998), ")*".repeat(998)),
        "a{1000}".to_owned(),
        ".{1000}".to_owned(),
    ] {
        assert!(Pattern::new(&pattern).is_ok());
    }
    let error = Pattern::new("(\\pL{1000}){1}").unwrap_err();
    assert_eq!(error.to_string(), "error parsing regexp: expression too large: `(\\pL{1000}){1}`");
}

#[test]
fn what_a_scanner_need_not_confirm_is_known() {
    for (pattern, exact) in [
        ("root", true),
        ("^[a-z]+:[0-9]{2}", true),
        ("(?i)k\\b", true),
        ("a$", false),
        ("a.b", false),
        ("a\\sb", false),
        ("a*", false),
        ("\u{fffd}", false),
    ] {
        assert_eq!(Pattern::new(pattern).unwrap().superset().is_exact(), exact, "{pattern}");
    }
}

#[test]
fn the_superset_finds_lines_whatever_their_end_and_encoding() {
    for (pattern, data) in [
        ("b$", &b"a\nb\r\nc"[..]),
        ("b\\z", b"a\nb\r"),
        ("^$", b"a\r\n\r\nb"),
        ("^\r$", b"\r\r\n"),
        ("^.$", "a😀\n😀\nab".as_bytes()),
        ("^...$", b"ab\nx\xff\xe6\n"),
        ("\\Aa[^b]{2}\\b", "a\naéx\n".as_bytes()),
        ("a\u{fffd}b", b"ab\na\xffb\n"),
        ("(?s)^.*x", b"a\n\xf0\x9fx\n"),
    ] {
        let pattern = Pattern::new(pattern).unwrap();
        let scanner = scanner(pattern.superset());
        let lines = lines(data);
        let exact: Vec<_> =
            lines.iter().filter(|line| pattern.is_match_line(&data[(*line).clone()])).collect();
        assert!(!exact.is_empty(), "no line of {data:?} matches");
        for line in exact {
            assert!(scanner.search(&Input::new(data).range(line.clone())).is_some(), "{line:?} of {data:?}");
        }
    }
}

/// A pattern in this dialect, and the same in the syntax of the `regex` crate.
fn equal_patterns() -> impl Strategy<Value = (String, String)> {
    let atoms = [
        ("a", "a"),
        ("b", "b"),
        ("é", "é"),
        (".", "."),
        ("\u{fffd}", "\u{fffd}"),
        ("\\d", "[0-9]"),
        ("\\W", "[^0-9A-Za-z_]"),
        ("\\s", "[\\t\\n\\x0C\\r ]"),
        ("[^a]", "[^a]"),
        ("[é-ü]", "[é-ü]"),
        ("[a&&b]", "[ab&]"),
        ("(?i:k)", "(?i:k)"),
        ("\\pN", "\\p{gc=N}"),
        ("\\Q.*\\E", "(?:\\.\\*)"),
        ("\\101", "A"),
        ("\\r", "\\r"),
        ("^", "^"),
        ("$", "$"),
        ("(?m:^)", "(?m:^)"),
        ("(?m:$)", "(?m:$)"),
        ("\\b", "(?-u:\\b)"),
        ("\\A", "\\A"),
        ("\\z", "\\z"),
    ];
    let leaf = select(atoms.to_vec()).prop_map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()));
    let pattern = leaf.prop_recursive(4, 24, 3, |inner| {
        let suffix = select(vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}"]);
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|parts| parts.into_iter().unzip()),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| (format!("(?:{}|{})", a.0, b.0), format!("(?:{}|{})", a.1, b.1))),
            inner.clone().prop_map(|a| (format!("({})", a.0), format!("({})", a.1))),
            (inner, suffix).prop_map(|(a, s)| (format!("(?:{}){s}", a.0), format!("(?:{}){s}", a.1))),
        ]
    });
    // Most random patterns match everywhere; at a fixed place they must count characters rightly.
    (select(vec!["", "^"]), pattern, select(vec!["", "$"])).prop_map(|(start, (ours, theirs), end)| {
        (format!("{start}(?:{ours}){end}"), format!("{start}(?:{theirs}){end}"))
    })
}

fn characters() -> impl Strategy<Value = String> {
    let alphabet = vec![
        'a', 'b', 'k', 'A', '0', 'é', '²', '\u{fffd}', '\u{212a}', ' ', '\r', '\n', '.', '*', '&', '\x0b',
    ];
    vec(select(alphabet), 0..12).prop_map(String::from_iter)
}

fn raw_bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"a",
        b"b",
        b"k",
        b"0",
        b" ",
        b".*",
        b"&",
        b"\r",
        b"\n",
        b"\r\n",
        b"\x80",
        b"\xff",
        b"\xc3",
        b"\xef\xbf",
        b"\xf0\x9f\x98",
        "é".as_bytes(),
        "²".as_bytes(),
        "\u{212a}".as_bytes(),
        "\u{fffd}".as_bytes(),
        "😀".as_bytes(),
    ];
    vec(select(pieces), 0..12).prop_map(|pieces| pieces.concat())
}

/// The lines of some data as ranges, without LF.
fn lines(data: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    data.split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            let range = start..start + line.strip_suffix(b"\n").unwrap_or(line).len();
            start += line.len();
            range
        })
        .collect()
}

fn scanner(superset: &Superset) -> meta::Regex {
    meta::Builder::new()
        .configure(meta::Config::new().utf8_empty(false))
        .build_from_hir(superset.hir())
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_pattern_panics(pattern in "(\\PC|[\\\\\\[\\](){}*+?|.^$:PpQExiU0-9,<>&-]){0,24}") {
        if let Ok(compiled) = Pattern::new(&pattern) {
            for line in ["aé\u{fffd}".as_bytes(), b"\xff\x80a"] {
                prop_assert_eq!(compiled.captures(line).is_some(), compiled.is_match_line(line));
            }
        }
    }

    #[test]
    fn dialects_that_agree_find_the_same((ours, theirs) in equal_patterns(), text in characters()) {
        let expected = meta::Regex::new(&theirs).unwrap();
        let mut captures = expected.create_captures();
        expected.captures(text.as_bytes(), &mut captures);
        let expected = captures
            .is_match()
            .then(|| captures.iter().map(|group| group.map(|span| span.range())).collect::<Vec<_>>());
        prop_assert_eq!(Pattern::new(&ours).unwrap().captures(text.as_bytes()), expected);
    }

    #[test]
    fn bad_bytes_mean_what_their_replacement_means((ours, _) in equal_patterns(), text in raw_bytes()) {
        let pattern = Pattern::new(&ours).unwrap();
        let replaced = Lossy::new(&text);
        prop_assert_eq!(pattern.is_match(&text), pattern.regex.is_match(replaced.text()));
    }

    #[test]
    fn no_line_escapes_the_superset((ours, _) in equal_patterns(), data in raw_bytes()) {
        let pattern = Pattern::new(&ours).unwrap();
        let scanner = scanner(pattern.superset());
        for line in lines(&data) {
            let hit = scanner.search(&Input::new(&data).range(line.clone())).is_some();
            let exact = pattern.is_match_line(&data[line.clone()]);
            prop_assert!(hit || !exact, "line {line:?} is missed");
            prop_assert!(exact || !hit || !pattern.superset().is_exact(), "line {line:?} is not exact");
        }
        for hit in scanner.find_iter(&data) {
            prop_assert!(!data[hit.range()].contains(&b'\n'));
        }
    }
}
