//! Alpine's order: `number{.number}...{letter}{_suffix{number}}...{~hash}{-r#}`.

use super::{
    Scheme, VersionError, check_visible,
    number::{self, split_while},
};
use std::cmp::Ordering;

pub(super) fn compare(left: &str, right: &str) -> Result<Ordering, VersionError> {
    let (left, right) = (tokens(left)?, tokens(right)?);
    let places = left.iter().zip(&right);
    let order = places.map(|(left, right)| left.compare(right)).find(|order| order.is_ne());
    // Both lists end with a token of their own kind, so one that is shorter differs before its end.
    Ok(order.unwrap_or(Ordering::Equal))
}

/// A part of a version, in the order in which parts may follow each other.
#[derive(Clone, Copy)]
enum Token<'a> {
    First(&'a [u8]),
    Number(&'a [u8]),
    Letter(u8),
    Suffix(i8),
    SuffixNumber(&'a [u8]),
    Hash(&'a [u8]),
    Release(&'a [u8]),
    End,
}

/// Suffixes and where they sort: those below 0 come before the version without a suffix.
const SUFFIXES: [(&[u8], i8); 9] = [
    (b"alpha", -4),
    (b"beta", -3),
    (b"pre", -2),
    (b"rc", -1),
    (b"cvs", 1),
    (b"svn", 2),
    (b"git", 3),
    (b"hg", 4),
    (b"p", 5),
];

impl Token<'_> {
    fn rank(&self) -> u8 {
        match self {
            Self::First(_) => 0,
            Self::Number(_) => 1,
            Self::Letter(_) => 2,
            Self::Suffix(_) => 3,
            Self::SuffixNumber(_) => 4,
            Self::Hash(_) => 5,
            Self::Release(_) => 6,
            Self::End => 7,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            // Behind the first dot zeros at the beginning count, as in decimal fractions.
            (Self::Number(left), Self::Number(right))
                if left.starts_with(b"0") || right.starts_with(b"0") =>
            {
                left.cmp(right)
            }
            (Self::First(left), Self::First(right))
            | (Self::Number(left), Self::Number(right))
            | (Self::SuffixNumber(left), Self::SuffixNumber(right))
            | (Self::Release(left), Self::Release(right)) => number::compare(left, right),
            (Self::Letter(left), Self::Letter(right)) => left.cmp(right),
            (Self::Suffix(left), Self::Suffix(right)) => left.cmp(right),
            (Self::Hash(left), Self::Hash(right)) => left.cmp(right),
            (Self::End, Self::End) => Ordering::Equal,
            (Self::Suffix(before), _) if *before < 0 => Ordering::Less,
            (_, Self::Suffix(before)) if *before < 0 => Ordering::Greater,
            // The part that may come earlier makes the version newer: 1.2.1 > 1.2-r1.
            (left, right) => right.rank().cmp(&left.rank()),
        }
    }
}

/// The parts of a version, and [`Token::End`].
fn tokens(text: &str) -> Result<Vec<Token<'_>>, VersionError> {
    check_visible(Scheme::Apk, text)?;
    let error = || VersionError::new(Scheme::Apk, text, "has a part that is not understood");
    let (first, mut rest) = digits(text.as_bytes()).ok_or_else(error)?;
    let mut tokens = vec![Token::First(first)];
    while !rest.is_empty() {
        let last = tokens.last().map_or(0, Token::rank);
        let (token, after) = next(rest).filter(|(token, _)| may_follow(last, token)).ok_or_else(error)?;
        tokens.push(token);
        rest = after;
    }
    tokens.push(Token::End);
    Ok(tokens)
}

fn next(text: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let (first, rest) = text.split_first()?;
    match first {
        b'.' => digits(rest).map(|(number, rest)| (Token::Number(number), rest)),
        b'_' => {
            let (name, rest) = split_while(rest, u8::is_ascii_lowercase);
            let (_, place) = SUFFIXES.iter().find(|(suffix, _)| *suffix == name)?;
            Some((Token::Suffix(*place), rest))
        }
        b'~' => {
            let (hash, rest) = split_while(rest, u8::is_ascii_hexdigit);
            (!hash.is_empty()).then_some((Token::Hash(hash), rest))
        }
        b'-' => digits(rest.strip_prefix(b"r")?).map(|(number, rest)| (Token::Release(number), rest)),
        letter if letter.is_ascii_lowercase() => Some((Token::Letter(*letter), rest)),
        _ => digits(text).map(|(number, rest)| (Token::SuffixNumber(number), rest)),
    }
}

/// Numbers and suffixes may be repeated; a suffix may follow the number of another one.
fn may_follow(last: u8, token: &Token<'_>) -> bool {
    match token {
        Token::Number(_) => last <= 1,
        Token::Suffix(_) => last <= 4,
        Token::SuffixNumber(_) => last == 3,
        later => last < later.rank(),
    }
}

fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    Some(split_while(text, u8::is_ascii_digit)).filter(|(digits, _)| !digits.is_empty())
}
