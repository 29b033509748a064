//! Numbers and truth values as Go's command lines have them.

/// A value that is not what a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not in the form of a number or truth value.
    #[error("parse error")]
    Syntax,
    /// A number beyond 64 bits.
    #[error("value out of range")]
    Range,
}

pub(super) fn switch(text: &str) -> Result<bool, NumberError> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(NumberError::Syntax),
    }
}

/// A whole number, its base told by its prefix.
pub(super) fn integer(text: &str) -> Result<i64, NumberError> {
    let (negative, digits) = sign(text);
    let (base, digits) = match prefix(digits) {
        Some(('x', rest)) => (16, rest),
        Some(('b', rest)) => (2, rest),
        Some(('o', rest)) => (8, rest),
        _ => match digits.strip_prefix('0') {
            Some(rest) if !rest.is_empty() => (8, rest),
            _ => (10, digits),
        },
    };
    let plain = without_underscores(text, digits)?;
    if plain.is_empty() || !plain.chars().all(|digit| digit.is_digit(base)) {
        return Err(NumberError::Syntax);
    }
    // The parser takes a sign, and so reads the smallest number as well.
    let signed = if negative { format!("-{plain}") } else { plain };
    i64::from_str_radix(&signed, base).map_err(|_| NumberError::Range)
}

/// A floating-point number, decimal or hexadecimal.
pub(super) fn float(text: &str) -> Result<f64, NumberError> {
    let (negative, magnitude) = sign(text);
    let value = match magnitude.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" if magnitude.len() == text.len() => f64::NAN,
        lower => {
            let plain = without_underscores(text, lower)?;
            let value = match plain.strip_prefix("0x") {
                Some(digits) => hexadecimal(digits)?,
                None if plain.starts_with(|first: char| first == '.' || first.is_ascii_digit()) => {
                    plain.parse().map_err(|_| NumberError::Syntax)?
                }
                None => return Err(NumberError::Syntax),
            };
            Some(value).filter(|value: &f64| value.is_finite()).ok_or(NumberError::Range)?
        }
    };
    Ok(if negative { -value } else { value })
}

/// `1.8p3` behind `0x`: the exponent is a must, decimal, and of two.
fn hexadecimal(text: &str) -> Result<f64, NumberError> {
    let (mantissa, exponent) = text.split_once('p').ok_or(NumberError::Syntax)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (_, exponent_digits) = sign(exponent);
    let no_exponent =
        exponent_digits.is_empty() || exponent_digits.contains(|digit: char| !digit.is_ascii_digit());
    if no_exponent || whole.len() + fraction.len() == 0 {
        return Err(NumberError::Syntax);
    }
    let mut value = 0.0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16).ok_or(NumberError::Syntax)?);
    }
    // Far beyond any exponent that makes a difference.
    let limit = 100_000;
    let exponent = exponent.parse().unwrap_or(if exponent.starts_with('-') { -limit } else { limit });
    let places = i32::try_from(fraction.len()).unwrap_or(limit);
    let exponent = exponent.clamp(-limit, limit).saturating_sub(places.saturating_mul(4));
    // Half the way twice: the power alone may be out of range where the number is not.
    Ok(if value == 0.0 {
        0.0
    } else {
        value * 2.0_f64.powi(exponent / 2) * 2.0_f64.powi(exponent - exponent / 2)
    })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The letter of a prefix such as `0x`, in lower case, and what follows.
fn prefix(digits: &str) -> Option<(char, &str)> {
    let rest = digits.strip_prefix('0')?;
    let letter = rest.chars().next()?.to_ascii_lowercase();
    matches!(letter, 'x' | 'b' | 'o').then_some((letter, rest.get(1..)?))
}

/// Takes out the underscores of `digits`, a part of `text`. They may stand between digits and behind a prefix only.
fn without_underscores(text: &str, digits: &str) -> Result<String, NumberError> {
    if !digits.contains('_') {
        return Ok(digits.to_owned());
    }
    let (_, magnitude) = sign(text);
    let (base, body) = match prefix(magnitude) {
        Some((letter, body)) => (if letter == 'x' { 16 } else { 10 }, format!("0{body}")),
        None => (10, magnitude.to_owned()),
    };
    let well_placed = body.split('_').skip(1).all(|part| part.starts_with(|next: char| next.is_digit(base)))
        && body.rsplit('_').skip(1).all(|part| part.ends_with(|last: char| last.is_digit(base)));
    if well_placed { Ok(digits.replace('_', "")) } else { Err(NumberError::Syntax) }
}
