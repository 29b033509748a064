//! The interactive creator: the flags of the command line, one a line.

use crate::{
    dialogue::{Fault, fill_in, help},
    scribe::{ScribeModule, args::load, wire::Parameters},
};
use mig_core::{
    json::{self, Value},
    module::{Module, Terminal},
};
use std::io;

/// Asks for a policy and switches until `done` or the end of input.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    let mut parameters = Parameters::default();
    let help = help("scribe", &ScribeModule.info());
    // The end of input is as good as `done` here, as in the original.
    fill_in(terminal, "search> ", &help, &mut |keyword, value| store(&mut parameters, keyword, value))?;
    json::to_value(&parameters).map(Some).map_err(io::Error::other)
}

fn store(parameters: &mut Parameters, keyword: &str, value: Option<&str>) -> Result<(), Fault> {
    let switch = match keyword {
        "path" => {
            let path = value.ok_or(Fault::MissingValue)?;
            parameters.document = load(path).map_err(|error| Fault::Invalid(format!("{error:#}")))?;
            return Ok(());
        }
        "onlytrue" => &mut parameters.only_true,
        "human" => &mut parameters.human_output,
        "json" => &mut parameters.json_output,
        _ => return Err(Fault::UnknownKeyword),
    };
    *switch = value.ok_or(Fault::MissingValue)?.eq_ignore_ascii_case("true");
    Ok(())
}
