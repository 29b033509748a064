//! The help of a module, from what the module says of itself.

use super::{FlagInfo, ModuleInfo};

/// Widest line, in characters. Example command lines are not broken.
const WIDTH: usize = 80;

/// Where the explanations of flags begin; a longer flag gets a line of its own.
const COLUMN: usize = 22;

impl ModuleInfo {
    /// The help text of a module of this name, for a terminal of 80 columns; ends with a line end.
    #[must_use]
    pub fn help(&self, name: &str) -> String {
        let mut lines = vec![format!("{name} - {}", self.summary), String::new()];
        for paragraph in self.description.split("\n\n") {
            lines.extend(wrap(paragraph, WIDTH));
            lines.push(String::new());
        }
        if !self.flags.is_empty() {
            lines.push("Flags:".to_owned());
            lines.extend(self.flags.iter().flat_map(flag));
            lines.push(String::new());
        }
        if !self.examples.is_empty() {
            lines.push("Examples:".to_owned());
            for (command, meaning) in self.examples {
                lines.push(format!("  {command}"));
                lines.extend(indent(wrap(meaning, WIDTH - 6), 6));
            }
            lines.push(String::new());
        }
        lines.extend(wrap(&format!("Rights: {}.", self.privileges), WIDTH));
        lines.join("\n") + "\n"
    }
}

/// `  -name <value>      what it does`.
fn flag(flag: &FlagInfo) -> Vec<String> {
    let value = if flag.value.is_empty() { String::new() } else { format!(" <{}>", flag.value) };
    let head = format!("  -{}{value}", flag.name);
    let mut lines = indent(wrap(flag.help, WIDTH - COLUMN), COLUMN);
    match lines.first_mut() {
        Some(first) if head.chars().count() < COLUMN => {
            *first = format!("{head:COLUMN$}{}", first.trim_start())
        }
        _ => lines.insert(0, head),
    }
    lines
}

/// Breaks a text at blanks. A word wider than a line gets a line of its own.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn indent(lines: Vec<String>, columns: usize) -> Vec<String> {
    lines.into_iter().map(|line| format!("{:columns$}{line}", "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Effects;

    const INFO: ModuleInfo = ModuleInfo {
        summary: "finds things",
        description: "One paragraph of which every word counts, long enough to be broken into two lines.\n\nAnother.",
        flags: &[
            FlagInfo { name: "path", value: "path", help: "where to look; can be repeated" },
            FlagInfo { name: "all", value: "", help: "" },
            FlagInfo { name: "a-very-long-name", value: "number", help: "how many" },
        ],
        examples: &[("mig thing -path /", "everything")],
        privileges: "none",
        effects: Effects::ReadOnly,
    };

    #[test]
    fn help_shows_all_that_a_module_says() {
        assert_eq!(
            INFO.help("thing"),
            "\
thing - finds things

One paragraph of which every word counts, long enough to be broken into two
lines.

Another.

Flags:
  -path <path>        where to look; can be repeated
  -all
  -a-very-long-name <number>
                      how many

Examples:
  mig thing -path /
      everything

Rights: none.
"
        );
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let long = ModuleInfo {
            privileges: "word and word and word and word and word and word and word and word and word",
            ..INFO
        };
        assert!(long.help("thing").lines().all(|line| line.chars().count() <= WIDTH));
    }
}
