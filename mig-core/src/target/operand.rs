//! From the general SQL tree to [`Operand`]: columns, members of JSON columns, literals, casts and `NOW()`.

use super::{
    Cast, Column, Kind, Literal, Operand, Step,
    error::{Fault, Problem},
    literal,
};
use sqlparser::{
    ast::{
        BinaryOperator, DataType, Expr, Function, FunctionArguments, Ident, Interval, Spanned, UnaryOperator,
        Value,
    },
    tokenizer::Location,
};

/// Most steps from a JSON column to a member.
const MAX_STEPS: usize = 16;

pub(super) fn start(expression: &Expr) -> Location {
    expression.span().start
}

/// Reads a value.
pub(super) fn operand(expression: &Expr) -> Result<Operand, Fault> {
    match expression {
        Expr::Nested(inner) => operand(inner),
        Expr::Identifier(name) => column(name).map(Operand::Column),
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [table, name] if table.value.eq_ignore_ascii_case("agents") => column(name).map(Operand::Column),
            _ => Err(Fault::expected(start(expression), "a column, or agents. and a column")),
        },
        Expr::BinaryOp { op: BinaryOperator::Minus, left, right } => now_minus(left, right),
        Expr::BinaryOp { op, .. } if arrow(op).is_some() => member(expression),
        now if is_now(now) => Ok(Operand::Now { minus: super::Interval::default() }),
        Expr::Cast { expr, data_type, .. } => cast(expr, data_type),
        Expr::Value(_) | Expr::UnaryOp { op: UnaryOperator::Minus, .. } => {
            literal(expression).map(Operand::Literal)
        }
        _ => Err(Fault::expected(start(expression), "a column, a literal or NOW()")),
    }
}

/// Reads a literal as it stands: text or a number.
pub(super) fn literal(expression: &Expr) -> Result<Literal, Fault> {
    let (negative, value) = match expression {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => (true, expr.as_ref()),
        other => (false, other),
    };
    match value {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => {
                let text = if negative { format!("-{digits}") } else { digits.clone() };
                whole_number(text, start(expression))
            }
            Value::SingleQuotedString(text) if !negative => Ok(Literal::Text(text.clone())),
            Value::Null => Err(Fault::expected(start(expression), "a literal; for NULL write IS NULL")),
            Value::Boolean(_) => {
                Err(Fault::expected(start(expression), "a literal; for truth write 'true' or 'false'"))
            }
            _ => Err(Fault::expected(start(expression), "a literal")),
        },
        _ => Err(Fault::expected(start(expression), "a literal")),
    }
}

/// Gives a text literal the kind of what it is compared with, as Postgres does; other literals stay.
pub(super) fn literal_as(literal: Literal, kind: Kind, at: Location) -> Result<Literal, Fault> {
    let Literal::Text(text) = literal else { return Ok(literal) };
    match kind {
        Kind::Integer => whole_number(text, at),
        Kind::Time => match literal::time(&text) {
            Some(time) => Ok(Literal::Time(time)),
            None => Err(Fault::new(at, Problem::Literal { text, kind })),
        },
        Kind::Text | Kind::Json => Ok(Literal::Text(text)),
    }
}

fn whole_number(text: String, at: Location) -> Result<Literal, Fault> {
    match text.trim().parse() {
        Ok(number) => Ok(Literal::Integer(number)),
        Err(_) => Err(Fault::new(at, Problem::Literal { text, kind: Kind::Integer })),
    }
}

fn column(name: &Ident) -> Result<Column, Fault> {
    let lower = name.value.to_ascii_lowercase();
    Column::ALL
        .iter()
        .find(|column| column.name() == lower)
        .copied()
        .ok_or_else(|| Fault::new(name.span.start, Problem::Word { word: name.value.clone() }))
}

/// An arrow of JSON: whether it takes a path, and whether it gives text.
fn arrow(operator: &BinaryOperator) -> Option<(bool, bool)> {
    match operator {
        BinaryOperator::Arrow => Some((false, false)),
        BinaryOperator::LongArrow => Some((false, true)),
        BinaryOperator::HashArrow => Some((true, false)),
        BinaryOperator::HashLongArrow => Some((true, true)),
        _ => None,
    }
}

