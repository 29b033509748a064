//! The command line and the interactive creator of the module.

use super::{
    TimeDriftModule,
    params::{Parameters, limit},
};
use crate::dialogue::{say_all, say_error};
use mig_core::{
    duration,
    flags::{Flags, Slot},
    json::{self, Value},
    module::{ArgsError, Module, ParsedArgs, Terminal},
};
use std::io;

/// Turns the arguments after `mig timedrift` into parameters.
pub(super) fn parse(arguments: &[String]) -> Result<ParsedArgs, ArgsError> {
    let mut drift = String::new();
    match arguments.first().map(String::as_str) {
        Some("help") => return Ok(ParsedArgs::Help),
        Some(_) => {
            let flags = Flags::new([("drift", Slot::Text(&mut drift))]).parse(arguments);
            flags.map_err(|error| ArgsError::new(error.to_string()))?;
            // A negative one passes here, as in the original, and is refused with its reason before anything runs.
            if duration::parse(&drift).is_err() {
                return Err(ArgsError::new("invalid drift duration. try help."));
            }
        }
        None => {}
    }
    parameters(drift).map(ParsedArgs::Params).map_err(|error| ArgsError::new(error.to_string()))
}

/// Asks for the drift; `None` at the end of input.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    loop {
        let Some(line) = terminal.ask("drift> ")? else { return Ok(None) };
        match line.as_str() {
            "help" => {
                say_all(
                    terminal,
                    "How wrong the clock may be, such as 5s; an empty line asks for the time only.\n",
                )?;
                say_all(terminal, &TimeDriftModule.info().help("timedrift"))?;
            }
            drift if drift.is_empty() || limit(drift).is_ok() => {
                return parameters(line).map(Some).map_err(io::Error::other);
            }
            _ => say_error(terminal, "invalid drift duration. try again. ex: drift> 5s")?,
        }
    }
}

fn parameters(drift: String) -> Result<Value, json::Error> {
    json::to_value(&Parameters { drift })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::testing::Script;

    fn play(lines: &[&str]) -> (String, Script) {
        let mut script = Script::new(lines.iter().copied());
        let value = create(&mut script).unwrap();
        (json::to_string(&value).unwrap(), script)
    }

    #[test]
    fn the_dialogue_asks_until_it_gets_a_duration() {
        let (value, said) = play(&["5", "-5s", "help", "1m"]);
        assert_eq!(value, r#"{"drift":"1m"}"#);
        assert_eq!(said.said().iter().filter(|line| *line == "drift> ").count(), 4);
        let error = "ERROR: invalid drift duration. try again. ex: drift> 5s";
        assert_eq!(said.said().iter().filter(|line| *line == error).count(), 2);
        assert!(said.said().iter().any(|line| line.contains("-drift <duration>")));
    }

    #[test]
    fn an_empty_line_asks_for_the_time_and_the_end_of_input_gives_up() {
        assert_eq!(play(&[""]).0, r#"{"drift":""}"#);
        assert_eq!(play(&["x"]).0, "null");
    }
}
