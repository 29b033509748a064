//! From text to [`Condition`].

use super::{
    Column, Comparison, Condition, Kind, Like, Literal, Operand, Pattern,
    error::{Fault, Problem, TargetError},
    operand::{literal, literal_as, operand, start},
    tokens::tokens,
};
use crate::{
    id::ActionId,
    limits::{MAX_TARGET_DEPTH, MAX_TARGET_PATTERNS},
};
use sqlparser::{
    ast::{BinaryOperator, Expr, InTarget, Query, UnaryOperator, Value},
    dialect::PostgreSqlDialect,
    parser::{Parser, ParserError},
    tokenizer::{Location, Token},
};

/// Deepest recursion of the SQL parser: a `NOT` and a bracket for each nested condition, and some for operators. Its
/// frames are large: this many of the largest fit into the 2 MiB of a thread's stack, also without optimisation.
const MAX_RECURSION: usize = 2 * MAX_TARGET_DEPTH + 16;

/// Reads a target.
pub(super) fn condition(text: &str) -> Result<Condition, TargetError> {
    if text.trim().eq_ignore_ascii_case("all") {
        return Ok(Condition::Constant(true));
    }
    parse(text).map_err(|fault| fault.in_text(text))
}

fn parse(text: &str) -> Result<Condition, Fault> {
    let tokens = tokens(text)?;
    if tokens.iter().all(|token| token.token == Token::EOF) {
        return Err(Fault::new(Location::empty(), Problem::Empty));
    }
    let dialect = PostgreSqlDialect {};
    let mut parser =
        Parser::new(&dialect).with_recursion_limit(MAX_RECURSION).with_tokens_with_locations(tokens);
    let expression = match parser.parse_expr() {
        Ok(expression) => expression,
        Err(error) => return Err(syntax(error, parser.peek_token_ref().span.start)),
    };
    // First what was read: the parser takes a misplaced AND for a column, and stumbles only behind it.
    let condition = read(&expression)?;
    let next = parser.peek_token_ref();
    if next.token != Token::EOF {
        return Err(Fault::expected(next.span.start, "AND, OR or the end of the target"));
    }
    within_limits(condition)
}

/// The parser's message ends with its own line and column where it knows them.
fn syntax(error: ParserError, reached: Location) -> Fault {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return Fault::new(
                reached,
                Problem::TooMany { what: "nested conditions", limit: MAX_TARGET_DEPTH },
            );
        }
    };
    let place = message.rsplit_once(" at Line: ").and_then(|(reason, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((reason, Location::new(line.parse().ok()?, column.parse().ok()?)))
    });
    let (reason, at) = place.unwrap_or((&message, reached));
    let reason = reason.replacen("Expected: ", "expected ", 1).replace("found: EOF", "found the end");
    Fault::new(at, Problem::Syntax(reason))
}

fn within_limits(condition: Condition) -> Result<Condition, Fault> {
    let mut patterns = 0;
    condition.visit(&mut |part| patterns += usize::from(matches!(part, Condition::Matches { .. })));
    let (what, limit) = if condition.depth() > MAX_TARGET_DEPTH {
        ("nested conditions", MAX_TARGET_DEPTH)
    } else if patterns > MAX_TARGET_PATTERNS {
        ("regular expressions", MAX_TARGET_PATTERNS)
    } else {
        return Ok(condition);
    };
    Err(Fault::new(Location::new(1, 1), Problem::TooMany { what, limit }))
}

