//! What is refused, where, and in which words.

use super::refusal;
use crate::target::{Target, TargetError};

/// Each target, the character that is to blame, and a part of the reason.
#[test]
fn errors_point_at_the_character() {
    let cases = [
        ("name == 'a'", 6, "== is not accepted"),
        ("nam = 'a'", 1, "unknown word nam; columns are id, name"),
        ("env#>>'{os}'='linux'", 1, "unknown word env"),
        ("name = \"a\"", 8, "text is written 'a'"),
        ("name = 'a", 8, "Unterminated"),
        ("name = 'a' AND", 15, "found the end"),
        ("name = 'a' AND AND pid = 1", 16, "a condition such as"),
        ("(name = 'a'", 12, "expected )"),
        ("name = 'a') OR TRUE", 11, "expected AND, OR or the end"),
        ("1=1; select pg_sleep(0)", 4, "; is not accepted"),
        ("TRUE -- AND name = 'a'", 6, "is not accepted"),
        ("TRUE /* x */", 6, "is not accepted"),
        ("name = 'a' AND pid = 'x'", 22, "'x' is not a number"),
        ("pid = 1.5", 7, "'1.5' is not a number"),
        ("starttime > 'yesterday'", 13, "'yesterday' is not a time; write"),
        ("name = 5", 8, "can not compare text with a number"),
        ("5 = name", 1, "can not compare text with a number"),
        ("pid LIKE '3%'", 1, "can not compare text with a number"),
        ("tags = 'a'", 1, "can not compare a JSON value"),
        ("tags->'a' = 'b'", 1, "can not compare a JSON value"),
        ("name->>'a' = 'b'", 1, "environment or tags"),
        ("tags->>'a'->>'b' = 'c'", 8, "the end of the path"),
        ("tags#>>'a' = 'b'", 8, "a path such as"),
        ("name", 1, "a condition such as"),
        ("name = NULL", 8, "for NULL write IS NULL"),
        ("environment->>'isproxied' = TRUE", 29, "for truth write 'true'"),
        ("name ~ '(?i)web'", 8, "only (?: is supported"),
        ("name ~ '['", 8, "a bracket is not closed"),
        ("name LIKE 'a\\'", 11, "ends with its escape character"),
        ("name LIKE 'a' ESCAPE 'bc'", 22, "one character after ESCAPE"),
        ("heartbeattime > NOW() - INTERVAL '5'", 34, "an interval of whole"),
        ("heartbeattime > NOW() - 5", 25, "NOW() - INTERVAL"),
        ("starttime::text = 'a'", 1, "compare the time itself"),
        ("name = 'a' AND ALL", 16, "stands alone"),
        ("pg_sleep(5) = 'a'", 1, "unknown word pg_sleep"),
        ("id IN ()", 8, "expected"),
        ("id IN (pid)", 8, "expected a literal"),
        ("name = 'a'\n  AND nam = 'b'", 18, "unknown word nam"),
        ("name = 'é' AND nam = 'b'", 16, "unknown word nam"),
        ("", 1, "or the word all"),
        ("   ", 4, "or the word all"),
        ("name = E'a'", 8, "is not accepted"),
        ("name = $$a$$", 8, "is not accepted"),
        ("name = $1", 8, "is not accepted"),
        ("a.name = 'b'", 1, "unknown word a"),
        ("commands.name = 'b'", 1, "agents. and a column"),
        ("(name, pid) = ('a', 1)", 2, "expected"),
    ];
    let differing: Vec<_> = cases
        .into_iter()
        .map(|(target, column, reason)| (target, column, reason, refusal(target)))
        .filter(|(_, column, reason, (at, text))| at != column || !text.contains(reason))
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn an_error_names_the_character_and_the_reason_in_one_line() {
    let error: TargetError = "name = 'a' AND nam = 'b'".parse::<Target>().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("target, character 16: unknown word nam; columns are id, name, queueloc")
    );
}

#[test]
fn the_canonical_text_is_sql_with_few_brackets() {
    let cases = [
        ("name='a'and(pid>5or true)", "name = 'a' AND (pid > 5 OR TRUE)"),
        ("NOT(name like'a%')", "name NOT LIKE 'a%'"),
        ("not name='a'", "NOT (name = 'a')"),
        ("tags#>>'{ operator }'!='IT'", "tags#>>'{operator}' <> 'IT'"),
        ("heartbeattime>now()-interval'90 min'", "heartbeattime > NOW() - INTERVAL '1 hour 30 minutes'"),
        ("pid in('5')", "pid IN (5)"),
        ("starttime>'2024-01-31'", "starttime > '2024-01-31T00:00:00Z'"),
        ("(tags->>'cpus')::INT>4", "(tags->>'cpus')::int > 4"),
        ("all", "TRUE"),
    ];
    for (text, canonical) in cases {
        assert_eq!(Target::parse(text).unwrap().to_string(), canonical);
    }
}
