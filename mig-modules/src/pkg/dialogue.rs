//! The interactive creator: lines of a keyword and a value.

use super::{FLAGS, PkgModule, args::Draft, params::Params};
use crate::dialogue::{Fault, argument, fill_in, help};
use mig_core::{
    json::Value,
    module::{Module, Terminal},
};
use std::io;

/// Asks until `done`, which the end of input counts as. Values are checked when all are there.
pub(super) fn create(terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
    let help = help("pkg", &PkgModule.info());
    let mut draft = Draft::default();
    fill_in(terminal, "search> ", &help, &mut |keyword, value| store(&mut draft, keyword, value))?;
    let params = draft.params().map_err(io::Error::other)?;
    // It may still be run elsewhere or edited by hand.
    if let Err(error) = Params::parse(&params) {
        terminal.say(&format!("Warning: {error:#}"))?;
    }
    Ok(Some(params))
}

fn store(draft: &mut Draft, keyword: &str, value: Option<&str>) -> Result<(), Fault> {
    draft.read(&[argument(FLAGS, keyword, value)?]).map_err(Fault::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::{json, testing::Script};

    #[test]
    fn the_end_of_input_counts_as_done() {
        let lines =
            ["name bash", "name", "bogus x", "languages", "osv /nowhere", "versioncmp <5", "version ["];
        let mut script = Script::new(lines);
        let params = create(&mut script).unwrap().unwrap();
        let text = json::to_string(&params).unwrap();
        assert_eq!(
            text,
            r#"{"languages":true,"pkgmatch":{"matches":["bash"]},"vercmp":"\u003c5","vermatch":"["}"#
        );
        assert!(script.has_said("search> "));
        assert!(script.said().last().unwrap().starts_with("Warning: vermatch '['"));
    }
}
