//! A person at a terminal who types lines that a test has written down.

use crate::module::Terminal;
use std::{collections::VecDeque, io};

/// A [`Terminal`] whose input are these lines; what it shows is kept.
#[derive(Debug)]
pub struct Script {
    lines: VecDeque<String>,
    said: Vec<String>,
}

impl Script {
    /// A terminal at which these lines are typed; then its input ends.
    #[must_use]
    pub fn new<S: Into<String>>(lines: impl IntoIterator<Item = S>) -> Self {
        Self { lines: lines.into_iter().map(Into::into).collect(), said: Vec::new() }
    }

    /// The prompts and the lines that were shown, in their order.
    #[must_use]
    pub fn said(&self) -> &[String] {
        &self.said
    }

    /// Whether exactly this was shown, as a prompt or a line.
    #[must_use]
    pub fn has_said(&self, line: &str) -> bool {
        self.said.iter().any(|said| said == line)
    }
}

impl Terminal for Script {
    fn ask(&mut self, prompt: &str) -> io::Result<Option<String>> {
        self.said.push(prompt.to_owned());
        Ok(self.lines.pop_front())
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.said.push(line.to_owned());
        Ok(())
    }
}
