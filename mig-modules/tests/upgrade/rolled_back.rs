//! New agents that do not come up.

use crate::{
    server::Answer,
    world::{World, read},
};
use std::{fs, path::Path, time::Duration};

/// A new agent with these cases is given up, and the old one runs again; what is told.
fn rolled_back(cases: &str, set: impl Fn(&mut World)) -> String {
    let mut world = World::with_program(|world| world.agent("2.0", cases));
    set(&mut world);
    let error = world.refused(&world.to(&world.agent("2.0", cases)));
    assert_eq!(fs::read_link(world.link()).expect("a link"), Path::new("mig-agent-1.0"));
    assert_eq!(world.orders(), ["1.0 -u", "2.0 -u", "1.0 -u"]);
    assert_eq!(world.names(), ["mig-agent", "mig-agent-1.0", "mig-agent-2.0"]);
    let (new, link) = (world.path("mig-agent-2.0"), world.link());
    let end = format!(
        "; '{}' leads to 'mig-agent-1.0' again; the former agent runs as PID {}; '{}' was left there",
        link.display(),
        world.pid(),
        new.display()
    );
    let error = error.strip_prefix("the new agent did not come up: ").unwrap_or_else(|| panic!("{error}"));
    let why = error.strip_suffix(&end).unwrap_or_else(|| panic!("{error}"));
    why.replace(&new.display().to_string(), "NEW")
}

fn hurry(world: &mut World) {
    world.settings.patience.come_up = Duration::from_secs(1);
}

#[test]
fn an_agent_that_can_not_be_started_is_given_up() {
    assert_eq!(rolled_back("-u) exit 3 ;;", |_| ()), "'NEW -u' ended with exit status: 3");
}

#[test]
fn an_agent_that_starts_for_ever_is_given_up_with_all_that_it_started() {
    let why = rolled_back("-u) sleep 600 ;;", |world| {
        world.settings.patience.start = Duration::from_millis(500);
    });
    assert_eq!(why, "'NEW -u' did not end within 500ms");
}

#[test]
fn an_agent_that_never_answers_is_given_up() {
    assert_eq!(rolled_back("-u) ;; -q) ;;", hurry), "'NEW -q pid' named no new process within 1s");
}

#[test]
fn the_old_agent_is_not_taken_for_the_new_one() {
    // It answers with the process that was there before.
    assert_eq!(rolled_back("-u) ;;", hurry), "'NEW -q pid' named no new process within 1s");
}

#[test]
fn an_agent_that_dies_soon_is_given_up() {
    // It is there once.
    let dying = "-q) cat \"$run/pid\"; rm -f \"$run/pid\" ;;";
    assert_eq!(rolled_back(dying, hurry), "'NEW -q pid' named no new process within 1s");
}

#[test]
fn a_program_in_place_of_the_link_is_there_again() {
    let world = World::with_program(|world| world.agent("2.0", "-u) exit 1 ;;"));
    fs::rename(world.path("mig-agent-1.0"), world.link()).unwrap();
    let error = world.refused(&world.to(&world.agent("2.0", "-u) exit 1 ;;")));
    assert!(
        error.contains("/mig-agent' is the former program again; the former agent runs as PID "),
        "{error}"
    );
    assert!(world.link().symlink_metadata().unwrap().is_file());
    assert_eq!(read(&world.link()), world.agent("1.0", "").as_bytes());
    assert_eq!(world.orders(), ["1.0 -u", "2.0 -u", "1.0 -u"]);
}

#[test]
fn where_no_agent_was_none_is_left_to_be_used() {
    let mut world = World::new(|_| Answer::Status(500));
    fs::remove_file(world.link()).unwrap();
    let program = world.agent("2.0", "-u) exit 1 ;;");
    world.serve(&program);
    let error = world.refused(&world.to(&program));
    assert!(
        error.contains("/mig-agent' is gone, as it was before; there is no former agent to start; "),
        "{error}"
    );
    assert_eq!(world.names(), ["mig-agent-1.0", "mig-agent-2.0"]);
}

#[test]
fn a_former_agent_that_does_not_come_back_is_told() {
    let world = World::with_program(|world| world.agent("2.0", "-u) exit 1 ;;"));
    world.install("mig-agent-1.0", &world.agent("1.0", "-u) exit 4 ;;"));
    let error = world.refused(&world.to(&world.agent("2.0", "-u) exit 1 ;;")));
    assert!(error.contains("; the former agent was not started: '"), "{error}");
    assert!(error.contains("/mig-agent-1.0 -u' ended with exit status: 4; '"), "{error}");
    assert_eq!(fs::read_link(world.link()).unwrap(), Path::new("mig-agent-1.0"));
}
