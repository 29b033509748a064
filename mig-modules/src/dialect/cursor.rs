//! A place in a pattern.

/// A place in a pattern; cheap to copy, so that a caller may look ahead on a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'p> {
    pattern: &'p str,
    offset: usize,
}

impl<'p> Cursor<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        Self { pattern, offset: 0 }
    }

    /// The whole pattern, wherever the cursor is.
    pub(super) fn whole(&self) -> &'p str {
        self.pattern
    }

    /// What follows.
    pub(super) fn rest(&self) -> &'p str {
        self.pattern.get(self.offset..).unwrap_or_default()
    }

    /// What lies between an earlier place and this one.
    pub(super) fn since(&self, start: Self) -> &'p str {
        self.pattern.get(start.offset..self.offset).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset += next.len_utf8();
        Some(next)
    }

    /// Steps over a text if it follows.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let follows = self.rest().starts_with(text);
        if follows {
            self.offset += text.len();
        }
        follows
    }

    /// Steps to the next occurrence of a text and over it; gives what lies before it.
    pub(super) fn eat_until(&mut self, text: &str) -> Option<&'p str> {
        let (before, _) = self.rest().split_once(text)?;
        self.offset += before.len() + text.len();
        Some(before)
    }

    pub(super) fn skip_rest(&mut self) -> &'p str {
        let rest = self.rest();
        self.offset = self.pattern.len();
        rest
    }
}
