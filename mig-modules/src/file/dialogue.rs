//! The interactive creator: searches by label, each filled in by lines of a keyword and a value.

use super::{
    FLAGS, FileModule,
    args::{Draft, parameters},
    params::Params,
    wire::{Options, Search},
};
use crate::dialogue::{End, Fault, Label, argument, ask_label, fill_in, help};
use mig_core::{
    json::Value,
    module::{Module, Terminal},
};
use std::{collections::BTreeMap, io};

/// Asks for searches until `done` stands in place of a label; `None` at the end of input.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    let help = help("file", &FileModule.info());
    let mut searches = BTreeMap::new();
    loop {
        let taken = |label: &str| searches.contains_key(label);
        let label = match ask_label(terminal, &help, &taken, &|label| check(label, probe()))? {
            Label::Named(label) => label,
            Label::Done => return parameters(searches).map(Some).map_err(io::Error::other),
            Label::EndOfInput => return Ok(None),
        };
        let Some(search) = ask_search(terminal, &label, &help)? else { return Ok(None) };
        searches.insert(label, search);
    }
}

fn ask_search(terminal: &mut dyn Terminal, label: &str, help: &str) -> io::Result<Option<Search>> {
    let mut draft = Draft::new(defaults());
    let prompt = format!("search '{label}'> ");
    let end = fill_in(terminal, &prompt, help, &mut |keyword, value| store(&mut draft, keyword, value))?;
    if end == End::EndOfInput {
        return Ok(None);
    }
    let search = draft.search();
    // It may still be run elsewhere or edited by hand.
    if let Err(error) = check(label, search.clone()) {
        terminal.say(&format!("Warning: {error}"))?;
    }
    Ok(Some(search))
}

/// Checks one line on its own, then adds it.
fn store(draft: &mut Draft, keyword: &str, value: Option<&str>) -> Result<(), Fault> {
    let arguments = [argument(FLAGS, keyword, value)?];
    let mut alone = Draft::new(defaults());
    alone.read(&arguments).map_err(|error| Fault::Invalid(error.to_string()))?;
    check("probe", Search { paths: probe().paths, ..alone.search() }).map_err(Fault::Invalid)?;
    if keyword == "matchall" {
        draft.forget_match_any();
    }
    draft.read(&arguments).map_err(|error| Fault::Invalid(error.to_string()))
}

/// Whether the module would take a search.
fn check(label: &str, search: Search) -> Result<(), String> {
    let params = parameters([(label.to_owned(), search)]).map_err(|error| error.to_string())?;
    Params::parse(&params).map(drop).map_err(|error| error.reason)
}

/// A search without faults.
fn probe() -> Search {
    Search { paths: Some(vec!["/".to_owned()]), ..Search::default() }
}

/// The original's defaults here differ from those of its command line, and recorded dialogues hold them.
fn defaults() -> Options {
    Options { max_depth: 30.0, match_all: true, match_limit: 1000.0, ..Options::default() }
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
        let (value, said) = play(&[
            "s1",
            "name (",
            "name",
            "matchall x",
            "bogus x",
            "mismatch foo",
            "maxdepth x",
            "size <",
            "path /a b",
            "done",
            "done",
        ]);
        let search = value.unwrap().get("searches").and_then(|all| all.get("s1")).cloned().unwrap();
        assert_eq!(search.get("paths"), Some(&Value::List(vec!["/a b".into()])));
        assert_eq!(search.get("names"), None);
        for line in [
            "ERROR: Invalid regexp '('. Must be a regexp. Compilation failed with 'error parsing regexp: missing closing ): `(`'",
            "Try again.",
            "Missing parameter, try again",
            "This option doesn't take arguments, try again",
            "Invalid method!",
            "ERROR: invalid value \"x\" for flag -maxdepth: parse error",
            "Stored path /a b",
            "Enter a new parameter, or 'done' to exit.",
            "search 's1'> ",
        ] {
            assert!(said.has_said(line), "{line} in {said:#?}");
        }
    }

    #[test]
    fn the_end_of_input_gives_up() {
        assert_eq!(play(&[]).0, None);
        assert_eq!(play(&["s1", "path /etc"]).0, None);
    }

    #[test]
    fn a_bad_label_is_refused() {
        let (value, said) = play(&["", "done"]);
        assert_eq!(value, Some(Value::Map(BTreeMap::new())));
        assert!(said.has_said("ERROR: empty labels are not permitted"));
    }

    #[test]
    fn help_shows_the_keywords() {
        let (_, said) = play(&["help", "s1", "help", "done", "done"]);
        assert_eq!(said.said().iter().filter(|line| line.contains("-mtime <age>")).count(), 2);
        assert!(said.has_said("Warning: invalid empty search path, must have at least one search path"));
    }

    #[test]
    fn the_last_word_on_matching_counts() {
        let matches_all = |lines: &[&str]| {
            let value = play(lines).0.unwrap();
            let search = value.get("searches").and_then(|all| all.get("s1")).cloned().unwrap();
            search.get("options").and_then(|options| options.get("matchall")).cloned()
        };
        assert_eq!(matches_all(&["s1", "path /", "matchany", "done", "done"]), Some(Value::Bool(false)));
        assert_eq!(
            matches_all(&["s1", "path /", "matchany", "matchall", "done", "done"]),
            Some(Value::Bool(true))
        );
    }
}
