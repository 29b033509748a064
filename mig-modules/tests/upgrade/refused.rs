//! Upgrades of which nothing is done.

use crate::{
    server::Answer,
    world::{World, allow, checksum},
};
use mig_core::{
    agent::{Budget, RunSession},
    module::{Effects, Machine, Module},
};
use mig_modules::upgrade::UpgradeModule;
use std::{fs, num::NonZeroUsize, os::unix::fs::PermissionsExt};

/// A world whose server has version 2.0.
fn world() -> World {
    World::with_program(|world| world.agent("2.0", ""))
}

#[test]
fn without_enough_good_signatures_nothing_is_downloaded() {
    let mut world = world();
    let sum = checksum(world.agent("2.0", "").as_bytes());
    let (ada, ben) = (world.sign(0, &sum), world.sign(1, &sum));
    let forged = world.sign(0, &checksum(b"another program"));
    let stranger = World::without_agent(|_| Answer::Status(500)).sign(0, &sum);
    let url = world.server.url("");
    let of = |world: &World, signatures: &[String]| {
        world.refused(&world.parameters("2.0", &url, &sum, signatures))
    };
    let begin = "nothing was downloaded: ";
    assert_eq!(of(&world, &[]), format!("{begin}the manifest is signed with 0 keys, and 1 are required"));
    for (signatures, part) in [
        (vec![forged.clone()], "signature 1 of the manifest: "),
        (vec![ada.clone(), forged], "signature 2 of the manifest: "),
        (vec![stranger.clone()], "signature 1 of the manifest: "),
        (vec![ada.clone(), stranger], "signature 2 of the manifest: "),
        (vec!["nonsense".to_owned()], "signature 1 of the manifest: "),
        (vec![ada.clone(), ada.clone()], "the manifest is signed twice with the key "),
    ] {
        let error = of(&world, &signatures);
        assert!(error.starts_with(&format!("{begin}{part}")), "{error}");
    }
    world.settings.required_signatures = NonZeroUsize::new(3).unwrap();
    let error = of(&world, &[ada.clone(), ben.clone()]);
    assert_eq!(error, format!("{begin}the manifest is signed with 2 keys, and 3 are required"));
    let error = of(&world, &[ada.clone(), ben, ada]);
    assert!(error.contains("signed twice"), "{error}");
    assert_eq!(world.server.requests(), 0);
    world.assert_untouched();
}

#[test]
fn keys_that_others_can_change_are_not_believed() {
    let world = world();
    let keys = world.settings.keys.clone();
    let parameters = world.to(&world.agent("2.0", ""));
    let begin = format!("nothing was downloaded: cannot trust the keys in {}: ", keys.display());
    for path in [keys.join("0"), keys.clone()] {
        let mode = path.metadata().unwrap().permissions().mode();
        allow(&path, 0o777);
        let error = world.refused(&parameters);
        assert_eq!(error, format!("{begin}{} can be written by others", path.display()));
        allow(&path, mode);
    }
    fs::remove_dir_all(&keys).unwrap();
    assert!(world.refused(&parameters).starts_with(&begin));
    assert_eq!(world.server.requests(), 0);
    world.assert_untouched();
}

#[test]
fn a_key_that_can_not_be_read_is_named_if_its_owner_may_have_signed() {
    let world = world();
    fs::write(world.settings.keys.join("0"), "broken").unwrap();
    let error = world.refused(&world.to(&world.agent("2.0", "")));
    assert!(error.contains(&format!("; left out {}/0: ", world.settings.keys.display())), "{error}");
    world.assert_untouched();
}

#[test]
fn a_wrong_checksum_changes_nothing() {
    let world = world();
    let result = world.run(&world.to("another program"));
    let (got, expected) = (checksum(world.agent("2.0", "").as_bytes()), checksum(b"another program"));
    let error =
        format!("verifyChecksum() -> Checksum validation failed. Got '{got}', Expected '{expected}'.");
    assert_eq!(crate::world::only_error(&result), error);
    assert!(result.statistics.get("downloadsize").is_some(), "{result:?}");
    world.assert_untouched();
}

#[test]
fn a_program_of_another_version_is_not_installed() {
    for (cases, error) in [
        ("-V) echo mig-agent 2.1 ;;", "verifyVersion() -> Version mismatch. Got '2.1', Expected '2.0'."),
        ("-V) ;;", "verifyVersion() -> Version mismatch. Got '', Expected '2.0'."),
        ("-V) yes ;;", "verifyVersion() -> cannot run what was downloaded: larger than 4096 bytes"),
    ] {
        let world = World::with_program(|world| world.agent("2.0", cases));
        assert_eq!(world.refused(&world.to(&world.agent("2.0", cases))), error);
        world.assert_untouched();
    }
}

