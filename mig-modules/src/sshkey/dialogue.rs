//! The interactive creator: paths and a depth, until `done` or the end of input.

use super::{SshKeyModule, params::Params, wire::Parameters};
use crate::dialogue::{Fault, fill_in, help};
use mig_core::{
    json::{self, Value},
    module::{Module, Terminal},
};
use std::io;

/// Asks for parameters.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    let mut parameters = Parameters::default();
    let help = help("sshkey", &SshKeyModule.info());
    fill_in(terminal, "search> ", &help, &mut |keyword, value| store(&mut parameters, keyword, value))?;
    json::to_value(&parameters).map(Some).map_err(io::Error::other)
}

fn store(parameters: &mut Parameters, keyword: &str, value: Option<&str>) -> Result<(), Fault> {
    let mut changed = parameters.clone();
    match (keyword, value) {
        ("path" | "maxdepth", None) => return Err(Fault::MissingValue),
        ("path", Some(path)) => changed.paths.get_or_insert_default().push(path.to_owned()),
        ("maxdepth", Some(depth)) => {
            let no_integer = |_| Fault::Invalid("maxdepth argument must be an integer".to_owned());
            changed.max_depth = depth.parse().map_err(no_integer)?;
        }
        _ => return Err(Fault::Invalid("Invalid command, try help".to_owned())),
    }
    Params::check(changed.clone()).map_err(|error| Fault::Invalid(error.reason))?;
    *parameters = changed;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::testing::Script;

    #[test]
    fn mistakes_are_named_and_cost_nothing() {
        let lines = ["path", "maxdepth x", "maxdepth 1001", "bogus", "maxdepth", "path /a b", "maxdepth 3"];
        let mut script = Script::new(lines);
        let value = create(&mut script).unwrap().unwrap();
        assert_eq!(json::to_string(&value).unwrap(), r#"{"maxdepth":3,"paths":["/a b"]}"#);
        for line in [
            "search> ",
            "Missing parameter, try again",
            "ERROR: maxdepth argument must be an integer",
            "ERROR: maxdepth should be specified from 0-1000",
            "ERROR: Invalid command, try help",
        ] {
            assert!(script.has_said(line), "{line} in {script:#?}");
        }
    }
}