fn read(expression: &Expr) -> Result<Condition, Fault> {
    match expression {
        Expr::Nested(inner) => read(inner),
        Expr::Value(value) => match value.value {
            Value::Boolean(constant) => Ok(Condition::Constant(constant)),
            _ => Err(expected_condition(expression)),
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => read(expr).map(not),
        Expr::BinaryOp { op: BinaryOperator::And, .. } => {
            chain(expression, &BinaryOperator::And).map(Condition::And)
        }
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
            chain(expression, &BinaryOperator::Or).map(Condition::Or)
        }
        Expr::BinaryOp { left, op, right } => match (comparison(op), matching(op)) {
            (Some(comparison), _) => compare(left, comparison, right),
            (_, Some((ignore_case, negated))) => matches(left, right, ignore_case).map(negate_if(negated)),
            _ => Err(expected_condition(expression)),
        },
        Expr::Like { negated, any: false, expr, pattern, escape_char } => {
            like(expr, pattern, escape_char.as_deref(), false).map(negate_if(*negated))
        }
        Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
            like(expr, pattern, escape_char.as_deref(), true).map(negate_if(*negated))
        }
        Expr::In { expr, target: InTarget::List(list), negated, .. } => {
            is_in(expr, list).map(negate_if(*negated))
        }
        Expr::In { expr, target: InTarget::Subquery(query), negated, .. } => {
            found_in(expr, query).map(negate_if(*negated))
        }
        Expr::Between { expr, negated, low, high } => between(expr, low, high).map(negate_if(*negated)),
        Expr::IsNull(inner) => operand(inner).map(Condition::IsNull),
        Expr::IsNotNull(inner) => operand(inner).map(Condition::IsNull).map(not),
        _ => Err(expected_condition(expression)),
    }
}

fn expected_condition(expression: &Expr) -> Fault {
    Fault::expected(start(expression), "a condition such as name LIKE 'web%'")
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn negate_if(negated: bool) -> impl Fn(Condition) -> Condition {
    move |condition| if negated { not(condition) } else { condition }
}

/// The parts of `a AND b AND c`, which the parser nests to the left. A loop, because a chain can be long.
fn chain(expression: &Expr, operator: &BinaryOperator) -> Result<Vec<Condition>, Fault> {
    let mut parts = Vec::new();
    let mut rest = expression;
    while let Expr::BinaryOp { left, op, right } = rest
        && op == operator
    {
        parts.push(right.as_ref());
        rest = left;
    }
    parts.push(rest);
    parts.into_iter().rev().map(read).collect()
}

fn comparison(operator: &BinaryOperator) -> Option<Comparison> {
    match operator {
        BinaryOperator::Eq => Some(Comparison::Equal),
        BinaryOperator::NotEq => Some(Comparison::NotEqual),
        BinaryOperator::Lt => Some(Comparison::Less),
        BinaryOperator::LtEq => Some(Comparison::LessOrEqual),
        BinaryOperator::Gt => Some(Comparison::Greater),
        BinaryOperator::GtEq => Some(Comparison::GreaterOrEqual),
        _ => None,
    }
}

/// Whether an operator of regular expressions ignores case, and whether it negates.
fn matching(operator: &BinaryOperator) -> Option<(bool, bool)> {
    match operator {
        BinaryOperator::PGRegexMatch => Some((false, false)),
        BinaryOperator::PGRegexIMatch => Some((true, false)),
        BinaryOperator::PGRegexNotMatch => Some((false, true)),
        BinaryOperator::PGRegexNotIMatch => Some((true, true)),
        _ => None,
    }
}

fn compare(left: &Expr, comparison: Comparison, right: &Expr) -> Result<Condition, Fault> {
    let (first, second) = (operand(left)?, operand(right)?);
    let kind = if matches!(first, Operand::Literal(_)) { second.kind() } else { first.kind() };
    let left = comparable(first, kind, start(left))?;
    let right = comparable(second, kind, start(right))?;
    Ok(Condition::Compare { left, comparison, right })
}

/// Makes sure that a value is of this kind; a text literal becomes one.
fn comparable(operand: Operand, kind: Kind, at: Location) -> Result<Operand, Fault> {
    let operand = match operand {
        Operand::Literal(literal) => Operand::Literal(literal_as(literal, kind, at)?),
        other => other,
    };
    if operand.kind() == kind && kind != Kind::Json {
        Ok(operand)
    } else {
        Err(Fault::new(at, Problem::Kinds { left: kind, right: operand.kind() }))
    }
}

fn text_operand(expression: &Expr) -> Result<Operand, Fault> {
    comparable(operand(expression)?, Kind::Text, start(expression))
}

fn text_literal(expression: &Expr) -> Result<String, Fault> {
    match literal(expression)? {
        Literal::Text(text) => Ok(text),
        _ => Err(Fault::expected(start(expression), "a pattern in single quotes")),
    }
}

fn matches(left: &Expr, right: &Expr, ignore_case: bool) -> Result<Condition, Fault> {
    let operand = text_operand(left)?;
    let source = text_literal(right)?;
    match Pattern::new(&source, ignore_case) {
        Ok(pattern) => Ok(Condition::Matches { operand, pattern }),
        Err(reason) => Err(Fault::new(start(right), Problem::Pattern { pattern: source, reason })),
    }
}

fn like(left: &Expr, right: &Expr, escape: Option<&Expr>, ignore_case: bool) -> Result<Condition, Fault> {
    let operand = text_operand(left)?;
    let text = text_literal(right)?;
    let escape = escape.map_or(Ok(Like::DEFAULT_ESCAPE), escape_character)?;
    match Like::new(&text, escape, ignore_case) {
        Ok(pattern) => Ok(Condition::Like { operand, pattern }),
        Err(reason) => {
            Err(Fault::new(start(right), Problem::Pattern { pattern: text, reason: reason.to_string() }))
        }
    }
}

fn escape_character(expression: &Expr) -> Result<Option<char>, Fault> {
    let text = text_literal(expression)?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (escape, None) => Ok(escape),
        _ => Err(Fault::expected(start(expression), "one character after ESCAPE, or none")),
    }
}