/// Reads a chain of arrows, the last one first. A loop, because a chain can be long.
fn member(expression: &Expr) -> Result<Operand, Fault> {
    let mut steps = Vec::new();
    let mut gives_text = false;
    let mut base = expression;
    while let Expr::BinaryOp { left, op, right } = base
        && let Some((takes_path, text)) = arrow(op)
    {
        if steps.is_empty() {
            gives_text = text;
        } else if text {
            return Err(Fault::expected(
                start(right),
                "the end of the path here: ->> and #>> give text, which has no members",
            ));
        }
        steps.push(step(right, takes_path)?);
        base = left;
    }
    let (column, mut path) = match operand(base)? {
        Operand::Column(column) if column.kind() == Kind::Json => (column, Vec::new()),
        Operand::Member { column, path, as_text: false } => (column, path),
        _ => return Err(Fault::expected(start(base), "environment or tags on the left of an arrow")),
    };
    path.extend(steps.into_iter().rev());
    if path.len() > MAX_STEPS {
        return Err(Fault::new(
            start(expression),
            Problem::TooMany { what: "steps into JSON", limit: MAX_STEPS },
        ));
    }
    Ok(Operand::Member { column, path, as_text: gives_text })
}

fn step(expression: &Expr, takes_path: bool) -> Result<Step, Fault> {
    let at = start(expression);
    match (literal(expression)?, takes_path) {
        (Literal::Text(text), true) => literal::path(&text)
            .map(Step::Path)
            .ok_or_else(|| Fault::expected(at, "a path such as '{aws,instanceid}'")),
        (Literal::Text(key), false) => Ok(Step::Key(key)),
        (Literal::Integer(index), false) => {
            i32::try_from(index).map(Step::Index).map_err(|_| Fault::expected(at, "an index of 32 bits"))
        }
        _ => Err(Fault::expected(at, "a path such as '{aws,instanceid}'")),
    }
}

fn is_now(expression: &Expr) -> bool {
    let Expr::Function(Function { name, args: FunctionArguments::List(arguments), .. }) = expression else {
        return false;
    };
    name.to_string().eq_ignore_ascii_case("now") && arguments.args.is_empty() && arguments.clauses.is_empty()
}

fn now_minus(left: &Expr, right: &Expr) -> Result<Operand, Fault> {
    let value = match right {
        Expr::Interval(Interval { value, leading_field: None, last_field: None, .. }) if is_now(left) => {
            value
        }
        _ => return Err(Fault::expected(start(right), "NOW() - INTERVAL '…' around this minus")),
    };
    match literal(value)? {
        Literal::Text(text) if let Some(minus) = super::Interval::parse(&text) => Ok(Operand::Now { minus }),
        _ => Err(Fault::expected(
            start(right),
            "an interval of whole seconds, minutes, hours, days, weeks, months or years in single quotes",
        )),
    }
}

fn cast(expression: &Expr, data_type: &DataType) -> Result<Operand, Fault> {
    let at = start(expression);
    let to = match data_type {
        DataType::Text => Cast::Text,
        DataType::Int(None) | DataType::Integer(None) => Cast::Integer,
        DataType::BigInt(None) => Cast::BigInteger,
        _ => return Err(Fault::expected(at, "a cast to text, int or bigint")),
    };
    if let Expr::Cast { .. } = expression {
        return Err(Fault::expected(at, "one cast only"));
    }
    let operand = match operand(expression)? {
        operand @ (Operand::Column(_) | Operand::Member { .. }) => operand,
        _ => return Err(Fault::expected(at, "a column or a member of one before ::")),
    };
    match (operand.kind(), to) {
        (Kind::Time, _) => Err(Fault::expected(at, "no time before ::; compare the time itself")),
        (Kind::Json, Cast::Integer | Cast::BigInteger) => {
            Err(Fault::expected(at, "text before ::int; use ->> or #>>"))
        }
        _ => Ok(Operand::Cast { operand: Box::new(operand), to }),
    }
}
