//! From text to entries: sections, keys and values as `git config` writes them.
//!
//! `[section]` or `[section "part"]`, then lines `key = value`, or `key` alone, which switches it on. `#` and `;` begin a comment that
//! goes to the end of the line. Blanks around a value do not count, unless they stand in quotation marks; `\"`, `\\`, `\n`, `\t` and
//! `\b` are escapes, and a backslash at the end of a line goes on in the next one. Sections and keys fold case.

use super::Fault;

/// A key with its value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Line of the key, from 1.
    pub(super) line: usize,
    /// Lower case.
    pub(super) section: String,
    /// Lower case.
    pub(super) key: String,
    /// `None` for a key alone.
    pub(super) value: Option<String>,
}

/// All entries of a text, and the lines that are none. Reading goes on after a fault.
pub(super) fn parse(text: &str) -> (Vec<Entry>, Vec<Fault>) {
    let mut parser = Parser { entries: Vec::new(), faults: Vec::new(), section: None };
    let mut lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let mut joined = line.to_owned();
        while goes_on(&joined) {
            joined.pop();
            joined.push_str(lines.next().map_or("", |(_, next)| next));
        }
        parser.line(number + 1, joined.trim());
    }
    (parser.entries, parser.faults)
}

/// Whether a line ends with a backslash that escapes its end. A comment ends with its line.
fn goes_on(line: &str) -> bool {
    let mut state = State::default();
    line.chars().for_each(|letter| state.take(letter));
    state.is_escaped
}

/// What letters of a value mean.
#[derive(Clone, Copy, Default)]
struct State {
    is_quoted: bool,
    is_escaped: bool,
    is_comment: bool,
}

impl State {
    fn take(&mut self, letter: char) {
        match letter {
            _ if self.is_comment => {}
            _ if self.is_escaped => self.is_escaped = false,
            '\\' => self.is_escaped = true,
            '"' => self.is_quoted = !self.is_quoted,
            '#' | ';' if !self.is_quoted => self.is_comment = true,
            _ => {}
        }
    }
}

struct Parser {
    entries: Vec<Entry>,
    faults: Vec<Fault>,
    section: Option<String>,
}

impl Parser {
    fn line(&mut self, line: usize, text: &str) {
        let fault = match text.chars().next() {
            None | Some('#' | ';') => None,
            Some('[') => self.header(text).err(),
            Some(_) => self.entry(line, text).err(),
        };
        self.faults.extend(fault.map(|text| Fault { line: Some(line), key: String::new(), text }));
    }

    fn header(&mut self, text: &str) -> Result<(), String> {
        self.section = None;
        let wrong = || format!("'{text}' is no section: it has to look like [agent]");
        let (name, rest) = text.strip_prefix('[').and_then(|text| text.split_once(']')).ok_or_else(wrong)?;
        let rest = rest.trim_start();
        if !(rest.is_empty() || rest.starts_with(['#', ';'])) {
            return Err(format!("'{rest}' behind a section: a key has to stand in a line of its own"));
        }
        let is_name = |name: &str| !name.is_empty() && name.chars().all(is_part_of_name);
        let section = match name.split_once([' ', '\t']) {
            None if is_name(name) => name.to_ascii_lowercase(),
            Some((name, part)) if is_name(name) => {
                let part = part.trim().strip_prefix('"').and_then(|part| part.strip_suffix('"'));
                format!("{}.{}", name.to_ascii_lowercase(), part.ok_or_else(wrong)?)
            }
            _ => return Err(wrong()),
        };
        self.section = Some(section);
        Ok(())
    }

    fn entry(&mut self, line: usize, text: &str) -> Result<(), String> {
        let end = text.find(|letter| !is_part_of_name(letter)).unwrap_or(text.len());
        let (key, rest) = text.split_at(end);
        let rest = rest.trim_start();
        if !key.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            return Err(format!("'{text}' is no key with a value: it has to look like key = value"));
        }
        let value = match rest.chars().next() {
            None | Some('#' | ';') => None,
            Some('=') => Some(value(rest.get(1..).unwrap_or_default())?),
            Some(_) => return Err(format!("'{text}': there is no = behind the key '{key}'")),
        };
        let section = self.section.clone().ok_or_else(|| format!("the key '{key}' stands in no section"))?;
        self.entries.push(Entry { line, section, key: key.to_ascii_lowercase(), value });
        Ok(())
    }
}

