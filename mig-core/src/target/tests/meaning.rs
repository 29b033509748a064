//! What a target means, column by column and operator by operator.

use super::{NOW, itself, refusal, stored, web_server};
use crate::{
    id::ActionId,
    target::{Condition, StoredAgent, Target, Truth, arbitrary::condition},
};
use proptest::prelude::*;

#[track_caller]
fn holds(targets: &[&str]) {
    for target in targets {
        assert_eq!(stored(target), Truth::TRUE, "{target}");
    }
}

#[track_caller]
fn fails(targets: &[&str]) {
    for target in targets {
        assert_eq!(stored(target), Truth::FALSE, "{target}");
    }
}

#[track_caller]
fn is_null(targets: &[&str]) {
    for target in targets {
        assert_eq!(stored(target), Truth::NULL, "{target}");
    }
}

#[test]
fn targets_that_the_original_documents_work() {
    holds(&[
        "status='online'",
        "status='online' AND mode='daemon'",
        "queueloc LIKE 'linux.%'",
        "queueloc LIKE 'linux.%' AND environment->>'isproxied' = 'true'",
        "tags#>>'{operator}'='IT'",
        "environment->>'os'='linux'",
        "all",
        "ALL",
    ]);
    fails(&["name like '%mysql%'", "name='nosuchagent'", "queueloc='linux.abc'", "name='a' AND id > 3"]);
    is_null(&["tags->>'site'='sim' and status='online'"]);
}

#[test]
fn text_is_ordered_by_its_bytes() {
    holds(&["'B' < 'a'", "'a' < 'é'", "name > 'web1'", "name >= 'web1.example'", "name <> 'WEB1.example'"]);
    fails(&["name = 'web1.example '", "mode != 'daemon'"]);
}

#[test]
fn numbers_compare_as_numbers_also_when_written_as_text() {
    holds(&[
        "pid > 9",
        "pid = '31759'",
        "id = 28064280936451",
        "pid BETWEEN 31759 AND 31759",
        "pid > -1",
        "1=1",
    ]);
    fails(&["pid NOT BETWEEN 1 AND 31759", "pid IN (1, '2')"]);
}

#[test]
fn times_compare_with_now_and_with_literals() {
    holds(&[
        "heartbeattime > NOW() - INTERVAL '5 minutes'",
        "starttime < now() - interval '59 minutes'",
        "starttime <= NOW()",
        "starttime = '2026-11-24 01:00'",
        "starttime BETWEEN '2026-11-24' AND '2026-11-24T03:00:00+02:00'",
        "heartbeattime > starttime",
        "destructiontime IN ('0001-01-01')",
    ]);
    fails(&["heartbeattime < NOW() - INTERVAL '1 day'", "starttime > '2026-11-24 01:00:00.000001'"]);
}

#[test]
fn members_of_json_columns_are_found_by_every_arrow() {
    holds(&[
        "environment->'aws'->>'instanceid' = 'i-17'",
        "environment#>>'{aws,instanceid}' = 'i-17'",
        "(environment #> '{aws}')->>'instanceid' = 'i-17'",
        "environment->'addresses'->>0 = '192.0.2.2/24'",
        "environment->'addresses'->> -1 = 'fd00::2/64'",
        "environment#>>'{addresses,1}' = 'fd00::2/64'",
        "environment->>'addresses' LIKE '%192.0.2.%'",
        "environment->>'aws' = '{\"instanceid\":\"i-17\"}'",
        "environment::text ILIKE '%DEBIAN%'",
        "agents.tags->>'operator' = 'IT'",
        "\"tags\"->>'empty' = ''",
    ]);
}

