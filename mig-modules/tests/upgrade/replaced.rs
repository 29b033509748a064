//! Upgrades that succeed.

use crate::{
    server::Answer,
    world::{World, checksum, read},
};
use mig_core::{json, module::Module};
use mig_modules::upgrade::UpgradeModule;
use std::{fs, num::NonZeroUsize, os::unix::fs::PermissionsExt, path::Path};

fn mode(path: &Path) -> u32 {
    path.metadata().expect("metadata").permissions().mode() & 0o7777
}

#[test]
fn a_signed_program_replaces_the_agent_and_the_old_one_stays() {
    let world = World::with_program(|world| world.agent("2.0", ""));
    let program = world.agent("2.0", "");
    let old = world.pid();
    let result = world.run(&world.to(&program));
    assert!(result.success && result.found_anything && result.errors.is_none(), "{result:?}");
    let new = world.pid();
    assert_ne!(old, new);
    assert_eq!(json::to_string(&result.elements).unwrap(), format!(r#"{{"newpid":{new},"oldpid":{old}}}"#));
    let statistics = json::to_string(&result.statistics).unwrap();
    assert!(statistics.contains(&format!(r#""downloadsize":{},"#, program.len())), "{statistics}");
    assert!(result.statistics.get("downloadtime").is_some_and(|time| time.as_str().is_some()));
    assert_eq!(fs::read_link(world.link()).unwrap(), Path::new("mig-agent-2.0"));
    assert_eq!(read(&world.path("mig-agent-2.0")), program.as_bytes());
    assert_eq!(mode(&world.path("mig-agent-2.0")), 0o750);
    assert_eq!(world.names(), ["mig-agent", "mig-agent-1.0", "mig-agent-2.0"]);
    assert_eq!(world.orders(), ["1.0 -u", "2.0 -u"]);
    let module = UpgradeModule::BUILT_IN;
    assert_eq!(module.print(&result, true), [format!("a new agent runs as PID {new} beside PID {old}")]);
    assert_eq!(module.rows(&result)[0].len(), module.columns().len());
}

#[test]
fn checksums_are_compared_in_any_letter_case_and_the_lower_one_is_signed() {
    let world = World::with_program(|world| world.agent("2.0", ""));
    let lower = checksum(world.agent("2.0", "").as_bytes());
    let url = world.server.url("");
    let parameters = world.parameters("2.0", &url, &lower.to_ascii_uppercase(), &[world.sign(0, &lower)]);
    assert!(world.run(&parameters).success);
}

#[test]
fn as_many_different_people_as_required_have_to_sign() {
    let mut world = World::with_program(|world| world.agent("2.0", ""));
    world.settings.required_signatures = NonZeroUsize::new(2).unwrap();
    let sum = checksum(world.agent("2.0", "").as_bytes());
    let signatures = [world.sign(0, &sum), world.sign(1, &sum)];
    assert!(world.run(&world.parameters("2.0", &world.server.url(""), &sum, &signatures)).success);
}

#[test]
fn the_first_agent_of_a_machine_is_started_too() {
    let mut world = World::without_agent(|_| Answer::Status(500));
    let program = world.agent("2.0", "");
    world.serve(&program);
    let result = world.run(&world.to(&program));
    assert!(result.success, "{result:?}");
    assert_eq!(result.elements.get("oldpid").and_then(json::Value::as_f64), Some(0.0));
    assert_eq!(world.names(), ["mig-agent", "mig-agent-2.0"]);
}

#[test]
fn a_program_in_place_of_the_link_is_kept_under_another_name() {
    let world = World::with_program(|world| world.agent("2.0", ""));
    fs::rename(world.path("mig-agent-1.0"), world.link()).unwrap();
    // One that was kept before makes way.
    world.install("mig-agent.previous", "");
    assert!(world.run(&world.to(&world.agent("2.0", ""))).success);
    assert_eq!(fs::read_link(world.link()).unwrap(), Path::new("mig-agent-2.0"));
    assert_eq!(read(&world.path("mig-agent.previous")), world.agent("1.0", "").as_bytes());
    assert_eq!(world.names(), ["mig-agent", "mig-agent-2.0", "mig-agent.previous"]);
}

#[test]
fn what_a_killed_upgrade_has_left_is_removed() {
    let world = World::with_program(|world| world.agent("2.0", ""));
    world.install(".mig-agent.download", "half of a program");
    world.install(".mig-agent.new", "");
    assert!(world.run(&world.to(&world.agent("2.0", ""))).success);
    assert_eq!(world.names(), ["mig-agent", "mig-agent-1.0", "mig-agent-2.0"]);
}

#[test]
fn a_redirect_to_https_is_followed() {
    let world = World::with_program(|world| world.agent("2.0", ""));
    let target = world.server.url("there");
    let served = world.agent("2.0", "").into_bytes();
    let server = crate::server::Server::start(move |path| match path {
        "here" => Answer::Redirect(target.clone()),
        _ => Answer::Body(served.clone()),
    });
    let roots = world.server.authority.clone() + &server.authority;
    fs::write(world.settings.extra_roots.as_ref().unwrap(), roots).unwrap();
    let sum = checksum(world.agent("2.0", "").as_bytes());
    let result = world.run(&world.parameters("2.0", &server.url("here"), &sum, &[world.sign(0, &sum)]));
    assert!(result.success, "{result:?}");
    assert_eq!((server.requests(), world.server.requests()), (1, 1));
}
