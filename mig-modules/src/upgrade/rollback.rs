//! Back to the former agent, when the new one does not come up.

use super::{
    place::{Former, Place},
    settings::Settings,
    start,
};
use std::{collections::BTreeSet, path::Path};

/// Undoes what was done to the link, and starts what it leads to then: what happened at each step. Nothing is removed that may
/// still be of use.
pub(super) fn roll_back(place: &Place, former: &Former, new: &Path, settings: &Settings) -> Vec<String> {
    let link = place.link();
    let mut steps = Vec::new();
    match place.restore(former) {
        Ok(()) => steps.push(match former {
            Former::Missing => format!("'{}' is gone, as it was before", link.display()),
            Former::Link(text) => format!("'{}' leads to '{}' again", link.display(), text.display()),
            Former::Program => format!("'{}' is the former program again", link.display()),
        }),
        Err(error) => steps.push(error.to_string()),
    }
    steps.extend(start_former(place, settings));
    steps.push(format!("'{}' was left there", new.display()));
    steps
}

/// Starts what the link leads to.
fn start_former(place: &Place, settings: &Settings) -> Vec<String> {
    let program = match place.installed() {
        Ok(Some(program)) => program,
        Ok(None) => return vec!["there is no former agent to start".to_owned()],
        Err(error) => return vec![error.to_string()],
    };
    if let Err(error) = start::start(&program, settings) {
        return vec![format!("the former agent was not started: {error}")];
    }
    match start::wait_for_agent(&program, &BTreeSet::new(), settings) {
        Ok(pid) => vec![format!("the former agent runs as PID {pid}")],
        Err(error) => vec![format!("the former agent was started and does not answer: {error}")],
    }
}
