//! Random targets, and agents that they may hold for: for tests of what evaluates targets.

use super::{Cast, Column, Comparison, Condition, Interval, Kind, Like, Literal, Operand, Pattern, Step};
use crate::{
    agent_info::{AgentInfo, AwsEnvironment, Environment},
    id::ActionId,
    time::Time,
};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::select,
    strategy::Union,
};

const PATTERNS: [&str; 8] =
    ["^web", "a'b", "[0-9]+\\.x", "", "\\W", "^[^a]+$", "(?:e|l|o){2,3}", "\\m[[:alpha:]]+\\d\\M"];

/// Any condition the parser can make.
pub fn condition() -> impl Strategy<Value = Condition> {
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
        (operand(Kind::Text), select(PATTERNS.to_vec()), any::<bool>()).prop_filter_map(
            "an expression outside the language",
            |(operand, source, ignore_case)| {
                Pattern::new(source, ignore_case).ok().map(|pattern| Condition::Matches { operand, pattern })
            }
        ),
        kind().prop_flat_map(value).prop_map(Condition::IsNull),
        value(Kind::Json).prop_map(Condition::IsNull),
        (prop_oneof![any::<u64>(), 0..3u64], any::<bool>())
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
        Kind::Integer => number().prop_map(Literal::Integer).boxed(),
        // Years 1 to 9999, to the second.
        Kind::Time => second().prop_map(|second| Literal::Time(Time::from_unix(second))).boxed(),
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

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), any::<i32>().prop_map(i64::from), -3..10i64]
}

/// Years 1 to 9999, or near the times of [`agent`].
fn second() -> impl Strategy<Value = i64> {
    prop_oneof![-62_135_596_800..253_402_300_799i64, NOW_SECOND - 3..NOW_SECOND + 3]
}

/// Texts of which some meet each other, and some are numbers to one reader or another.
fn text() -> impl Strategy<Value = String> {
    let common = vec![
        "online",
        "web%",
        "web1",
        "os",
        "linux",
        "aws",
        "instanceid",
        "addresses",
        "isproxied",
        "0",
        "1",
        "-1",
        "+1",
        " 7\t",
        "\u{b}7",
        "007",
        "-0",
        "2147483648",
        "-9223372036854775808",
        "9223372036854775808",
        "Web1",
        "",
    ];
    prop_oneof![
        "[a-zA-Z0-9_%'\"\\\\{}, ;é\n-]{0,6}",
        select(common).prop_map(str::to_owned),
        "[<>&\u{2028}\u{e9}a]{1,3}",
    ]
}

/// The time of evaluation that meets the times of [`agent`].
pub const NOW: Time = Time::from_unix(NOW_SECOND);

const NOW_SECOND: i64 = 1_795_485_600;

/// A stored agent whose texts, numbers and times meet those of [`condition`].
pub fn agent() -> impl Strategy<Value = AgentInfo> {
    let texts = [(); 6].map(|()| text());
    let times = [(); 4].map(|()| second());
    let environment = (text(), text(), any::<bool>(), vec(text(), 0..3), text());
    (texts, number(), times, environment, btree_map(text(), text(), 0..4)).prop_map(
        |([name, queue_location, mode, version, loader_name, status], pid, times, environment, tags)| {
            let [start_time, destruction_time, heartbeat_time, refresh_time] = times.map(Time::from_unix);
            let (os, ident, is_proxied, addresses, instance_id) = environment;
            let aws = AwsEnvironment { instance_id, ..AwsEnvironment::default() };
            AgentInfo {
                environment: Environment { os, ident, is_proxied, addresses, aws, ..Environment::default() },
                name,
                queue_location,
                mode,
                version,
                pid,
                loader_name,
                start_time,
                destruction_time,
                heartbeat_time,
                refresh_time,
                status,
                tags,
                ..AgentInfo::default()
            }
        },
    )
}
