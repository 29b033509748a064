//! Regular expressions of `~` and `~*`: those of Postgres, rewritten for the `regex` crate.
//!
//! Read as Postgres documents its "advanced regular expressions", under collation `C`: classes and letter case are
//! those of ASCII, `.` and `[^…]` match a line feed, `^` and `$` are the ends of the text. What can not be rewritten
//! is refused, never read differently.

use crate::limits::MAX_TARGET_PATTERN_BYTES;
use regex::{Regex, RegexBuilder};
use std::{iter::Peekable, str::Chars};

/// A regular expression in Postgres' dialect.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    ignore_case: bool,
    regex: Regex,
}

impl Pattern {
    /// Compiles an expression; `ignore_case` is that of `~*`.
    ///
    /// # Errors
    /// Says why the expression is refused: a fault, a feature of Postgres that is not supported, or its size.
    pub fn new(source: &str, ignore_case: bool) -> Result<Self, String> {
        let rewritten = Rewriter::new(source, ignore_case).rewrite()?;
        let regex = RegexBuilder::new(&rewritten)
            .dot_matches_new_line(true)
            .size_limit(MAX_TARGET_PATTERN_BYTES)
            .dfa_size_limit(MAX_TARGET_PATTERN_BYTES)
            .nest_limit(MAX_NESTING)
            .build()
            .map_err(|error| last_line(&error.to_string()))?;
        Ok(Self { source: source.to_owned(), ignore_case, regex })
    }

    /// The expression as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// True for `~*`.
    #[must_use]
    pub fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Whether some part of the text matches; takes time linear in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.source, self.ignore_case) == (&other.source, other.ignore_case)
    }
}

impl Eq for Pattern {}

/// The crate draws syntax errors over several lines; the last one says what is wrong.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or(message);
    line.trim_start_matches("error: ").to_owned()
}

/// Reads Postgres' dialect once, left to right, and writes the other.
struct Rewriter<'a> {
    rest: Peekable<Chars<'a>>,
    output: String,
    ignore_case: bool,
    /// True if what was read last may be followed by a quantifier.
    repeatable: bool,
}

impl<'a> Rewriter<'a> {
    fn new(source: &'a str, ignore_case: bool) -> Self {
        Self { rest: source.chars().peekable(), output: String::new(), ignore_case, repeatable: false }
    }

