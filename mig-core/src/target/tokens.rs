//! The first gate: a target's words and signs, bounded and known, before any parser sees them.
//!
//! Agents read targets of a platform they do not trust, so the general parser behind this gate never meets a word,
//! a sign, a size or a depth that it could be surprised by.

use super::{
    Column,
    error::{Fault, Problem},
};
use crate::limits::{MAX_TARGET_BYTES, MAX_TARGET_DEPTH, MAX_TARGET_OPERATORS};
use sqlparser::{
    dialect::PostgreSqlDialect,
    keywords::Keyword,
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace, Word},
};

/// Deepest nesting of brackets: that of the conditions, each of which `Display` may put into brackets, twice.
const MAX_BRACKETS: usize = 2 * MAX_TARGET_DEPTH;

/// Splits a text into the tokens of the language, without white space.
pub(super) fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, Fault> {
    if text.len() > MAX_TARGET_BYTES {
        return Err(too_many(Location::new(1, 1), "bytes", MAX_TARGET_BYTES));
    }
    let mut tokens = Tokenizer::new(&PostgreSqlDialect {}, text)
        .tokenize_with_location()
        .map_err(|error| Fault::new(error.location, Problem::Syntax(error.message)))?;
    tokens.retain(|token| !is_space(&token.token));
    let mut gate = Gate::default();
    for token in &tokens {
        gate.admit(token)?;
    }
    Ok(tokens)
}

fn is_space(token: &Token) -> bool {
    matches!(token, Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab))
}

fn too_many(at: Location, what: &'static str, limit: usize) -> Fault {
    Fault::new(at, Problem::TooMany { what, limit })
}

#[derive(Default)]
struct Gate {
    operators: usize,
    brackets: usize,
    /// Length of the current run of `NOT`, brackets between them apart.
    negations: usize,
}

impl Gate {
    fn admit(&mut self, TokenWithSpan { token, span }: &TokenWithSpan) -> Result<(), Fault> {
        match token {
            Token::Word(word) if word.keyword == Keyword::NOT => self.negations += 1,
            Token::LParen => {}
            _ => self.negations = 0,
        }
        match token {
            Token::Number(..) | Token::SingleQuotedString(_) | Token::Comma => {}
            Token::LParen => self.brackets += 1,
            Token::RParen => self.brackets = self.brackets.saturating_sub(1),
            Token::Word(word) => {
                self.operators += 1;
                known_word(word).map_err(|problem| Fault::new(span.start, problem))?;
            }
            sign if is_known_sign(sign) => self.operators += 1,
            other => return Err(Fault::new(span.start, Problem::Symbol { symbol: other.to_string() })),
        }
        if self.negations > MAX_TARGET_DEPTH {
            return Err(too_many(span.start, "nested conditions", MAX_TARGET_DEPTH));
        }
        if self.brackets > MAX_BRACKETS {
            return Err(too_many(span.start, "nested brackets", MAX_BRACKETS));
        }
        if self.operators > MAX_TARGET_OPERATORS {
            return Err(too_many(span.start, "words and operators", MAX_TARGET_OPERATORS));
        }
        Ok(())
    }
}

fn known_word(word: &Word) -> Result<(), Problem> {
    let is_column = |name: &str| Column::ALL.iter().any(|column| column.name() == name);
    let value = &word.value;
    match word.quote_style {
        None if WORDS.contains(&value.to_ascii_lowercase().as_str()) => Ok(()),
        None if is_column(&value.to_ascii_lowercase()) => Ok(()),
        Some(_) if is_column(value) => Ok(()),
        None if value.eq_ignore_ascii_case("all") => {
            Err(Problem::Syntax("the word all stands alone; inside a condition write TRUE".into()))
        }
        None => Err(Problem::Word { word: value.clone() }),
        Some(_) => {
            Err(Problem::Syntax(format!("double quotes are for names of columns; text is written '{value}'")))
        }
    }
}

fn is_known_sign(token: &Token) -> bool {
    matches!(
        token,
        Token::EOF
            | Token::Period
            | Token::Minus
            | Token::DoubleColon
            | Token::Eq
            | Token::Neq
            | Token::Lt
            | Token::LtEq
            | Token::Gt
            | Token::GtEq
            | Token::Tilde
            | Token::TildeAsterisk
            | Token::ExclamationMarkTilde
            | Token::ExclamationMarkTildeAsterisk
            | Token::Arrow
            | Token::LongArrow
            | Token::HashArrow
            | Token::HashLongArrow
    )
}

/// Words of the language beside the columns; those of the second and third line occur in the one subquery.
const WORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "true",
    "false",
    "null",
    "is",
    "in",
    "like",
    "ilike",
    "escape",
    "between",
    "now",
    "interval",
    "text",
    "int",
    "integer",
    "bigint",
    "select",
    "from",
    "where",
    "as",
    "agents",
    "agentid",
    "actionid",
    "commands",
    "results",
    "json_array_elements",
    "r",
];
