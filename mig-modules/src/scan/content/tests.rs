use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

fn go_on() -> Result<(), Stop> {
    Ok(())
}

/// Expressions that differ in what they need: literals, anchors, classes, what only bad bytes match.
const PATTERNS: [&str; 14] = [
    "ab",
    "^a",
    "b$",
    "^$",
    "a.b",
    "[^a]b",
    "^(a|b)*$",
    "(?i)AB",
    r"\bb\b",
    "\u{e9}",
    r"\x{fffd}",
    ".{3}",
    r"\Ba",
    "a\\rb",
];

/// Expressions with counted repetitions.
const HEAVY: [&str; 4] = ["a[ab]{990}c", "^[ab]{0,999}$", "[^b]{3,800}b", "(?:a.{1,400}b)$"];

fn matcher(quantifier: Quantifier, patterns: &[&str]) -> LineMatcher {
    let asked = patterns.iter().map(|pattern| (Arc::new(Pattern::new(pattern).unwrap()), quantifier));
    LineMatcher::new(asked.collect()).unwrap()
}

/// Compiled once: cases are many.
static ALL: LazyLock<[LineMatcher; 2]> =
    LazyLock::new(|| [Quantifier::Any, Quantifier::Every].map(|quantifier| matcher(quantifier, &PATTERNS)));
/// Blocks are searched in pieces of at most three bytes.
static SLICED: LazyLock<[LineMatcher; 2]> = LazyLock::new(|| {
    [Quantifier::Any, Quantifier::Every].map(|quantifier| {
        let mut matcher = matcher(quantifier, &[&PATTERNS[..], &HEAVY].concat());
        matcher.expressions.iter_mut().for_each(|expression| expression.at_once = 3);
        matcher
    })
});
static EACH: LazyLock<Vec<LineMatcher>> =
    LazyLock::new(|| PATTERNS.iter().map(|pattern| matcher(Quantifier::Any, &[pattern])).collect());

fn scan(matcher: &LineMatcher, data: &[u8], piece: usize) -> Vec<Option<bool>> {
    let mut scan = matcher.start();
    let all = 0..matcher.expressions.len();
    all.clone().for_each(|expression| scan.want(expression));
    data.chunks(piece).for_each(|piece| scan.feed(piece, &go_on).unwrap());
    scan.finish(&go_on).unwrap();
    all.map(|expression| scan.answer(expression, true)).collect()
}

/// What the answers are by definition.
fn reference(matcher: &LineMatcher, data: &[u8]) -> Vec<Option<bool>> {
    let text = data.strip_suffix(b"\n").unwrap_or(data);
    let lines: Vec<&[u8]> =
        if data.is_empty() { Vec::new() } else { text.split(|byte| *byte == b'\n').collect() };
    let answer = |expression: &Expression| {
        let matches = |line: &&[u8]| expression.pattern.is_match(line.strip_suffix(b"\r").unwrap_or(line));
        match expression.quantifier {
            Quantifier::Any => lines.iter().any(matches),
            Quantifier::Every => !lines.is_empty() && lines.iter().all(matches),
        }
    };
    matcher.expressions.iter().map(|expression| Some(answer(expression))).collect()
}