    fn rewrite(mut self) -> Result<String, String> {
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => self.escape()?,
                '[' => self.bracket()?,
                '(' => self.group()?,
                '*' | '+' | '?' => self.quantifier(&character.to_string())?,
                '{' if self.rest.peek().is_some_and(char::is_ascii_digit) => {
                    let bound = self.bound()?;
                    self.quantifier(&bound)?;
                }
                '|' | '^' | '$' => self.emit(&character.to_string(), false),
                '.' | ')' => self.emit(&character.to_string(), true),
                literal => self.ranges(false, &[(literal, literal)]),
            }
        }
        Ok(self.output)
    }

    fn emit(&mut self, text: &str, repeatable: bool) {
        self.output.push_str(text);
        self.repeatable = repeatable;
    }

    /// Writes a class; a single character is one, too.
    fn ranges(&mut self, negated: bool, ranges: &[(char, char)]) {
        let mut class = String::from(if negated { "[^" } else { "[" });
        let mut write = |low: char, high: char| {
            class.push_str(&format!("\\x{{{:X}}}-\\x{{{:X}}}", u32::from(low), u32::from(high)));
        };
        for &(low, high) in ranges {
            write(low, high);
            if self.ignore_case {
                other_case(low, high, 'a', 'z', |letter| letter.to_ascii_uppercase(), &mut write);
                other_case(low, high, 'A', 'Z', |letter| letter.to_ascii_lowercase(), &mut write);
            }
        }
        class.push(']');
        self.emit(&class, true);
    }

    fn group(&mut self) -> Result<(), String> {
        if self.rest.next_if_eq(&'?').is_some() && self.rest.next_if_eq(&':').is_none() {
            return Err("of the groups that begin with (? only (?: is supported".into());
        }
        self.emit("(?:", false);
        Ok(())
    }

    /// Laziness changes where a match ends, not whether there is one: its mark is dropped.
    fn quantifier(&mut self, quantifier: &str) -> Result<(), String> {
        if !self.repeatable {
            return Err(format!("there is nothing that {quantifier} could repeat"));
        }
        self.rest.next_if_eq(&'?');
        self.emit(quantifier, false);
        Ok(())
    }

    fn bound(&mut self) -> Result<String, String> {
        let mut bound = String::from("{");
        for character in self.rest.by_ref() {
            bound.push(character);
            if !(character.is_ascii_digit() || character == ',') {
                break;
            }
        }
        let numbers = bound.trim_start_matches('{').trim_end_matches('}');
        let (least, most) = numbers.split_once(',').unwrap_or((numbers, numbers));
        let within = |number: &str| number.parse::<u16>().is_ok_and(|number| number <= MAX_BOUND);
        let fine = bound.ends_with('}') && within(least) && (most.is_empty() || within(most));
        fine.then_some(bound.clone()).ok_or(format!("{bound} is no bound; {MAX_BOUND} is the highest number"))
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.rest.next() {
            None => return Err("ends with a backslash".into()),
            Some('A') => self.emit("\\A", false),
            Some('Z') => self.emit("\\z", false),
            Some('y') => self.emit("(?-u:\\b)", false),
            Some('m') => self.emit("(?-u:\\b{start})", false),
            Some('M') => self.emit("(?-u:\\b{end})", false),
            Some(class @ ('D' | 'S' | 'W')) => {
                self.ranges(true, shorthand(class.to_ascii_lowercase()).unwrap_or_default());
            }
            Some(other) => match shorthand(other) {
                Some(ranges) => self.ranges(false, ranges),
                None => {
                    let literal = escaped(other)?;
                    self.ranges(false, &[(literal, literal)]);
                }
            },
        }
        Ok(())
    }

    /// `[…]`, behind its first bracket.
    fn bracket(&mut self) -> Result<(), String> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            match self.rest.next() {
                None => return Err("a bracket is not closed".into()),
                Some(']') if !ranges.is_empty() => break,
                Some('[') if matches!(self.rest.peek(), Some(':' | '.' | '=')) => {
                    ranges.extend_from_slice(self.named_class()?);
                }
                Some('\\') if self.rest.peek().is_some_and(|&next| shorthand(next).is_some()) => {
                    let name = self.rest.next().unwrap_or_default();
                    ranges.extend_from_slice(shorthand(name).unwrap_or_default());
                }
                Some(low) => ranges.push(self.range(low)?),
            }
        }
        self.ranges(negated, &ranges);
        Ok(())
    }

    /// A character or a range of a bracket.
    fn range(&mut self, low: char) -> Result<(char, char), String> {
        let low = self.end_of_range(low)?;
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']')) {
            return Ok((low, low));
        }
        self.rest.next();
        let high = self.rest.next().unwrap_or_default();
        let high = self.end_of_range(high)?;
        let chained = self.rest.peek() == Some(&'-') && !matches!(self.rest.clone().nth(1), Some(']'));
        if low > high || chained {
            return Err(format!("{low}-{high} is no range"));
        }
        Ok((low, high))
    }

    fn end_of_range(&mut self, character: char) -> Result<char, String> {
        match (character, self.rest.peek()) {
            ('\\', _) => escaped(self.rest.next().ok_or("a bracket is not closed")?),
            ('[', Some(':' | '.' | '=')) => Err("a class can not be the end of a range".into()),
            _ => Ok(character),
        }
    }

    /// `[:name:]`, behind its first bracket.
    fn named_class(&mut self) -> Result<&'static [(char, char)], String> {
        if self.rest.next() != Some(':') {
            return Err("[.….] and [=…=] are not supported".into());
        }
        let mut name = String::new();
        while let Some(letter) = self.rest.next_if(char::is_ascii_lowercase) {
            name.push(letter);
        }
        if (self.rest.next(), self.rest.next()) != (Some(':'), Some(']')) {
            return Err(format!("[:{name} is not closed by :]"));
        }
        if self.ignore_case && (name == "upper" || name == "lower") {
            name = "alpha".into();
        }
        CLASSES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, ranges)| *ranges)
            .ok_or(format!("unknown class [:{name}:]"))
    }
}

/// Writes the part of a range that lies in `from..=to`, with its letter case changed.
fn other_case(
    low: char,
    high: char,
    from: char,
    to: char,
    change: impl Fn(char) -> char,
    write: &mut impl FnMut(char, char),
) {
    let (low, high) = (low.max(from), high.min(to));
    if low <= high {
        write(change(low), change(high));
    }
}

/// The characters of `\d`, `\s` and `\w`.
fn shorthand(name: char) -> Option<&'static [(char, char)]> {
    match name {
        'd' => Some(&[('0', '9')]),
        's' => Some(&[(' ', ' '), ('\t', '\r')]),
        'w' => Some(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        _ => None,
    }
}