#[test]
fn what_is_no_program_of_this_system_is_not_installed() {
    let world = World::with_program(|_| "\x7fELF of another processor".to_owned());
    let error = world.refused(&world.to("\x7fELF of another processor"));
    assert!(error.starts_with("verifyVersion() -> cannot run what was downloaded: "), "{error}");
    world.assert_untouched();
}

#[test]
fn a_new_program_that_says_nothing_is_ended_when_the_run_is() {
    let silent = "-V) touch \"$run/asked\"; exec sleep 600 ;;";
    let world = World::with_program(|world| world.agent("2.0", silent));
    let session = RunSession::new(Budget::default());
    let (cancel, asked) = (session.cancel_handle(), world.root().join("run/asked"));
    let result = std::thread::scope(|scope| {
        scope.spawn(move || {
            while !asked.exists() {
                std::thread::yield_now();
            }
            cancel.cancel();
        });
        world.run_in(&world.to(&world.agent("2.0", silent)), session)
    });
    assert_eq!(crate::world::only_error(&result), "stop message received, terminating early");
    world.assert_untouched();
}

#[test]
fn the_version_that_runs_is_not_installed_again() {
    let world = world();
    let sum = checksum(world.agent("2.0", "").as_bytes());
    let parameters = world.parameters("1.0", &world.server.url(""), &sum, &[world.sign(0, &sum)]);
    assert_eq!(world.refused(&parameters), "Agent is already running version 1.0");
    assert_eq!(world.server.requests(), 0);
    world.assert_untouched();
}

#[test]
fn systems_without_an_instruction_stay_as_they_are() {
    let world = world();
    let mut parameters = mig_core::json::to_string(&world.to(&world.agent("2.0", ""))).unwrap();
    let platform = mig_core::agent::platform();
    parameters = parameters.replace(&platform, "plan9/mips");
    let parameters = mig_core::json::from_str(&parameters).unwrap();
    let expected = format!("no upgrade instruction found for {platform}");
    assert_eq!(world.refused(&parameters), expected);
    let run = UpgradeModule::BUILT_IN.prepare(&parameters).unwrap();
    let error = run.check_here(&Machine::Running).unwrap_err();
    assert_eq!((error.reason, error.place), (expected, Some(platform)));
    assert_eq!(world.server.requests(), 0);
    world.assert_untouched();
}

#[test]
fn images_have_no_agent_to_replace() {
    let world = world();
    let image = tempfile::tempdir().unwrap();
    let session = RunSession::new(Budget::default()).on(Machine::image(image.path()).unwrap());
    let result = world.run_in(&world.to(&world.agent("2.0", "")), session);
    assert_eq!(
        crate::world::only_error(&result),
        "upgrading the agent needs a running machine, not an image"
    );
    world.assert_untouched();
}

#[test]
fn nothing_is_installed_or_run_where_others_can_write() {
    let world = world();
    let parameters = world.to(&world.agent("2.0", ""));
    let (place, root) = (world.settings.directory.clone(), world.root().to_owned());
    for path in [&place, &root] {
        let mode = path.metadata().unwrap().permissions().mode();
        for open in [0o777, 0o770] {
            allow(path, open);
            let expected = format!(
                "cannot install in '{}': {} can be written by others",
                place.display(),
                path.display()
            );
            assert_eq!(world.refused(&parameters), expected);
        }
        allow(path, mode);
    }
    allow(&world.path("mig-agent-1.0"), 0o757);
    let expected = format!(
        "cannot replace '{}': {} can be written by others",
        world.link().display(),
        world.path("mig-agent-1.0").display()
    );
    assert_eq!(world.refused(&parameters), expected);
    assert_eq!(world.server.requests(), 0);
    world.assert_untouched();
}

#[test]
fn what_is_neither_a_program_nor_a_link_is_not_replaced() {
    let world = world();
    fs::remove_file(world.link()).unwrap();
    fs::create_dir(world.link()).unwrap();
    allow(&world.link(), 0o755);
    let error = world.refused(&world.to(&world.agent("2.0", "")));
    assert!(error.ends_with("it is neither a program nor a link to one"), "{error}");
    assert_eq!(world.names(), ["mig-agent", "mig-agent-1.0"]);
}

#[test]
fn two_upgrades_do_not_work_in_one_place() {
    let world = world();
    let other = fs::File::open(&world.settings.directory).unwrap();
    other.lock().unwrap();
    let expected = format!(
        "cannot install in '{}': another upgrade is at work there",
        world.settings.directory.display()
    );
    assert_eq!(world.refused(&world.to(&world.agent("2.0", ""))), expected);
    world.assert_untouched();
    drop(other);
    assert!(world.run(&world.to(&world.agent("2.0", ""))).success);
}

#[test]
fn it_is_told_that_it_changes_the_machine_and_has_no_command_line() {
    let module = UpgradeModule::BUILT_IN;
    assert_eq!(module.info().effects, Effects::Changes);
    assert!(module.parse_args(&["-x".to_owned()]).unwrap_err().to_string().contains("has no command line"));
}
