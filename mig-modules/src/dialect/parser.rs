//! The parser: one step for each construct, open groups on an explicit stack, so that hostile nesting costs no stack.

use super::{
    class,
    cursor::Cursor,
    error::{DialectError, Reason},
    escape,
    node::{Count, Node},
};
use regex_syntax::hir::{Class, ClassUnicode, Dot, Hir, Look};

/// Ranges of characters in all classes of a pattern together: about 8 MiB.
const MAX_RANGES: usize = 1 << 20;

pub(super) struct Parser<'p> {
    input: Cursor<'p>,
    flags: Flags,
    /// Capturing groups so far.
    groups: u32,
    ranges: usize,
    group: Group,
    outer: Vec<Group>,
}

/// What `(?imsU)` switches.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    fold: bool,
    multi_line: bool,
    dot_matches_newline: bool,
    swap_greed: bool,
}

/// A group that is still open, or the whole pattern.
#[derive(Default)]
struct Group {
    /// The number of a capturing group.
    capture: Option<u32>,
    /// The flags in force after it.
    flags_after: Flags,
    branches: Vec<Node>,
    items: Vec<Node>,
}

impl<'p> Parser<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        Self {
            input: Cursor::new(pattern),
            flags: Flags::default(),
            groups: 0,
            ranges: 0,
            group: Group::default(),
            outer: Vec::new(),
        }
    }

    pub(super) fn parse(mut self) -> Result<Hir, DialectError> {
        let mut last_repetition = None;
        while let Some(next) = self.input.peek() {
            let start = self.input;
            let is_repetition = match self.repetition(next) {
                Some((count, lazy)) => {
                    self.repeat(count, lazy, start, last_repetition)?;
                    true
                }
                None => {
                    self.step(next)?;
                    false
                }
            };
            last_repetition = is_repetition.then_some(start);
        }
        if !self.outer.is_empty() {
            return Err(DialectError::new(Reason::MissingParen, self.input.whole()));
        }
        let whole = std::mem::take(&mut self.group).close();
        self.checked(whole).map(Node::into_hir)
    }

    fn step(&mut self, next: char) -> Result<(), DialectError> {
        match next {
            '[' => {
                let class = class::parse(&mut self.input, self.flags.fold)?;
                return self.push_class(class);
            }
            '\\' => return self.escape(),
            '(' if self.input.rest().starts_with("(?") => return self.special_group(),
            _ => {}
        }
        self.input.next();
        match next {
            '(' => self.open(true, self.flags),
            ')' => return self.close(),
            '|' => self.group.end_branch(),
            '^' if self.flags.multi_line => self.push(Hir::look(Look::StartLF)),
            '^' => self.push(Hir::look(Look::Start)),
            '$' if self.flags.multi_line => self.push(Hir::look(Look::EndLF)),
            '$' => self.push(Hir::look(Look::End)),
            '.' if self.flags.dot_matches_newline => self.push(Hir::dot(Dot::AnyChar)),
            '.' => self.push(Hir::dot(Dot::AnyCharExceptLF)),
            plain => return self.push_character(plain.into()),
        }
        Ok(())
    }

    /// Reads a repetition operator if one follows. A brace that begins none is itself.
    fn repetition(&mut self, next: char) -> Option<(Count, bool)> {
        let mut ahead = self.input;
        let count = match next {
            '*' => Count { min: 0, max: None, counted: false },
            '+' => Count { min: 1, max: None, counted: false },
            '?' => Count { min: 0, max: Some(1), counted: false },
            '{' => braces(&mut ahead)?,
            _ => return None,
        };
        if !count.counted {
            ahead.next();
        }
        // A bad count is reported without what follows it.
        let lazy = count.is_valid() && ahead.eat("?");
        self.input = ahead;
        Some((count, lazy))
    }

    fn repeat(
        &mut self,
        count: Count,
        lazy: bool,
        start: Cursor<'p>,
        last_repetition: Option<Cursor<'p>>,
    ) -> Result<(), DialectError> {
        let part = self.input.since(start);
        if !count.is_valid() {
            return Err(DialectError::new(Reason::InvalidRepeatCount, part));
        }
        if let Some(last) = last_repetition {
            return Err(DialectError::new(Reason::NestedRepeat, self.input.since(last)));
        }
        let Some(item) = self.group.items.pop() else {
            return Err(DialectError::new(Reason::MissingRepeatArgument, part));
        };
        let node = item.repeated(count, lazy == self.flags.swap_greed);
        if count.counted && node.repeats_too_often() {
            return Err(DialectError::new(Reason::InvalidRepeatCount, part));
        }
        let node = self.checked(node)?;
        self.group.items.push(node);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), DialectError> {
        let start = self.input;
        if self.input.eat("\\Q") {
            return self.quoted();
        }
        if self.input.eat("\\C") {
            return Err(DialectError::new(Reason::InvalidEscape, self.input.since(start)));
        }
        for (text, look) in LOOKS {
            if self.input.eat(text) {
                self.push(Hir::look(*look));
                return Ok(());
            }
        }
        if let Some(class) = class::unicode(&mut self.input, self.flags.fold)? {
            return self.push_class(class);
        }
        if let Some(class) = class::perl(&mut self.input, self.flags.fold) {
            return self.push_class(class);
        }
        let code = escape::parse(&mut self.input)?;
        self.push_character(code)
    }

    /// Plain text up to `\E` or the end.
    fn quoted(&mut self) -> Result<(), DialectError> {
        let text = self.input.eat_until("\\E").unwrap_or_else(|| self.input.skip_rest());
        text.chars().try_for_each(|plain| self.push_character(plain.into()))
    }

    /// `(?P<name>`, `(?flags:` or `(?flags)`.
    fn special_group(&mut self) -> Result<(), DialectError> {
        let start = self.input;
        if self.input.eat("(?P<") && !self.input.rest().is_empty() {
            return self.named_group(start);
        }
        self.input = start;
        self.input.eat("(?");
        let outside = self.flags;
        match flags(&mut self.input, self.flags) {
            Some((inside, ':')) => {
                self.open(false, outside);
                self.flags = inside;
            }
            Some((inside, _)) => self.flags = inside,
            None => return Err(DialectError::new(Reason::InvalidPerlSyntax, self.input.since(start))),
        }
        Ok(())
    }

    fn named_group(&mut self, start: Cursor<'p>) -> Result<(), DialectError> {
        let invalid = |part: &str| DialectError::new(Reason::InvalidNamedCapture, part);
        let name = self.input.eat_until(">").ok_or_else(|| invalid(start.rest()))?;
        let is_valid = |name: &str| name.chars().all(|part| part == '_' || part.is_ascii_alphanumeric());
        if name.is_empty() || !is_valid(name) {
            return Err(invalid(self.input.since(start)));
        }
        self.open(true, self.flags);
        Ok(())
    }

    fn open(&mut self, captures: bool, flags_after: Flags) {
        let capture = captures.then(|| {
            self.groups += 1;
            self.groups
        });
        let group = Group { capture, flags_after, ..Group::default() };
        self.outer.push(std::mem::replace(&mut self.group, group));
    }

    fn close(&mut self) -> Result<(), DialectError> {
        let Some(outer) = self.outer.pop() else {
            return Err(DialectError::new(Reason::UnexpectedParen, self.input.whole()));
        };
        let group = std::mem::replace(&mut self.group, outer);
        self.flags = group.flags_after;
        let node = self.checked(group.close())?;
        self.group.items.push(node);
        Ok(())
    }

    fn push(&mut self, hir: Hir) {
        self.group.items.push(Node::leaf(hir));
    }

    fn push_character(&mut self, code: u32) -> Result<(), DialectError> {
        self.push_class(class::character(code, self.flags.fold))
    }

    fn push_class(&mut self, class: ClassUnicode) -> Result<(), DialectError> {
        self.ranges += class.ranges().len();
        if self.ranges > MAX_RANGES {
            return Err(DialectError::new(Reason::TooLarge, self.input.whole()));
        }
        self.push(Hir::class(Class::Unicode(class)));
        Ok(())
    }

    fn checked(&self, node: Node) -> Result<Node, DialectError> {
        if node.is_too_deep() {
            return Err(DialectError::new(Reason::TooDeep, self.input.whole()));
        }
        Ok(node)
    }
}

