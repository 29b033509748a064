//! Indentation, for people.

/// Indents compact JSON by two spaces for each level; empty lists and objects stay as they are.
pub(super) fn indent(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    let (mut depth, mut in_string, mut escaped, mut opened) = (0_usize, false, false, false);
    for character in compact.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            out.push(character);
            continue;
        }
        let closes = matches!(character, '}' | ']');
        depth -= usize::from(closes);
        if opened != closes {
            break_line(&mut out, depth);
        }
        out.push(character);
        opened = matches!(character, '{' | '[');
        depth += usize::from(opened);
        match character {
            '"' => in_string = true,
            ',' => break_line(&mut out, depth),
            ':' => out.push(' '),
            _ => {}
        }
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn braces_in_strings_do_not_count() {
        let pretty = "{\n  \"a{\\\"\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}";
        assert_eq!(indent(r#"{"a{\"":[1,{}],"b":[]}"#), pretty);
    }
}
