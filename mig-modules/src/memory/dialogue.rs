//! The interactive creator: searches by label, each filled in by lines of a keyword and a value.

use super::{
    FLAGS, MemoryModule,
    args::{Draft, check_numbers, parameters},
    params::Params,
    wire::Search,
};
use crate::dialogue::{End, Fault, Label, argument, ask_label, fill_in, help};
use mig_core::{
    json::Value,
    module::{Module, Terminal},
};
use std::{collections::BTreeMap, io};

/// Asks for searches until `done` stands in place of a label; `None` at the end of input.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    let help = help("memory", &MemoryModule.info());
    let mut searches = BTreeMap::new();
    loop {
        let taken = |label: &str| searches.contains_key(label);
        let label = match ask_label(terminal, &help, &taken, &|label| check(label, Search::default()))? {
            Label::Named(label) => label,
            Label::Done => return parameters(searches).map(Some).map_err(io::Error::other),
            Label::EndOfInput => return Ok(None),
        };
        // Recorded dialogues of the original hold that here, other than in its command line, nothing is on.
        let mut draft = Draft::default();
        let prompt = format!("search '{label}'> ");
        let end = fill_in(terminal, &prompt, &help, &mut |keyword, value| store(&mut draft, keyword, value))?;
        if end == End::EndOfInput {
            return Ok(None);
        }
        searches.insert(label, draft.search());
    }
}

/// Checks one line on its own, then adds it.
fn store(draft: &mut Draft, keyword: &str, value: Option<&str>) -> Result<(), Fault> {
    let arguments = [argument(FLAGS, keyword, value)?];
    // A number that is none takes back an earlier one, as in the original.
    draft.forget_number(keyword);
    let mut alone = Draft::default();
    alone.read(&arguments).map_err(|error| Fault::Invalid(error.to_string()))?;
    check("probe", alone.search()).map_err(Fault::Invalid)?;
    if keyword == "matchall" {
        draft.forget_match_any();
    }
    draft.read(&arguments).map_err(|error| Fault::Invalid(error.to_string()))
}

/// Whether the module would take a search.
fn check(label: &str, search: Search) -> Result<(), String> {
    check_numbers(&search.options).map_err(|error| error.to_string())?;
    let params = parameters([(label.to_owned(), search)]).map_err(|error| error.to_string())?;
    Params::parse(&params).map(drop).map_err(|error| error.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::{json, testing::Script};

    fn play(lines: &[&str]) -> (Option<String>, Script) {
        let mut script = Script::new(lines.iter().copied());
        let value = create(&mut script).unwrap();
        (value.map(|value| json::to_string(&value).unwrap()), script)
    }

    #[test]
    fn mistakes_are_named_and_cost_nothing_but_numbers() {
        let lines = [
            "a b",
            "s1",
            "name (",
            "bytes f",
            "name",
            "matchall x",
            "bogus",
            "maxlength 5",
            "maxlength inf",
            "lib x",
            "offset 1",
            "done",
            "done",
        ];
        let (value, said) = play(&lines);
        assert_eq!(value.unwrap(), r#"{"searches":{"s1":{"libraries":["x"],"options":{"offset":1}}}}"#);
        for line in [
            "ERROR: The syntax of label 'a b' is invalid. Must match regex ^([a-zA-Z0-9_-]){1,64}$",
            "ERROR: Invalid regexp '('. Must be a regexp. Compilation failed with 'error parsing regexp: missing closing ): `(`'",
            "ERROR: Invalid bytes 'f'. Must be an hexadecimal byte string without leading 0x. ex: 'ff00d1ab'",
            "Missing parameter, try again",
            "This option doesn't take arguments, try again",
            "Invalid method!",
            "ERROR: flag -maxlength: inf is no number of bytes",
            "Stored lib x",
        ] {
            assert!(said.has_said(line), "{line} in {said:#?}");
        }
    }

    #[test]
    fn the_end_of_input_gives_up() {
        assert_eq!(play(&[]).0, None);
        assert_eq!(play(&["s1", "name x"]).0, None);
    }

    #[test]
    fn the_last_word_on_matching_counts() {
        let options = |lines: &[&str]| play(lines).0.unwrap();
        let none = r#"{"searches":{"s1":{"options":{}}}}"#;
        assert_eq!(options(&["s1", "matchall", "matchany", "done", "done"]), none);
        let all = r#"{"searches":{"s1":{"options":{"matchall":true}}}}"#;
        assert_eq!(options(&["s1", "matchany", "matchall", "done", "done"]), all);
    }
}