/// Short texts over few bytes, so that lines, characters, bad bytes and matches are frequent.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(vec![b'a']), 4 => Just(vec![b'b']), 3 => Just(vec![b'\n']), 1 => Just(vec![b'\r']),
        1 => Just(vec![b'\r', b'\n']), 1 => Just(vec![b' ']), 1 => Just(vec![0xFF]), 1 => Just(vec![0xC3]),
        1 => Just("\u{e9}".into()), 1 => Just("\u{fffd}".into()), 1 => Just(vec![0]), 1 => Just(vec![b'A']),
    ];
    proptest::collection::vec(byte, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn lines_in_pieces_are_answered_as_by_definition(data in data(), piece in 1..8_usize) {
        for matcher in &*ALL {
            prop_assert_eq!(scan(matcher, &data, piece), reference(matcher, &data));
        }
    }

    #[test]
    fn blocks_in_small_pieces_are_answered_as_by_definition(data in data(), piece in 1..8_usize) {
        for matcher in &*SLICED {
            prop_assert_eq!(scan(matcher, &data, piece), reference(matcher, &data));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn one_expression_alone_is_answered_as_by_definition(data in data(), which in 0..PATTERNS.len()) {
        let matcher = &EACH[which];
        prop_assert_eq!(scan(matcher, &data, 5), reference(matcher, &data));
    }

    #[test]
    fn a_long_line_is_answered_as_a_short_one(data in data(), piece in 1..8_usize) {
        let line: Vec<u8> = data.into_iter().filter(|byte| *byte != b'\n').collect();
        let matcher = &ALL[0];
        let mut long = matcher.long.start(|_| true).unwrap();
        line.chunks(piece).for_each(|piece| long.feed(piece, &go_on).unwrap());
        let matched = long.finish(&go_on).unwrap();
        let expected: Vec<bool> = matcher.expressions.iter().map(|it| it.pattern.is_match_line(&line)).collect();
        prop_assert_eq!(matched, expected);
    }
}

#[test]
fn lines_longer_than_any_buffer_are_searched_to_their_ends() {
    let matcher = matcher(Quantifier::Any, &["^begin", "middle", "end$", "begin.*end", "^next$", "never"]);
    let filler = vec![b'x'; 3 * MAX_LINE_BYTES];
    let data = [b"begin", &filler[..], b"middle\xFF", &filler, b"end\r\nnext\n"].concat();
    for piece in [1 << 10, CHUNK, data.len()] {
        let found: Vec<bool> = scan(&matcher, &data, piece).into_iter().map(Option::unwrap).collect();
        assert_eq!(found, [true, true, true, true, true, false], "{piece}");
    }
}

/// `a` and `b` in an order that repeats late.
fn letters(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if state >> 63 == 0 { b'a' } else { b'b' }
    };
    (0..count).map(|_| letter()).collect()
}

#[test]
fn heavy_expressions_are_searched_exactly_in_lines_of_any_length() {
    let heavy = ["a[ab]{990}c", "^b[ab]{990}c", "a[ab]{990}d", "foo", "c$"];
    let matcher = matcher(Quantifier::Any, &heavy);
    let at_once = matcher.expressions[0].at_once;
    for length in [1_000, 2_000, at_once, at_once + 1, 20_000] {
        let data = [&letters(length), &b"c\nfo"[..], &letters(length), b"\nfoo"].concat();
        for piece in [100, at_once, data.len()] {
            assert_eq!(scan(&matcher, &data, piece), reference(&matcher, &data), "{length} {piece}");
        }
    }
}

#[test]
fn the_session_is_asked_the_more_often_the_heavier_expressions_are() {
    let heavy: Vec<String> = (0..3).map(|number| format!("a[ab]{{{}}}c", 990 + number)).collect();
    let heavy: Vec<&str> = heavy.iter().map(String::as_str).collect();
    for quantifier in [Quantifier::Any, Quantifier::Every] {
        for line in [5_000, 32 << 10] {
            let mut data = letters(32 << 10);
            data.iter_mut().skip(line).step_by(line + 1).for_each(|byte| *byte = b'\n');
            let matcher = matcher(quantifier, &heavy);
            let looks = std::cell::Cell::new(0);
            let look = || {
                looks.set(looks.get() + 1);
                Ok(())
            };
            let mut scan = matcher.start();
            (0..3).for_each(|expression| scan.want(expression));
            scan.feed(&data, &look).unwrap();
            scan.finish(&look).unwrap();
            // Who asks for every line is answered by the first.
            let searched = if quantifier == Quantifier::Any { data.len() } else { line };
            let steps = 3 * 990 * searched;
            assert!(
                looks.get() >= steps / (2 * STEPS_BETWEEN_LOOKS),
                "{} looks, lines of {line}",
                looks.get()
            );
        }
    }
}

#[test]
fn light_expressions_are_searched_in_whole_chunks() {
    let literals: Vec<String> = (0..1_000).map(|number| format!("literal{number}[0-9]+x")).collect();
    let matcher = matcher(Quantifier::Any, &literals.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(matcher.groups.len(), 1);
    assert!(matcher.expressions.iter().all(|expression| expression.at_once == MAX_LINE_BYTES));
}

#[test]
fn memory_for_a_long_line_is_bounded() {
    let matcher = matcher(Quantifier::Any, &["never"]);
    let mut scan = matcher.start();
    scan.want(0);
    for _ in 0..64 {
        scan.feed(&vec![b'x'; 64 << 10], &go_on).unwrap();
        assert!(scan.partial.capacity() <= 2 * MAX_LINE_BYTES);
    }
    assert!(scan.long.is_some());
}

#[test]
fn what_is_decided_needs_no_more_data() {
    let matcher = matcher(Quantifier::Any, &["a", "b"]);
    let mut scan = matcher.start();
    scan.want(0);
    scan.want(1);
    scan.feed(b"a\n", &go_on).unwrap();
    assert_eq!((scan.open(), scan.answer(0, false), scan.answer(1, false)), (1, Some(true), None));
    scan.retain(|_| false);
    assert_eq!(scan.open(), 0);
}

#[test]
fn an_empty_file_has_no_line() {
    for (quantifier, answer) in [(Quantifier::Any, false), (Quantifier::Every, false)] {
        assert_eq!(scan(&matcher(quantifier, &[".*"]), b"", 1), [Some(answer)]);
    }
    assert_eq!(
        scan(&matcher(Quantifier::Any, &["^$"]), b"a\n", 1),
        [Some(false)],
        "no line behind the last LF"
    );
    assert_eq!(scan(&matcher(Quantifier::Any, &["^$"]), b"a\n\n", 1), [Some(true)]);
}

const CHUNK: usize = 256 << 10;

#[test]
fn expressions_that_one_automaton_can_not_hold_are_searched_for_in_groups() {
    let expressions: Vec<String> = (0..24).map(|number| format!("a.{{999}}b{number}$")).collect();
    let asked = expressions.iter().map(|text| (Arc::new(Pattern::new(text).unwrap()), Quantifier::Any));
    let matcher = LineMatcher::new(asked.collect()).unwrap();
    assert!(matcher.groups.len() > 1, "{}", matcher.groups.len());
    let mut scan = matcher.start();
    (0..24).for_each(|expression| scan.want(expression));
    scan.feed(format!("a{}b7\n", "x".repeat(999)).as_bytes(), &go_on).unwrap();
    scan.finish(&go_on).unwrap();
    let found: Vec<usize> =
        (0..24).filter(|expression| scan.answer(*expression, true) == Some(true)).collect();
    assert_eq!(found, [7]);
}

#[test]
fn a_run_can_be_ended_between_two_expressions() {
    let asked = ["a", "b", "c"].map(|text| (Arc::new(Pattern::new(text).unwrap()), Quantifier::Every));
    let matcher = LineMatcher::new(asked.into()).unwrap();
    let mut scan = matcher.start();
    (0..3).for_each(|expression| scan.want(expression));
    let asked = std::cell::Cell::new(0);
    let second = || {
        asked.set(asked.get() + 1);
        if asked.get() == 2 { Err(Stop::Cancelled) } else { Ok(()) }
    };
    assert_eq!(scan.feed(b"abc\n", &second), Err(Stop::Cancelled));
    assert_eq!(asked.get(), 2);
}

#[test]
fn the_expression_that_is_too_much_is_known() {
    let asked: Vec<_> = ["small", "[ab]{500}", "other"]
        .map(|text| (Arc::new(Pattern::new(text).unwrap()), Quantifier::Any))
        .into();
    let members: Vec<Member> = asked.iter().map(|(pattern, _)| Member::new(pattern)).collect();
    let error = compile(asked, &members, members[1].memory / 2).unwrap_err();
    assert_eq!(error.content(), Some(1));
    assert!(
        error.to_string().starts_with("the contents are too large to be searched for: together"),
        "{error}"
    );
}

#[test]
fn a_run_can_be_ended_between_two_heavy_expressions_that_nothing_matches() {
    let heavy: Vec<String> = (0..40).map(|number| format!("a[xy]{{{}}}c", 950 + number)).collect();
    let matcher = matcher(Quantifier::Any, &heavy.iter().map(String::as_str).collect::<Vec<_>>());
    let looks = std::cell::Cell::new(0);
    let look = || {
        looks.set(looks.get() + 1);
        Ok(())
    };
    for expression in &matcher.expressions {
        assert!(!expression.matches_a_line(&b"a\n".repeat(4_000), &look).unwrap());
    }
    assert!(looks.get() >= heavy.len(), "{} looks", looks.get());
}