#[test]
fn what_is_missing_is_null() {
    is_null(&[
        "tags->>'site' = 'lab'",
        "tags->>'site' <> 'lab'",
        "NOT tags->>'site' = 'lab'",
        "tags->>'site' LIKE '%'",
        "tags->>'site' ~ ''",
        "tags->>'site' IN ('lab')",
        "tags->>'site' NOT IN ('lab')",
        "tags->>'site' BETWEEN 'a' AND 'b'",
        "environment->'addresses'->>2 = ''",
        "environment->'addresses'->> -3 = ''",
        "environment->'addresses'->>'0' = ''",
        "environment->0->>'os' = ''",
        "environment#>>'{os,x}' = ''",
    ]);
    holds(&[
        "tags->>'site' IS NULL",
        "tags->'site' IS NULL",
        "loadername IS NULL",
        "tags->>'empty' IS NOT NULL",
        "tags->>'site' = 'lab' OR pid > 0",
        "name IS NOT NULL AND NOT (tags->>'site' IS NOT NULL)",
    ]);
    fails(&["tags->>'site' = 'lab' AND pid < 0", "tags IS NULL"]);
}

#[test]
fn casts_convert_and_a_cast_that_fails_is_null() {
    holds(&[
        "(tags->>'cpus')::int > 4",
        "(tags->>'cpus')::bigint = 8",
        "pid::text LIKE '317%'",
        "pid::int = 31759",
    ]);
    is_null(&["(tags->>'operator')::int > 4", "(tags->>'empty')::int = 0", "id::int > 0"]);
}

#[test]
fn patterns_look_at_the_whole_text_or_at_a_part() {
    holds(&[
        "name ~ 'web[0-9]+'",
        "name ~* '^WEB'",
        "name !~ '^example'",
        "name !~* '^EXAMPLE'",
        "name ILIKE 'WEB_.%'",
        "name NOT LIKE 'WEB%'",
        "version LIKE '20190101-%'",
        "'100%' LIKE '100!%' ESCAPE '!'",
        "'a\\b' LIKE 'a\\b' ESCAPE ''",
    ]);
    fails(&["name LIKE 'web'", "name ~ '^WEB'", "name NOT ILIKE 'WEB%'"]);
}

#[test]
fn not_binds_tighter_than_and_which_binds_tighter_than_or() {
    holds(&["TRUE OR FALSE AND FALSE", "NOT FALSE OR TRUE", "NOT (TRUE AND FALSE)", "NOT name = 'x'"]);
    fails(&["(TRUE OR FALSE) AND FALSE", "NOT TRUE AND TRUE", "FALSE"]);
}

#[test]
fn answers_to_earlier_actions_are_asked_of_the_platform() {
    let subquery = "select agentid from commands, json_array_elements(commands.results) as r \
                    where actionid=7 and r#>>'{foundanything}' = ";
    let found = format!("id IN ({subquery}'true')");
    holds(&[&found, &format!("{found} AND status='online'")]);
    fails(&[&format!("id NOT IN ({subquery}'true')"), &format!("id IN ({subquery}'false')")]);
    assert_eq!(itself(&found), Truth::UNKNOWN);
    assert_eq!(Target::parse(&found).unwrap().earlier_answers(), [(ActionId::new(7), true)]);
}

#[test]
fn no_other_subquery_is_accepted() {
    for target in [
        "id IN (SELECT id FROM agents)",
        "pid IN (select agentid from commands, json_array_elements(commands.results) as r where actionid=7 and r#>>'{foundanything}' = 'true')",
        "id IN (select agentid from commands, json_array_elements(commands.results) as r where actionid=7 and r#>>'{foundanything}' = 'maybe')",
        "id IN (select agentid from commands, json_array_elements(commands.results) as r where actionid=7 and r#>>'{foundanything}' = 'true' or true)",
    ] {
        let (_, reason) = refusal(target);
        assert!(reason.contains("of all subqueries only"), "{target}: {reason}");
    }
}