/// The character that an escape stands for.
fn escaped(name: char) -> Result<char, String> {
    match name {
        'a' => Ok('\x07'),
        'f' => Ok('\x0C'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'v' => Ok('\x0B'),
        other if other.is_alphanumeric() => Err(format!("\\{other} is not supported")),
        other => Ok(other),
    }
}

/// Named classes of collation `C`.
const CLASSES: &[(&str, &[(char, char)])] = &[
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("blank", &[(' ', ' '), ('\t', '\t')]),
    ("cntrl", &[('\0', '\x1F'), ('\x7F', '\x7F')]),
    ("digit", &[('0', '9')]),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[(' ', ' '), ('\t', '\r')]),
    ("upper", &[('A', 'Z')]),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];

/// Highest number of repetitions that Postgres accepts.
const MAX_BOUND: u16 = 255;

/// Deepest nesting of groups and repetitions.
const MAX_NESTING: u32 = 50;

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[track_caller]
    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, false).unwrap().is_match(text)
    }

    #[track_caller]
    fn matches_any_case(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, true).unwrap().is_match(text)
    }

    #[test]
    fn reads_what_both_dialects_share() {
        assert!(matches("^web[0-9]+\\.example$", "web12.example"));
        assert!(matches("(a|b){2,3}c", "xabac") && !matches("^(?:a|b){3}$", "ab"));
        assert!(matches("", "anything") && matches("a+?b", "aab"));
    }

    #[test]
    fn a_dot_and_a_negated_class_match_a_line_feed_and_the_anchors_do_not() {
        assert!(matches("a.b", "a\nb") && matches("a[^x]b", "a\nb"));
        assert!(!matches("^b", "a\nb") && !matches("a$", "a\n"));
    }

    #[test]
    fn classes_are_those_of_ascii() {
        assert!(matches("^\\w+$", "a_9") && !matches("\\w", "é") && matches("\\W", "é"));
        assert!(matches("[[:alpha:][:digit:]]", "7") && !matches("[[:alpha:]]", "é"));
        assert!(matches("^[\\d.]+$", "1.2") && !matches("\\d", "٣"));
    }

    #[test]
    fn case_is_ignored_for_a_to_z_only() {
        assert!(matches_any_case("^WEB[a-f]$", "webF") && matches_any_case("[[:upper:]]", "a"));
        assert!(!matches_any_case("É", "é") && !matches_any_case("k", "\u{212A}"));
        assert!(!matches_any_case("[^a]", "A"));
    }

    #[test]
    fn brackets_hold_what_postgres_reads_in_them() {
        assert!(matches("^[]a]+$", "]a") && matches("^[^]]$", "a") && matches("^[a-]+$", "a-"));
        assert!(matches("^[a[b]$", "[") && matches("^[a&&b]$", "&") && matches("^[*--]$", "+"));
    }

    #[test]
    fn braces_are_literal_unless_a_digit_follows() {
        assert!(matches("^{a}$", "{a}") && matches("^a{2}$", "aa"));
    }

    #[test]
    fn word_boundaries_have_the_letters_of_postgres() {
        assert!(matches("\\ysql\\y", "my sql") && !matches("\\ysql\\y", "mysql"));
        assert!(matches("\\mmy", "mysql") && matches("sql\\M", "mysql") && matches("\\Amy.*\\Z", "mysql"));
    }

    #[test]
    fn refuses_what_would_be_read_differently_or_is_faulty() {
        for pattern in [
            "\\bweb",
            "\\B",
            "\\x41",
            "\\u0041",
            "(a)\\1",
            "(?i)a",
            "(?=a)",
            "(?!a)",
            "(?<n>a)",
            "(?P<n>a)",
            "***=a",
            "*a",
            "^*",
            "a**",
            "a|*",
            "(+)",
            "a{2",
            "a{256}",
            "a{3,2}",
            "a{2}{2}",
            "[a",
            "[b-a]",
            "[a-c-e]",
            "[[.a.]]",
            "[[=a=]]",
            "[[:word:]]",
            "[[:alpha:]-z",
            "(a",
            "a)",
            "a\\",
            "\\pL",
            "[\\W]",
            "\\_\\Q",
        ] {
            assert!(Pattern::new(pattern, false).is_err(), "{pattern} was accepted");
        }
    }

    #[test]
    fn refuses_what_would_become_too_large() {
        let error = Pattern::new("((((.{200}){200}){200}){200}){200}", false).unwrap_err();
        assert!(error.contains("size limit"), "{error}");
    }
}