fn is_part_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-'
}

/// A value without blanks around it, quotation marks, escapes and comment.
fn value(text: &str) -> Result<String, String> {
    let mut state = State::default();
    let mut value = String::new();
    // Length of the value up to its last letter that is no blank outside of quotation marks.
    let mut length = 0;
    for letter in text.trim().chars() {
        let State { is_quoted, is_escaped, .. } = state;
        state.take(letter);
        match letter {
            _ if state.is_comment => break,
            _ if is_escaped => value.push(unescaped(letter)?),
            '\\' | '"' => {}
            letter => value.push(letter),
        }
        if is_quoted || is_escaped || !letter.is_whitespace() {
            length = value.len();
        }
    }
    if state.is_quoted {
        return Err(format!("the value {} has no closing quotation mark", text.trim()));
    }
    value.truncate(length);
    Ok(value)
}

fn unescaped(letter: char) -> Result<char, String> {
    match letter {
        '"' | '\\' => Ok(letter),
        'n' => Ok('\n'),
        't' => Ok('\t'),
        'b' => Ok('\u{8}'),
        _ => Err(format!("'\\{letter}' is no escape: a backslash has to be written twice")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<(String, Option<String>)> {
        let (entries, faults) = parse(text);
        assert_eq!(faults, [], "{text}");
        entries.into_iter().map(|entry| (format!("{}.{}", entry.section, entry.key), entry.value)).collect()
    }

    fn value_of(text: &str) -> String {
        values(&format!("[s]\nk = {text}")).remove(0).1.unwrap()
    }

    #[test]
    fn sections_and_keys_fold_case_and_comments_are_left_out() {
        let text = "; first\n[Agent] # note\n  IsImmortal\n\tRelay = amqp://a:b@c/d ; the relay\n[targets \"Old\"]\nmacro=a:b";
        let expected = [
            ("agent.isimmortal", None),
            ("agent.relay", Some("amqp://a:b@c/d")),
            ("targets.Old.macro", Some("a:b")),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.map(str::to_owned)));
        assert_eq!(values(text), expected);
    }

    #[test]
    fn values_lose_blanks_and_quotation_marks_and_keep_what_is_inside() {
        for (text, value) in [
            ("a b  c  ", "a b  c"),
            ("\" a \"  ", " a "),
            ("a\" ; \"b", "a ; b"),
            (r#""say \"x\" \\ \t.""#, "say \"x\" \\ \t."),
            ("", ""),
            ("\"\"", ""),
            ("a#b", "a"),
            ("C:\\\\mig\\\\x", "C:\\mig\\x"),
            ("a\\\n  b", "a  b"),
        ] {
            assert_eq!(value_of(text), value, "{text:?}");
        }
    }

    #[test]
    fn every_fault_has_its_line() {
        let text = "key = 1\n[a\n[a]\n= 1\nb c\nd = \"x\n e = \\q\n[a] f = 1\n[a b]\n[]\n[a]\nfine = 1";
        let (entries, faults) = parse(text);
        let lines: Vec<usize> = faults.iter().filter_map(|fault| fault.line).collect();
        assert_eq!(lines, [1, 2, 4, 5, 6, 7, 8, 9, 10], "{faults:#?}");
        assert_eq!(entries.len(), 1);
    }

    #[test]
    fn a_comment_ends_with_its_line() {
        assert_eq!(values("[a]\n# ends \\\nb = 1").len(), 1);
        assert_eq!(values("[a]\nb = 1 # ends \\\nc = 2").len(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_text_is_entries_and_faults(text in "[\\[\\]a-c =\"\\\\#;\n\t\u{e9}]{0,60}") {
            parse(&text);
        }

        #[test]
        fn a_quoted_value_comes_back(value in "[ -~\u{e9}]{0,20}") {
            let quoted = format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(value_of(&quoted), value);
        }
    }
}
