//! The interactive creator: lines of a keyword and a value.

use super::{
    FLAGS,
    params::Params,
    wire::{Check, Parameters},
};
use crate::dialogue::{End, Fault, fill_in};
use mig_core::{
    json::{self, Value},
    module::Terminal,
};
use std::io;

/// Asks for checks until `done`; `None` at the end of input.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    let mut parameters = Parameters::default();
    let end =
        fill_in(terminal, "search> ", &help(), &mut |keyword, value| store(&mut parameters, keyword, value))?;
    match end {
        End::EndOfInput => Ok(None),
        End::Done => json::to_value(&parameters).map(Some).map_err(io::Error::other),
    }
}

fn store(parameters: &mut Parameters, keyword: &str, value: Option<&str>) -> Result<(), Fault> {
    if let Some(switch) = switch(parameters, keyword) {
        *switch = true;
        return value.map_or(Ok(()), |_| Err(Fault::UnexpectedValue));
    }
    let check = Check::ALL.into_iter().find(|check| check.field() == keyword).ok_or(Fault::UnknownKeyword)?;
    let value = value.ok_or(Fault::MissingValue)?;
    let mut alone = Parameters::default();
    check.values_mut(&mut alone).push(value.to_owned());
    let alone = json::to_value(&alone).map_err(|error| Fault::Invalid(error.to_string()))?;
    Params::parse(&alone).map_err(|error| Fault::Invalid(error.reason))?;
    check.values_mut(parameters).push(value.to_owned());
    Ok(())
}

fn switch<'p>(parameters: &'p mut Parameters, keyword: &str) -> Option<&'p mut bool> {
    match keyword {
        "namespaces" => Some(&mut parameters.namespaces),
        "raw" => Some(&mut parameters.raw),
        "owner" => Some(&mut parameters.owner),
        _ => None,
    }
}

fn help() -> String {
    let mut lines =
        vec!["Type a keyword and its value, one pair a line. 'done' ends, 'help' shows this.".to_owned()];
    for flag in FLAGS {
        let check = Check::ALL.into_iter().find(|check| check.flag() == flag.name);
        let keyword = check.map_or(flag.name, Check::field);
        let value = if flag.value.is_empty() { String::new() } else { format!(" <{}>", flag.value) };
        lines.push(format!("  {keyword}{value}: {}", flag.help));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_and_cost_nothing() {
        let mut parameters = Parameters::default();
        for (keyword, value, fault) in [
            ("bogus", Some("x"), Fault::UnknownKeyword),
            ("localmac", None, Fault::MissingValue),
            ("listeningport", Some("x"), Fault::Invalid("x is not a valid port".to_owned())),
        ] {
            assert_eq!(store(&mut parameters, keyword, value), Err(fault));
        }
        assert_eq!(parameters, Parameters::default());
    }

    #[test]
    fn help_names_the_keyword_of_every_flag() {
        let help = help();
        for keyword in ["localmac <", "unixsocket <", "owner:", "namespaces:"] {
            assert!(help.contains(keyword), "{keyword} in {help}");
        }
    }
}
