//! The interactive creator: lines of a keyword and a value; the keywords are the flags.

use super::{FLAGS, PingModule, args, params::Params, wire::Parameters};
use crate::dialogue::{End, Fault, fill_in, help};
use mig_core::{
    json::{self, Value},
    module::{Module, Terminal},
};
use std::io;

/// Asks for parameters until `done`; `None` at the end of input.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    let help = help("ping", &PingModule.info());
    let mut parameters = Parameters::default();
    let end =
        fill_in(terminal, "ping> ", &help, &mut |keyword, value| store(&mut parameters, keyword, value))?;
    if end == End::EndOfInput {
        return Ok(None);
    }
    let params = json::to_value(&parameters).map_err(io::Error::other)?;
    // It may still be run elsewhere or edited by hand.
    if let Err(error) = Params::parse(&params) {
        terminal.say(&format!("Warning: {error}"))?;
    }
    Ok(Some(params))
}

fn store(parameters: &mut Parameters, keyword: &str, value: Option<&str>) -> Result<(), Fault> {
    if !FLAGS.iter().any(|flag| flag.name == keyword) {
        return Err(Fault::UnknownKeyword);
    }
    let invalid = |reason: &str| Fault::Invalid(reason.to_owned());
    let value = value.filter(|value| !value.is_empty()).ok_or_else(|| invalid("invalid input format"))?;
    let mut changed = parameters.clone();
    args::read(&mut changed, &[format!("-{keyword}={value}")]).map_err(|error| match keyword {
        "dp" => Fault::Invalid(format!("invalid destination port: {error}")),
        "c" => Fault::Invalid(format!("invalid count: {error}")),
        "t" => Fault::Invalid(format!("invalid timeout: {error}")),
        _ => Fault::Invalid(error),
    })?;
    *parameters = changed;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::testing::Script;

    fn play(lines: &[&str]) -> (Option<Value>, Script) {
        let mut script = Script::new(lines.iter().copied());
        (create(&mut script).unwrap(), script)
    }

    #[test]
    fn mistakes_are_named_and_cost_nothing() {
        let (value, said) = play(&["d ::1", "d", "dp x", "c nan", "t", "x 1", "p icmp", "done"]);
        assert_eq!(json::to_string(&value).unwrap(), r#"{"destination":"::1","protocol":"icmp"}"#);
        for line in [
            "ERROR: invalid input format",
            "ERROR: invalid destination port: invalid value \"x\" for flag -dp: parse error",
            "ERROR: invalid count: flag -c: NaN is out of range",
            "Invalid method!",
        ] {
            assert!(said.has_said(line), "{line} in {said:#?}");
        }
        assert!(!said.said().iter().any(|line| line.starts_with("Warning")));
    }

    #[test]
    fn what_would_be_refused_is_said_and_the_end_of_input_gives_up() {
        let (value, said) = play(&["help", "p tcp", "dp 99999", "done"]);
        assert!(value.is_some() && said.said().iter().any(|line| line.contains("-dp <port>")));
        assert!(
            said.said().last().unwrap().starts_with("Warning: tcp ping requires a valid destination port")
        );
        assert_eq!(play(&["d ::1"]).0, None);
    }
}