fn is_in(left: &Expr, items: &[Expr]) -> Result<Condition, Fault> {
    let operand = operand(left)?;
    let kind = operand.kind();
    let mut list = Vec::with_capacity(items.len());
    for item in items {
        match comparable(Operand::Literal(literal(item)?), kind, start(item))? {
            Operand::Literal(literal) => list.push(literal),
            _ => return Err(Fault::expected(start(item), "a literal")),
        }
    }
    if list.is_empty() {
        return Err(Fault::expected(start(left), "a literal in the list of IN"));
    }
    Ok(Condition::In { operand, list })
}

fn between(value: &Expr, low: &Expr, high: &Expr) -> Result<Condition, Fault> {
    let operand = operand(value)?;
    let kind = operand.kind();
    Ok(Condition::Between {
        operand: comparable(operand, kind, start(value))?,
        low: comparable(self::operand(low)?, kind, start(low))?,
        high: comparable(self::operand(high)?, kind, start(high))?,
    })
}

/// The one subquery: agents which, asked by an earlier action, found something or nothing.
fn found_in(left: &Expr, query: &Query) -> Result<Condition, Fault> {
    match (operand(left)?, earlier_answer(&query.to_string().to_ascii_lowercase())) {
        (Operand::Column(Column::Id), Some((action, found))) => Ok(Condition::FoundIn { action, found }),
        _ => Err(Fault::expected(start(left), FOUND_IN_HELP)),
    }
}

/// Recognises the subquery as the parser prints it, whatever white space and letter case it was written with.
fn earlier_answer(query: &str) -> Option<(ActionId, bool)> {
    let (action, found) = query.strip_prefix(FOUND_IN_START)?.split_once(FOUND_IN_MIDDLE)?;
    let found = match found {
        "'true'" => true,
        "'false'" => false,
        _ => return None,
    };
    Some((ActionId::new(action.parse().ok()?), found))
}

const FOUND_IN_START: &str =
    "select agentid from commands, json_array_elements(commands.results) as r where actionid = ";
const FOUND_IN_MIDDLE: &str = " and r #>> '{foundanything}' = ";
const FOUND_IN_HELP: &str = "of all subqueries only id IN (select agentid from commands, \
    json_array_elements(commands.results) as r where actionid=N and r#>>'{foundanything}' = 'true')";
