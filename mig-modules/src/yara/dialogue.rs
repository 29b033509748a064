//! The interactive creator: a file of rules and what to scan, until `done` or the end of input.

use super::{YaraModule, args::read_rules, params::Params, rules, wire::Parameters};
use crate::dialogue::{End, Fault, fill_in, help, say_error};
use mig_core::{
    json::{self, Value},
    module::{Module, Terminal},
};
use std::{io, path::Path};

/// Asks for parameters, until there are complete ones or no more input.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    let mut parameters = Parameters::default();
    let help = help("yara", &YaraModule.info());
    loop {
        let end = fill_in(terminal, "search> ", &help, &mut |keyword, value| {
            store(&mut parameters, keyword, value)
        })?;
        match Params::check(&parameters) {
            Ok(_) => return json::to_value(&parameters).map(Some).map_err(io::Error::other),
            Err(error) => say_error(terminal, &format!("{error:#}"))?,
        }
        if end == End::EndOfInput {
            return Ok(None);
        }
    }
}

fn store(parameters: &mut Parameters, keyword: &str, value: Option<&str>) -> Result<(), Fault> {
    let value = match keyword {
        "rules" | "files" | "processes" => value.ok_or(Fault::MissingValue)?,
        _ => return Err(Fault::UnknownKeyword),
    };
    match keyword {
        "rules" => {
            let text = read_rules(Path::new(value)).map_err(Fault::Invalid)?;
            rules::compile(&text).map_err(|error| Fault::Invalid(format!("{error:#}")))?;
            parameters.yara = text;
        }
        "files" => parameters.file_search = value.to_owned(),
        _ => parameters.process_search = value.to_owned(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::testing::Script;
    use std::fs;

    #[test]
    fn mistakes_are_named_and_cost_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            format!("rules {}", path.display())
        };
        let lines = [
            path("good", "rule a { condition: true }"),
            path("bad", "rule a { condition: b }"),
            "files".into(),
            "done".into(),
            "bogus x".into(),
            "files -path /usr".into(),
            "done".into(),
        ];
        let mut script = Script::new(lines);
        let value = create(&mut script).unwrap().unwrap();
        assert_eq!(
            json::to_string(&value).unwrap(),
            r#"{"filesearch":"-path /usr","yara":"rule a { condition: true }"}"#
        );
        for line in [
            "ERROR: line 1, column 21: yara rules: unknown identifier",
            "Missing parameter, try again",
            "ERROR: files or processes to scan are a required option",
            "Invalid method!",
        ] {
            assert!(script.said().iter().any(|said| said.starts_with(line)), "{line} in {script:#?}");
        }
    }
}
