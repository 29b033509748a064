//! Hostile targets: refused in bounded time and stack, whatever their shape.

use super::refusal;
use crate::{
    limits::{MAX_TARGET_BYTES, MAX_TARGET_DEPTH, MAX_TARGET_OPERATORS},
    target::Target,
};
use std::time::{Duration, Instant};

/// Nested text: `open` and `close` around `TRUE`, `depth` times.
fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}TRUE{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_long_text_is_refused_before_it_is_split() {
    let (_, reason) = refusal(&format!("name = '{}'", "a".repeat(MAX_TARGET_BYTES)));
    assert_eq!(reason, "bytes: 65536 are the most that is accepted");
}

#[test]
fn deep_nesting_is_refused_in_every_shape() {
    for (open, close) in
        [("(", ")"), ("NOT ", ""), ("NOT (", ")"), ("pid IN (", ")"), ("TRUE AND (FALSE OR ", ")")]
    {
        for depth in [MAX_TARGET_DEPTH + 40, 9000] {
            let reason = refusal(&nested(open, close, depth)).1;
            assert!(reason.contains("are the most that is accepted"), "{open} {depth}: {reason}");
        }
    }
}

#[test]
fn nesting_up_to_the_limit_is_read_and_read_back() {
    let target = Target::parse(&nested("NOT (", ")", MAX_TARGET_DEPTH - 1)).unwrap();
    assert_eq!(Target::parse(&target.to_string()), Ok(target));
    assert!(Target::parse(&nested("NOT (", ")", MAX_TARGET_DEPTH)).is_err());
    assert!(Target::parse(&nested("(", ")", 2 * MAX_TARGET_DEPTH)).is_ok());
}

#[test]
fn long_chains_are_read_up_to_the_limit() {
    let chain = |parts: usize| vec!["TRUE"; parts].join(" AND ");
    assert!(Target::parse(&chain(MAX_TARGET_OPERATORS / 2)).is_ok());
    assert!(refusal(&chain(MAX_TARGET_OPERATORS)).1.starts_with("words and operators"));
    assert!(refusal(&format!("tags{} = 'a'", "->'a'".repeat(900))).1.starts_with("steps into JSON"));
    assert!(Target::parse(&format!("name{} = 'a'", "::text".repeat(300))).is_err());
}

#[test]
fn a_thousand_names_are_a_list() {
    let names: Vec<_> = (0..1000).map(|number| format!("'web{number}.example'")).collect();
    assert!(Target::parse(&format!("name IN ({})", names.join(", "))).is_ok());
}

#[test]
fn many_or_large_regular_expressions_are_refused() {
    let many = vec!["name ~ 'a'"; 17].join(" OR ");
    assert!(refusal(&many).1.starts_with("regular expressions: 16"));
    assert!(refusal("name ~ '(.{255}){255}'").1.contains("size limit"));
}

#[test]
fn no_shape_takes_long() {
    let mut shapes = vec!["(".repeat(60_000), "'".repeat(60_001), "/*".repeat(30_000), "$a$".repeat(20_000)];
    for word in [
        "not", "interval", "now", "select", "in", "between", "like", "name", "tags->", "-", "::int", "text",
        "(select",
    ] {
        for between in [" ", "(", " '", ",", " = ", ") and ("] {
            let piece = format!("{word}{between}");
            shapes.push(piece.repeat(MAX_TARGET_OPERATORS / 2));
            shapes.push(piece.repeat(40));
            shapes.push(nested(&piece, ")", 60));
        }
    }
    for operator in
        ["- 1", "= 1", "~ 'a'", "-> 'a'", "#>> '{a}'", "LIKE 'a'", "IN (1)", "IS NULL", "::text", "AND TRUE"]
    {
        shapes.push(format!("name {}", format!("{operator} ").repeat(MAX_TARGET_OPERATORS / 2)));
        shapes.push(format!("name {}", format!("{operator} ").repeat(MAX_TARGET_OPERATORS - 1)));
    }
    for shape in shapes {
        let beginning: String = shape.chars().take(40).collect();
        let start = Instant::now();
        let read = Target::parse(&shape).is_ok();
        assert!(start.elapsed() < Duration::from_secs(2), "{beginning} ({read}) took {:?}", start.elapsed());
    }
}
