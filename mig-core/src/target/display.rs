//! The canonical text of a condition: it parses back to the same condition, and is SQL for the original's scheduler.

use super::{Cast, Comparison, Condition, Like, Literal, Operand, Step, literal};
use std::fmt::{self, Display, Formatter};

impl Display for Condition {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(constant) => formatter.write_str(if *constant { "TRUE" } else { "FALSE" }),
            Self::And(parts) => joined(formatter, parts, " AND "),
            Self::Or(parts) => joined(formatter, parts, " OR "),
            Self::Not(inner) => negated(formatter, inner),
            Self::IsNull(operand) => write!(formatter, "{operand} IS NULL"),
            Self::Compare { left, comparison, right } => write!(formatter, "{left} {comparison} {right}"),
            positive => predicate(formatter, positive, ""),
        }
    }
}

fn joined(formatter: &mut Formatter<'_>, parts: &[Condition], word: &str) -> fmt::Result {
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            formatter.write_str(word)?;
        }
        match part {
            Condition::And(_) | Condition::Or(_) => write!(formatter, "({part})")?,
            _ => write!(formatter, "{part}")?,
        }
    }
    Ok(())
}

fn negated(formatter: &mut Formatter<'_>, inner: &Condition) -> fmt::Result {
    match inner {
        Condition::IsNull(operand) => write!(formatter, "{operand} IS NOT NULL"),
        Condition::Matches { operand, pattern } => {
            let star = if pattern.ignores_case() { "*" } else { "" };
            write!(formatter, "{operand} !~{star} {}", Quoted(pattern.source()))
        }
        Condition::Like { .. }
        | Condition::In { .. }
        | Condition::Between { .. }
        | Condition::FoundIn { .. } => predicate(formatter, inner, "NOT "),
        _ => write!(formatter, "NOT ({inner})"),
    }
}

/// A predicate whose negation has a word inside.
fn predicate(formatter: &mut Formatter<'_>, condition: &Condition, not: &str) -> fmt::Result {
    match condition {
        Condition::Like { operand, pattern } => {
            let word = if pattern.ignores_case() { "ILIKE" } else { "LIKE" };
            write!(formatter, "{operand} {not}{word} {}", Quoted(pattern.pattern()))?;
            match pattern.escape() {
                escape if escape == Like::DEFAULT_ESCAPE => Ok(()),
                Some(escape) => write!(formatter, " ESCAPE {}", Quoted(&escape.to_string())),
                None => formatter.write_str(" ESCAPE ''"),
            }
        }
        Condition::Matches { operand, pattern } => {
            let star = if pattern.ignores_case() { "*" } else { "" };
            write!(formatter, "{operand} ~{star} {}", Quoted(pattern.source()))
        }
        Condition::In { operand, list } => {
            let list: Vec<_> = list.iter().map(Literal::to_string).collect();
            write!(formatter, "{operand} {not}IN ({})", list.join(", "))
        }
        Condition::Between { operand, low, high } => {
            write!(formatter, "{operand} {not}BETWEEN {low} AND {high}")
        }
        Condition::FoundIn { action, found } => write!(
            formatter,
            "id {not}IN (SELECT agentid FROM commands, json_array_elements(commands.results) AS r \
             WHERE actionid = {action} AND r #>> '{{foundanything}}' = '{found}')"
        ),
        other => write!(formatter, "{other}"),
    }
}

impl Display for Comparison {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Operand {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => formatter.write_str(column.name()),
            Self::Member { column, path, as_text } => {
                formatter.write_str(column.name())?;
                path.iter().enumerate().try_for_each(|(place, step)| {
                    let head = if matches!(step, Step::Path(_)) { '#' } else { '-' };
                    let tail = if *as_text && place + 1 == path.len() { ">>" } else { ">" };
                    write!(formatter, "{head}{tail}{step}")
                })
            }
            Self::Cast { operand, to } => write!(formatter, "({operand})::{to}"),
            Self::Literal(literal) => literal.fmt(formatter),
            Self::Now { minus } if *minus == Default::default() => formatter.write_str("NOW()"),
            Self::Now { minus } => {
                write!(formatter, "NOW() - INTERVAL '{}'", literal::print_interval(*minus))
            }
        }
    }
}

impl Display for Step {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => Quoted(key).fmt(formatter),
            // An arrow directly before a minus would be read as another operator.
            Self::Index(index) => write!(formatter, "{}{index}", if *index < 0 { " " } else { "" }),
            Self::Path(path) => Quoted(&literal::print_path(path)).fmt(formatter),
        }
    }
}

impl Display for Cast {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Integer => "int",
            Self::BigInteger => "bigint",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Quoted(text).fmt(formatter),
            Self::Integer(number) => number.fmt(formatter),
            Self::Time(time) => {
                let text = literal::print_time(*time).unwrap_or_else(|| time.unix_seconds().to_string());
                Quoted(&text).fmt(formatter)
            }
        }
    }
}

/// A text in single quotes, those inside doubled.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "'{}'", self.0.replace('\'', "''"))
    }
}
