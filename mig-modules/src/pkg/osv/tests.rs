use super::{
    range::{Verdict, judge},
    *,
};
use crate::version::Scheme;
use proptest::prelude::*;

fn affected(text: &str) -> Affected {
    json::from_str(text).unwrap()
}

fn range(events: &str) -> Affected {
    affected(&format!(r#"{{"ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]}}"#))
}

/// Which of these versions are affected.
fn hit<'a>(affected: &Affected, versions: &[&'a str]) -> Vec<&'a str> {
    let is_hit = |version: &&&str| judge(affected, Scheme::Dpkg, version) != Ok(Verdict::NotAffected);
    versions.iter().filter(is_hit).copied().collect()
}

#[test]
fn a_range_begins_and_ends_with_its_events() {
    let versions = ["0.9", "1.0", "1.4", "1.5~rc1", "1.5", "2.0"];
    let fixed = range(r#"{"introduced":"1.0"},{"fixed":"1.5"}"#);
    assert_eq!(hit(&fixed, &versions), ["1.0", "1.4", "1.5~rc1"]);
    let last = range(r#"{"introduced":"0"},{"last_affected":"1.5"}"#);
    assert_eq!(hit(&last, &versions), ["0.9", "1.0", "1.4", "1.5~rc1", "1.5"]);
    assert_eq!(hit(&range(r#"{"introduced":"0"}"#), &versions), versions);
    let nothing = range(r#"{"introduced":"0"},{"fixed":"0"}"#);
    assert_eq!(hit(&nothing, &versions), [""; 0]);
}

#[test]
fn events_may_come_in_any_order_and_more_than_once() {
    let both = range(r#"{"fixed":"3.1"},{"introduced":"3.0"},{"fixed":"1.5"},{"introduced":"1.0"}"#);
    assert_eq!(hit(&both, &["0.5", "1.0", "1.5", "2.9", "3.0", "3.1"]), ["1.0", "3.0"]);
    let again = range(r#"{"introduced":"1.0"},{"fixed":"1.5"},{"introduced":"1.5"},{"fixed":"1.6"}"#);
    assert_eq!(hit(&again, &["1.4", "1.5", "1.6"]), ["1.4", "1.5"]);
}

#[test]
fn a_limit_ends_what_a_range_speaks_of() {
    let limited = range(r#"{"introduced":"1.0"},{"limit":"2.0"}"#);
    assert_eq!(hit(&limited, &["1.5", "2.0"]), ["1.5"]);
    let one_is_enough = range(r#"{"introduced":"1.0"},{"limit":"2.0"},{"limit":"*"}"#);
    assert_eq!(hit(&one_is_enough, &["1.5", "2.0"]), ["1.5", "2.0"]);
}

#[test]
fn the_next_fix_is_named() {
    let fixes = range(r#"{"introduced":"0"},{"fixed":"3.0"},{"introduced":"4.0"},{"fixed":"5.0"}"#);
    assert_eq!(judge(&fixes, Scheme::Dpkg, "2.0"), Ok(Verdict::Affected { fixed: Some("3.0".to_owned()) }));
    assert_eq!(judge(&fixes, Scheme::Dpkg, "4.1"), Ok(Verdict::Affected { fixed: Some("5.0".to_owned()) }));
}

#[test]
fn listed_versions_are_affected_in_any_spelling() {
    let listed = affected(r#"{"versions":["1.0","not a version"]}"#);
    assert_eq!(hit(&listed, &["1.00", "1.1"]), ["1.00"]);
    assert_eq!(judge(&listed, Scheme::Python, "not a version"), Ok(Verdict::Affected { fixed: None }));
}

#[test]
fn what_can_not_be_compared_is_an_error_unless_another_range_decides() {
    let bad = r#"{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1-"}]}"#;
    let good = r#"{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2"}]}"#;
    let both = affected(&format!(r#"{{"ranges":[{bad},{good}]}}"#));
    assert!(judge(&both, Scheme::Dpkg, "3").is_err());
    assert!(matches!(judge(&both, Scheme::Dpkg, "1"), Ok(Verdict::Affected { .. })));
    assert!(judge(&range(r#"{"introduced":"1"}"#), Scheme::Go, "(devel)").is_err());
}

#[test]
fn records_without_the_shape_of_the_format_are_refused() {
    let error = |text: &str| Advisory::from_value(&json::from_str(text).unwrap()).unwrap_err().to_string();
    let of_range = |range: &str| error(&format!(r#"{{"id":"A-1","affected":[{{"ranges":[{range}]}}]}}"#));
    assert_eq!(error("{}"), "an advisory needs an id");
    assert!(error("5").starts_with("not an advisory: "));
    assert_eq!(of_range(r#"{"type":"X"}"#), "advisory A-1: unknown type of range 'X'");
    assert_eq!(
        of_range(r#"{"type":"SEMVER","events":[{"fixed":"1"}]}"#),
        "advisory A-1: a range has no event 'introduced'"
    );
    assert!(
        of_range(r#"{"type":"SEMVER","events":[{"introduced":"1"},{"fxed":"1"}]}"#)
            .contains("an event is none of")
    );
}

#[test]
fn only_what_decides_is_kept_of_a_record() {
    let record = r#"{"schema_version":"1.6.0","id":"A-1","aliases":["CVE-1"],"details":"long","references":[{"type":"WEB"}],
        "affected":[{"package":{"ecosystem":"Go","name":"x","purl":"pkg:golang/x"},"ranges":[
            {"type":"GIT","repo":"https://example.org","events":[{"introduced":"0"}]},
            {"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.3"}]}]},
          {"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]}]}"#;
    let advisory = Advisory::from_value(&json::from_str(record).unwrap()).unwrap();
    assert_eq!(
        json::to_string(&advisory).unwrap(),
        r#"{"id":"A-1","aliases":["CVE-1"],"affected":[{"package":{"ecosystem":"Go","name":"x"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.3"}]}]}]}"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// The description sorts events and goes through them; ours looks at each once.
    #[test]
    fn ranges_are_judged_as_the_description_says(events in proptest::collection::vec((0..3, 0..9_u32), 1..8), version in 0..9_u32) {
        let event = |(kind, version): &(i32, u32)| {
            let version = Some(version.to_string());
            match kind {
                0 => Event { introduced: version, ..Event::default() },
                1 => Event { fixed: version, ..Event::default() },
                _ => Event { last_affected: version, ..Event::default() },
            }
        };
        let range = Range { kind: "ECOSYSTEM".to_owned(), events: events.iter().map(event).collect() };
        let affected = Affected { ranges: vec![range], ..Affected::default() };
        let mut sorted = events.clone();
        // Introduced at 0 is before all versions, also before 0.
        sorted.sort_by_key(|(kind, version)| (*version, *version > 0 || *kind > 0));
        let mut expected = false;
        for (kind, at) in sorted {
            match kind {
                0 if version >= at => expected = true,
                1 if version >= at => expected = false,
                2 if version > at => expected = false,
                _ => {}
            }
        }
        let found = judge(&affected, Scheme::Dpkg, &version.to_string()).unwrap();
        prop_assert_eq!(found != Verdict::NotAffected, expected);
    }
}
