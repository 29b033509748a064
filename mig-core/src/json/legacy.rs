//! Numbers as programs built with Go 1.7 or earlier wrote them: other text of the same values.

/// Rewrites canonical text with the old layout of its numbers: an exponent, of two digits at the least, below 1e-4 and from 1e6
/// on. Strings stay as they are.
pub(crate) fn with_old_numbers(canonical: &str) -> String {
    let mut old = String::with_capacity(canonical.len());
    let mut rest = canonical;
    while let Some(start) = rest.find(|next: char| next == '"' || next == '-' || next.is_ascii_digit()) {
        let (before, token) = rest.split_at(start);
        old.push_str(before);
        let (token, behind) =
            token.split_at(if token.starts_with('"') { string(token) } else { number(token) });
        match token.parse::<f64>() {
            Ok(number) => push_number(&mut old, number),
            Err(_) => old.push_str(token),
        }
        rest = behind;
    }
    old.push_str(rest);
    old
}

/// Length of the string in front, with its quotes.
fn string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, character)| {
        let closes = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |(end, _)| end + 1)
}

/// Length of the number in front.
fn number(text: &str) -> usize {
    let ends = |character: char| !(character.is_ascii_digit() || matches!(character, '-' | '+' | '.' | 'e'));
    text.find(ends).unwrap_or(text.len())
}

fn push_number(out: &mut String, number: f64) {
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ (..-4 | 6..)) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            out.push_str(&format!("{digits}e{sign}{:02}", exponent.abs()));
        }
        _ => out.push_str(&number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::with_old_numbers;

    #[test]
    fn only_numbers_outside_of_strings_change() {
        let canonical =
            r#"{"1000000":[1000000,999999,-0,0.00001,1e-7,"9000000\"1000000",1e+21],"a":true,"b":null}"#;
        let old = r#"{"1000000":[1e+06,999999,-0,1e-05,1e-07,"9000000\"1000000",1e+21],"a":true,"b":null}"#;
        assert_eq!(with_old_numbers(canonical), old);
        assert_eq!(with_old_numbers(old), old);
        assert_eq!(with_old_numbers("1.234567e+06"), "1.234567e+06");
    }
}
