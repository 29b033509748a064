//! What the interactive creators of modules share: lines of a keyword and a value, each checked at once.

use mig_core::module::{FlagInfo, ModuleInfo, Terminal};
use std::io;

/// How a dialogue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The person typed `done`.
    Done,
    /// There is no more input.
    EndOfInput,
}

/// Takes a keyword and its value, if there is one.
pub type Store<'s> = dyn FnMut(&str, Option<&str>) -> Result<(), Fault> + 's;

/// Why a line was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No such keyword.
    UnknownKeyword,
    /// The keyword needs a value.
    MissingValue,
    /// The keyword takes no value.
    UnexpectedValue,
    /// The value is wrong, for this reason.
    Invalid(String),
}

/// The argument of a command line that says the same as a keyword, which is one of its flags, and a value.
///
/// # Errors
/// [`Fault`] if there is no such flag, or if the value is missing or too much.
pub fn argument(flags: &[FlagInfo], keyword: &str, value: Option<&str>) -> Result<String, Fault> {
    let flag = flags.iter().find(|flag| flag.name == keyword).ok_or(Fault::UnknownKeyword)?;
    match (flag.value.is_empty(), value) {
        (true, None) => Ok(format!("-{keyword}")),
        (true, Some(_)) => Err(Fault::UnexpectedValue),
        (false, None) => Err(Fault::MissingValue),
        (false, Some(value)) => Ok(format!("-{keyword}={value}")),
    }
}

/// Asks for lines `<keyword> <value>` until `done`; `help` shows the help, everything else goes to `store`.
///
/// One blank stands between keyword and value; further blanks belong to the value.
///
/// # Errors
/// If the terminal fails.
pub fn fill_in(
    terminal: &mut dyn Terminal,
    prompt: &str,
    help: &str,
    store: &mut Store<'_>,
) -> io::Result<End> {
    loop {
        let Some(line) = terminal.ask(prompt)? else { return Ok(End::EndOfInput) };
        match line.as_str() {
            "done" => return Ok(End::Done),
            "help" => say_all(terminal, help)?,
            "" => {}
            line => {
                let (keyword, value) =
                    line.split_once(' ').map_or((line, None), |(keyword, value)| (keyword, Some(value)));
                match store(keyword, value) {
                    Ok(()) => {
                        terminal.say(format!("Stored {keyword} {}", value.unwrap_or_default()).trim_end())?;
                        terminal.say("Enter a new parameter, or 'done' to exit.")?;
                    }
                    Err(fault) => say_fault(terminal, &fault)?,
                }
            }
        }
    }
}

/// Asks a question until the answer is `y` or `n`; `None` at the end of input.
///
/// # Errors
/// If the terminal fails.
pub fn confirm(terminal: &mut dyn Terminal, question: &str) -> io::Result<Option<bool>> {
    loop {
        match terminal.ask(&format!("{question} (y/n) "))?.as_deref() {
            None => return Ok(None),
            Some("y") => return Ok(Some(true)),
            Some("n") => return Ok(Some(false)),
            Some(_) => {}
        }
    }
}

/// The label of a search, or what came in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A label for which there is no search, or one that may be replaced.
    Named(String),
    /// The person typed `done`.
    Done,
    /// There is no more input.
    EndOfInput,
}

/// Asks for a label until there is one that `check` has nothing against. A label that is `taken` needs a confirmation.
///
/// # Errors
/// If the terminal fails.
pub fn ask_label(
    terminal: &mut dyn Terminal,
    help: &str,
    taken: &dyn Fn(&str) -> bool,
    check: &dyn Fn(&str) -> Result<(), String>,
) -> io::Result<Label> {
    loop {
        terminal.say("Give a label to the search, or 'done' to exit.")?;
        let Some(label) = terminal.ask("label> ")? else { return Ok(Label::EndOfInput) };
        if label == "done" {
            return Ok(Label::Done);
        }
        if label == "help" {
            say_all(terminal, help)?;
        } else if let Err(error) = check(&label) {
            say_error(terminal, &error)?;
        } else if !taken(&label) {
            return Ok(Label::Named(label));
        } else {
            match confirm(terminal, &format!("There is a search '{label}'. Override it?"))? {
                None => return Ok(Label::EndOfInput),
                Some(true) => return Ok(Label::Named(label)),
                Some(false) => {}
            }
        }
    }
}

/// Says what is wrong with a value.
///
/// # Errors
/// If the terminal fails.
pub fn say_error(terminal: &mut dyn Terminal, error: &str) -> io::Result<()> {
    terminal.say(&format!("ERROR: {error}"))?;
    terminal.say("Try again.")
}

/// Says a text of several lines.
///
/// # Errors
/// If the terminal fails.
pub fn say_all(terminal: &mut dyn Terminal, text: &str) -> io::Result<()> {
    text.lines().try_for_each(|line| terminal.say(line))
}

/// The help of a dialogue whose keywords are the flags of a module.
#[must_use]
pub fn help(name: &str, info: &ModuleInfo) -> String {
    format!(
        "Type a keyword and its value, one pair a line: the flags below without their dash.\n\
         'done' ends, 'help' shows this.\n\n{}",
        info.help(name)
    )
}

fn say_fault(terminal: &mut dyn Terminal, fault: &Fault) -> io::Result<()> {
    match fault {
        Fault::UnknownKeyword => {
            terminal.say("Invalid method!")?;
            terminal.say("Try 'help'")
        }
        Fault::MissingValue => terminal.say("Missing parameter, try again"),
        Fault::UnexpectedValue => terminal.say("This option doesn't take arguments, try again"),
        Fault::Invalid(error) => say_error(terminal, error),
    }
}