#[test]
fn an_agent_does_not_refuse_for_what_only_the_platform_knows() {
    for target in [
        "status = 'offline'",
        "id = 1",
        "heartbeattime > NOW()",
        "refreshtime < NOW()",
        "destructiontime < NOW()",
        "loadername = 'x'",
        "loadername IS NULL",
        "NOT status = 'online'",
        "id::text LIKE '1%'",
        "status IN ('offline') OR name = 'other'",
    ] {
        let truth = itself(target);
        assert!(truth.is_unknown() && !truth.refuses(), "{target}: {truth:?}");
    }
}

#[test]
fn an_agent_refuses_for_what_it_knows_to_be_false_or_missing() {
    for target in [
        "name = 'other'",
        "status = 'online' AND name = 'other'",
        "tags->>'site' = 'lab'",
        "tags->>'site' = 'lab' AND status = 'online'",
        "pid = 1",
        "starttime > NOW()",
        "FALSE",
    ] {
        assert!(itself(target).refuses(), "{target}");
    }
    assert!(itself("queueloc = 'linux.web1' AND environment->>'os' = 'linux'").is_true());
    assert!(itself("status = 'x' OR pid > 0").is_true());
}

#[test]
fn builders_make_what_the_text_says() {
    let found = Target::found_in(ActionId::new(7), true, Target::parse("name = 'a' OR TRUE").unwrap());
    assert_eq!(
        found.to_string(),
        "id IN (SELECT agentid FROM commands, json_array_elements(commands.results) AS r \
         WHERE actionid = 7 AND r #>> '{foundanything}' = 'true') AND (name = 'a' OR TRUE)"
    );
    assert_eq!(Target::agent("linux.o'hara").to_string(), "queueloc = 'linux.o''hara'");
    assert_eq!(Target::all().to_string(), "TRUE");
    assert_eq!(Target::all().and(Target::agent("a")), Target::agent("a"));
}

/// Numbers near 8, the number of processors, and NULL.
fn comparable() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("(tags->>'cpus')::int".to_owned()),
        Just("(tags->>'none')::int".to_owned()),
        (-2..12i32).prop_map(|number| number.to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn de_morgan_holds_for_the_platform_and_for_the_agent(left in condition(), right in condition()) {
        let not = |condition: &Condition| Condition::Not(Box::new(condition.clone()));
        let both = not(&Condition::And(vec![left.clone(), right.clone()]));
        let either = Condition::Or(vec![not(&left), not(&right)]);
        prop_assert_eq!(both.evaluate(&web_server(), NOW), either.evaluate(&web_server(), NOW));
        let agent = web_server();
        let stored = StoredAgent::new(&agent, |_, found| found);
        prop_assert_eq!(both.evaluate(&stored, NOW), either.evaluate(&stored, NOW));
    }

    #[test]
    fn not_twice_means_nothing(inner in condition()) {
        let twice = Target::parse(&format!("NOT NOT ({inner})")).unwrap();
        prop_assert_eq!(twice.evaluate(&web_server(), NOW), inner.evaluate(&web_server(), NOW));
    }

    #[test]
    fn between_is_two_comparisons(value in comparable(), low in comparable(), high in comparable()) {
        prop_assert_eq!(
            stored(&format!("{value} BETWEEN {low} AND {high}")),
            stored(&format!("{value} >= {low} AND {value} <= {high}"))
        );
    }

    #[test]
    fn in_is_a_choice_of_equalities(value in comparable(), list in proptest::collection::vec(-2..12i32, 1..4)) {
        let items: Vec<_> = list.iter().map(i32::to_string).collect();
        let equalities: Vec<_> = list.iter().map(|item| format!("{value} = {item}")).collect();
        prop_assert_eq!(
            stored(&format!("{value} IN ({})", items.join(", "))),
            stored(&equalities.join(" OR "))
        );
    }

    #[test]
    fn what_the_platform_finds_true_the_agent_never_refuses(condition in condition()) {
        let agent = web_server();
        let stored = StoredAgent::new(&agent, |_, found| found);
        let truth = condition.evaluate(&stored, NOW);
        prop_assert!(!(truth.is_true() && condition.evaluate(&web_server(), NOW).refuses()), "{}", condition);
    }
}
