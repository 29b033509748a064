//! `Display` and the parser are each other's opposite.

use crate::{
    id::ActionId,
    target::{
        Cast, Column, Comparison, Condition, Interval, Kind, Like, Literal, Operand, Pattern, Step, Target,
    },
    time::Time,
};
use proptest::{collection::vec, prelude::*, sample::select, strategy::Union};

/// Any condition the parser can make.
pub(super) fn condition() -> impl Strategy<Value = Condition> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Condition::And),
            vec(inner.clone(), 2..4).prop_map(Condition::Or),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Condition> {
    prop_oneof![
        any::<bool>().prop_map(Condition::Constant),
        comparison(),
        between(),
        is_in(),
        (operand(Kind::Text), text(), any::<bool>(), select(vec![Some('\\'), Some('!'), None]))
            .prop_filter_map("an escape at the end", |(operand, text, ignore_case, escape)| {
                let pattern = Like::new(&text, escape, ignore_case).ok()?;
                Some(Condition::Like { operand, pattern })
            }),
        (operand(Kind::Text), select(vec!["^web", "a'b", "[0-9]+\\.x", ""]), any::<bool>()).prop_map(
            |(operand, source, ignore_case)| {
                let pattern = Pattern::new(source, ignore_case).unwrap();
                Condition::Matches { operand, pattern }
            }
        ),
        kind().prop_flat_map(value).prop_map(Condition::IsNull),
        value(Kind::Json).prop_map(Condition::IsNull),
        (any::<u64>(), any::<bool>())
            .prop_map(|(action, found)| Condition::FoundIn { action: ActionId::new(action), found }),
    ]
}

fn comparison() -> impl Strategy<Value = Condition> {
    let comparisons = vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];
    kind().prop_flat_map(move |kind| {
        (operand(kind), select(comparisons.clone()), operand(kind)).prop_filter_map(
            "two times without a column read as texts",
            |(left, comparison, right)| {
                let times = [&left, &right].map(|side| matches!(side, Operand::Literal(Literal::Time(_))));
                (times != [true, true]).then_some(Condition::Compare { left, comparison, right })
            },
        )
    })
}

fn between() -> impl Strategy<Value = Condition> {
    kind().prop_flat_map(|kind| {
        (value(kind), operand(kind), operand(kind)).prop_map(|(operand, low, high)| Condition::Between {
            operand,
            low,
            high,
        })
    })
}

fn is_in() -> impl Strategy<Value = Condition> {
    kind().prop_flat_map(|kind| {
        (value(kind), vec(literal(kind), 1..4)).prop_map(|(operand, list)| Condition::In { operand, list })
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    select(vec![Kind::Text, Kind::Integer, Kind::Time])
}

fn operand(kind: Kind) -> BoxedStrategy<Operand> {
    prop_oneof![value(kind), literal(kind).prop_map(Operand::Literal)].boxed()
}

/// An operand that is no literal.
fn value(kind: Kind) -> BoxedStrategy<Operand> {
    let columns = columns(kind).prop_map(Operand::Column).boxed();
    let others = match kind {
        Kind::Text => {
            vec![member(true), cast(member(false), Cast::Text), cast(value(Kind::Integer), Cast::Text)]
        }
        Kind::Json => vec![member(false)],
        Kind::Integer => vec![cast(member(true), Cast::Integer), cast(columns.clone(), Cast::BigInteger)],
        Kind::Time => vec![interval().prop_map(|minus| Operand::Now { minus }).boxed()],
    };
    Union::new(others.into_iter().chain([columns])).boxed()
}

fn columns(kind: Kind) -> impl Strategy<Value = Column> {
    select(Column::ALL.iter().copied().filter(|column| column.kind() == kind).collect::<Vec<_>>())
}

fn member(as_text: bool) -> BoxedStrategy<Operand> {
    let step = prop_oneof![
        text().prop_map(Step::Key),
        any::<i32>().prop_map(Step::Index),
        vec(text(), 0..3).prop_map(Step::Path),
    ];
    (columns(Kind::Json), vec(step, 1..4))
        .prop_map(move |(column, path)| Operand::Member { column, path, as_text })
        .boxed()
}

fn cast(operand: BoxedStrategy<Operand>, to: Cast) -> BoxedStrategy<Operand> {
    operand
        .prop_map(move |operand| match operand {
            Operand::Cast { operand, .. } => Operand::Cast { operand, to },
            other => Operand::Cast { operand: Box::new(other), to },
        })
        .boxed()
}

fn literal(kind: Kind) -> BoxedStrategy<Literal> {
    match kind {
        Kind::Integer => any::<i64>().prop_map(Literal::Integer).boxed(),
        // Years 1 to 9999, to the second.
        Kind::Time => (-62_135_596_800..253_402_300_799i64)
            .prop_map(|second| Literal::Time(Time::from_unix(second)))
            .boxed(),
        Kind::Text | Kind::Json => text().prop_map(Literal::Text).boxed(),
    }
}

fn interval() -> impl Strategy<Value = Interval> {
    (0..100u32, 0..400u32, 0..100_000u64).prop_map(|(months, days, seconds)| Interval {
        months,
        days,
        seconds,
    })
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_%'\"\\\\{}, ;é\n-]{0,6}|online|web%"
}

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
