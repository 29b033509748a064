//! The meaning of a condition: that of Postgres, for one agent.

use super::{Cast, Comparison, Condition, Datum, Literal, Operand, Step, Subject, Truth};
use crate::{
    json::{self, Value},
    time::Time,
};
use std::cmp::Ordering;

impl Condition {
    /// Whether the condition holds for this agent at this time.
    #[must_use]
    pub fn evaluate(&self, subject: &dyn Subject, now: Time) -> Truth {
        let value = |operand: &Operand| operand.evaluate(subject, now);
        match self {
            Self::Constant(constant) => Truth::from(*constant),
            Self::And(parts) => {
                parts.iter().fold(Truth::TRUE, |truth, part| truth & part.evaluate(subject, now))
            }
            Self::Or(parts) => {
                parts.iter().fold(Truth::FALSE, |truth, part| truth | part.evaluate(subject, now))
            }
            Self::Not(inner) => !inner.evaluate(subject, now),
            Self::Compare { left, comparison, right } => compare(&value(left), *comparison, &value(right)),
            Self::Like { operand, pattern } => look(&value(operand), |text| pattern.matches(text)),
            Self::Matches { operand, pattern } => look(&value(operand), |text| pattern.is_match(text)),
            Self::In { operand, list } => is_in(&value(operand), list),
            Self::Between { operand, low, high } => {
                let operand = value(operand);
                compare(&operand, Comparison::GreaterOrEqual, &value(low))
                    & compare(&operand, Comparison::LessOrEqual, &value(high))
            }
            Self::IsNull(operand) => match value(operand) {
                Datum::Unknown => Truth::TRUE_OR_FALSE,
                datum => Truth::from(datum == Datum::Null),
            },
            Self::FoundIn { action, found } => subject.found_in(*action, *found),
        }
    }
}

fn compare(left: &Datum, comparison: Comparison, right: &Datum) -> Truth {
    let ordering = match (left, right) {
        (Datum::Text(left), Datum::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Datum::Integer(left), Datum::Integer(right)) => left.cmp(right),
        (Datum::Time(left), Datum::Time(right)) => microseconds(*left).cmp(&microseconds(*right)),
        (Datum::Null, _) | (_, Datum::Null) => return Truth::NULL,
        (Datum::Unknown, _) | (_, Datum::Unknown) => return Truth::UNKNOWN,
        _ => return Truth::NULL,
    };
    Truth::from(comparison.holds(ordering))
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// What the database keeps of a time.
fn microseconds(time: Time) -> i128 {
    i128::from(time.unix_seconds()) * 1_000_000 + i128::from(time.subsecond_nanoseconds() / 1000)
}

fn look(datum: &Datum, matches: impl FnOnce(&str) -> bool) -> Truth {
    match datum {
        Datum::Text(text) => Truth::from(matches(text)),
        Datum::Unknown => Truth::UNKNOWN,
        _ => Truth::NULL,
    }
}

fn is_in(datum: &Datum, list: &[Literal]) -> Truth {
    list.iter()
        .fold(Truth::FALSE, |truth, literal| truth | compare(datum, Comparison::Equal, &Datum::from(literal)))
}

impl From<&Literal> for Datum {
    fn from(literal: &Literal) -> Self {
        match literal {
            Literal::Text(text) => Self::Text(text.clone()),
            Literal::Integer(number) => Self::Integer(*number),
            Literal::Time(time) => Self::Time(*time),
        }
    }
}

impl Operand {
    fn evaluate(&self, subject: &dyn Subject, now: Time) -> Datum {
        match self {
            Self::Column(column) => subject.datum(*column),
            Self::Member { column, path, as_text } => match subject.datum(*column) {
                Datum::Json(value) => member(&value, path, *as_text).unwrap_or(Datum::Null),
                Datum::Unknown => Datum::Unknown,
                _ => Datum::Null,
            },
            Self::Cast { operand, to } => cast(operand.evaluate(subject, now), *to),
            Self::Literal(literal) => Datum::from(literal),
            Self::Now { minus } => minus.before(now).map_or(Datum::Null, Datum::Time),
        }
    }
}

fn member(value: &Value, path: &[Step], as_text: bool) -> Option<Datum> {
    let found = path.iter().try_fold(value, step)?;
    if as_text { Some(text_of(found)) } else { Some(Datum::Json(found.clone())) }
}

fn step<'a>(value: &'a Value, step: &Step) -> Option<&'a Value> {
    match (step, value) {
        (Step::Key(key), Value::Map(members)) => members.get(key),
        (Step::Index(index), Value::List(elements)) => element(elements, *index),
        (Step::Path(path), _) => path.iter().try_fold(value, |value, key| match value {
            Value::Map(members) => members.get(key),
            Value::List(elements) => element(elements, key.parse().ok()?),
            _ => None,
        }),
        _ => None,
    }
}

fn element(elements: &[Value], index: i32) -> Option<&Value> {
    let place = usize::try_from(index.unsigned_abs()).ok()?;
    let place = if index < 0 { elements.len().checked_sub(place)? } else { place };
    elements.get(place)
}

/// A string without its quotes, NULL for `null`, compact JSON for anything else.
fn text_of(value: &Value) -> Datum {
    match value {
        Value::Null => Datum::Null,
        Value::String(text) => Datum::Text(text.clone()),
        other => json::to_string(other).map_or(Datum::Null, Datum::Text),
    }
}

fn cast(datum: Datum, to: Cast) -> Datum {
    let number = |text: &str| text.trim_ascii().parse::<i64>().ok();
    match (to, datum) {
        (_, Datum::Unknown) => Datum::Unknown,
        (Cast::Text, Datum::Integer(number)) => Datum::Text(number.to_string()),
        (Cast::Text, Datum::Json(value)) => json::to_string(&value).map_or(Datum::Null, Datum::Text),
        (Cast::Text, text @ Datum::Text(_)) => text,
        (Cast::BigInteger, Datum::Text(text)) => number(&text).map_or(Datum::Null, Datum::Integer),
        (Cast::BigInteger, number @ Datum::Integer(_)) => number,
        (Cast::Integer, Datum::Text(text)) => number(&text).map_or(Datum::Null, of_32_bits),
        (Cast::Integer, Datum::Integer(number)) => of_32_bits(number),
        _ => Datum::Null,
    }
}

fn of_32_bits(number: i64) -> Datum {
    if i32::try_from(number).is_ok() { Datum::Integer(number) } else { Datum::Null }
}