impl Group {
    fn end_branch(&mut self) {
        let items = std::mem::take(&mut self.items);
        self.branches.push(Node::concat(items));
    }

    fn close(mut self) -> Node {
        self.end_branch();
        let node = Node::alternation(self.branches);
        match self.capture {
            Some(index) => node.capture(index),
            None => node,
        }
    }
}

const LOOKS: &[(&str, Look)] =
    &[("\\A", Look::Start), ("\\z", Look::End), ("\\b", Look::WordAscii), ("\\B", Look::WordAsciiNegate)];

/// `{n}`, `{n,}` or `{n,m}`. The count may be one that is not allowed.
fn braces(input: &mut Cursor<'_>) -> Option<Count> {
    input.eat("{").then_some(())?;
    let min = number(input)?;
    let max = if !input.eat(",") {
        Some(min)
    } else if input.peek() == Some('}') {
        None
    } else {
        Some(number(input)?)
    };
    input.eat("}").then_some(Count { min, max, counted: true })
}

/// A decimal number without leading zeros; a very large one is cut down to one that is still not allowed.
fn number(input: &mut Cursor<'_>) -> Option<u32> {
    let start = *input;
    while input.peek().is_some_and(|next| next.is_ascii_digit()) {
        input.next();
    }
    let digits = input.since(start);
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

/// Flags up to the `:` or `)` that ends them. The cursor stays behind the character at fault.
fn flags(input: &mut Cursor<'_>, mut flags: Flags) -> Option<(Flags, char)> {
    let (mut on, mut waits_for_flag) = (true, false);
    loop {
        let next = input.next()?;
        let flag = match next {
            'i' => &mut flags.fold,
            'm' => &mut flags.multi_line,
            's' => &mut flags.dot_matches_newline,
            'U' => &mut flags.swap_greed,
            '-' if on => {
                (on, waits_for_flag) = (false, true);
                continue;
            }
            ':' | ')' if !waits_for_flag => return Some((flags, next)),
            _ => return None,
        };
        *flag = on;
        waits_for_flag = false;
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    fn error(pattern: &str) -> String {
        let text = parse(pattern).unwrap_err().to_string();
        text.strip_prefix("error parsing regexp: ").unwrap().to_owned()
    }

    #[test]
    fn the_whole_pattern_is_named_when_parentheses_do_not_pair() {
        assert_eq!(error("a(b"), "missing closing ): `a(b`");
        assert_eq!(error("a)b"), "unexpected ): `a)b`");
    }

    #[test]
    fn counts_over_1000_are_refused_also_as_a_product() {
        assert_eq!(error("a{1001}"), "invalid repeat count: `{1001}`");
        assert_eq!(error("a{1,99999999999999999999}"), "invalid repeat count: `{1,99999999999999999999}`");
        assert_eq!(error("a{1001,}?"), "invalid repeat count: `{1001,}`");
        assert_eq!(error("((a{100})b*){11}"), "invalid repeat count: `{11}`");
        assert!(parse("((a{100})b*){10}(c{1000})").is_ok());
        assert!(parse("(a{1000}){0}").is_ok());
    }

    #[test]
    fn what_is_no_count_is_text() {
        for pattern in ["a{", "a{,2}", "a{01}", "a{1", "a{1,", "a{1,x}", "{", "{}", "x{y}"] {
            assert!(parse(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn a_repetition_after_a_switch_repeats_what_stands_before_it() {
        assert_eq!(parse("a(?i)*").unwrap(), parse("a*").unwrap());
        assert_eq!(error("(?i)*"), "missing argument to repetition operator: `*`");
        assert_eq!(error("\\Q\\E*"), "missing argument to repetition operator: `*`");
        assert_eq!(error("(*)"), "missing argument to repetition operator: `*`");
        assert_eq!(error("a{2}*?b"), "invalid nested repetition operator: `{2}*?`");
    }

    #[test]
    fn switches_end_with_their_group() {
        assert_eq!(parse("(?:a(?i)b|c)d").unwrap(), parse("(?:a[bB]|[cC])d").unwrap());
        assert_eq!(parse("(?i:k)k").unwrap(), parse("[kK\u{212a}]k").unwrap());
        assert_eq!(parse("(?U)a*?").unwrap(), parse("a*").unwrap());
        assert_eq!(parse("(?)a").unwrap(), parse("a").unwrap());
    }

    #[test]
    fn perl_constructs_are_refused_up_to_the_character_at_fault() {
        for (pattern, part) in [
            ("(?<n>a)", "(?<"),
            ("(?=a)", "(?="),
            ("(?!a)", "(?!"),
            ("(?P=n)", "(?P"),
            ("(?P<", "(?P"),
            ("(?i-", "(?i-"),
            ("(?-)a", "(?-)"),
            ("(?i--s)a", "(?i--"),
            ("(?#c)", "(?#"),
            ("(?u)a", "(?u"),
            ("(?", "(?"),
        ] {
            assert_eq!(error(pattern), format!("invalid or unsupported Perl syntax: `{part}`"));
        }
    }

    #[test]
    fn group_names_are_checked_and_may_repeat() {
        assert!(parse("(?P<n>a)(?P<n>b)").is_ok());
        assert_eq!(error("(?P<>a)"), "invalid named capture: `(?P<>`");
        assert_eq!(error("(?P<a b>a)"), "invalid named capture: `(?P<a b>`");
        assert_eq!(error("(?P<é>a)"), "invalid named capture: `(?P<é>`");
    }

    #[test]
    fn escapes_are_refused_with_what_was_read() {
        for escape in
            ["\\8", "\\e", "\\Z", "\\E", "\\k", "\\cA", "\\é", "\\x{110000", "\\x{g", "\\xg1", "\\x1"]
        {
            let read = if escape == "\\cA" { "\\c" } else { escape };
            assert_eq!(error(escape), format!("invalid escape sequence: `{read}`"));
        }
        assert_eq!(error("[a-\\d]"), "invalid escape sequence: `\\d`");
    }

    #[test]
    fn octal_takes_up_to_three_digits() {
        assert_eq!(parse("\\1012").unwrap(), parse("A2").unwrap());
        assert_eq!(parse("\\777").unwrap(), parse("\u{1ff}").unwrap());
        assert_eq!(parse("\\08").unwrap(), parse("\\x{0}8").unwrap());
    }

    #[test]
    fn names_of_sets_are_refused_when_unknown() {
        for part in ["\\p{greek}", "\\p{Alphabetic}", "\\pl", "\\p{^}", "\\p{}", "\\p", "\\p{Greek"] {
            assert_eq!(error(part), format!("invalid character class range: `{part}`"));
        }
        assert_eq!(error("[[:^nosuch:]]"), "invalid character class range: `[:^nosuch:]`");
        assert_eq!(parse("\\P{^Greek}").unwrap(), parse("\\p{Greek}").unwrap());
    }

    #[test]
    fn operators_of_other_dialects_are_plain_in_classes() {
        assert_eq!(parse("[a&&b]").unwrap(), parse("[&ab]").unwrap());
        assert_eq!(parse("[a~~b]").unwrap(), parse("[~ab]").unwrap());
        assert_eq!(parse("[a[b]").unwrap(), parse("[\\[ab]").unwrap());
        assert_eq!(parse("[[:]").unwrap(), parse("[:\\[]").unwrap());
        assert_eq!(error("[b-a]"), "invalid character class range: `b-a`");
        assert_eq!(error("x[a-"), "missing closing ]: `[a-`");
        assert_eq!(error("x[^]"), "missing closing ]: `[^]`");
    }

    #[test]
    fn letter_case_is_folded_before_a_set_is_inverted() {
        assert_eq!(parse("(?i)\\w").unwrap(), parse("[0-9A-Z_a-z\u{17f}\u{212a}]").unwrap());
        assert_eq!(parse("(?i)\\W").unwrap(), parse("[^0-9A-Z_a-z\u{17f}\u{212a}]").unwrap());
        assert_eq!(parse("(?i)[^k]").unwrap(), parse("[^Kk\u{212a}]").unwrap());
        assert_eq!(parse("(?i)\\P{Lu}").unwrap(), parse("(?i)[^\\p{Lu}]").unwrap());
    }

    #[test]
    fn surrogates_match_nothing() {
        assert_eq!(parse("\\x{d800}").unwrap(), regex_syntax::hir::Hir::fail());
        assert_eq!(parse("[\\x{d7ff}-\\x{dfff}]").unwrap(), parse("\u{d7ff}").unwrap());
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| format!("{}{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(999)).is_ok());
        assert!(error(&nested(1000)).starts_with("expression nests too deeply"));
        assert!(error(&"(?:".repeat(100_000)).starts_with("missing closing )"));
        assert!(error(&"\\pL".repeat(10_000)).starts_with("expression too large"));
    }
}
