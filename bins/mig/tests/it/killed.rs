//! A process that is killed at any point loses nothing.
#![cfg(unix)]

use crate::support::World;
use rustix::process::{Pid, Signal, kill_process};
use std::{fs::File, thread, time::Duration};

/// Points at which the process is killed; `MIG_TEST_KILLS` asks for more.
fn kills() -> u64 {
    std::env::var("MIG_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

#[test]
fn every_command_of_a_killed_run_ends_with_exactly_one_result() {
    let world = World::new();
    world.file("one", "");
    let files = world.files();
    let path = files.to_str().expect("text");
    for point in 0..kills() {
        let mut run = world.command(&["file", "-path", path, "-name", "^one$"]).spawn().expect("mig starts");
        thread::sleep(Duration::from_millis(3 + point * 7 % 60));
        // It fails if the run has ended before.
        run.kill().ok();
        run.wait().expect("mig ends");
    }
    // The next run finishes what the killed ones left behind: leases of dead processes are released at once.
    for _ in 0..20 {
        let last = world.search(&[], &["-name", "^one$"]);
        assert!(last.code == 0 && last.out.contains("/files/one"), "{last:?}");
        let listed = world.mig(&["actions", "--format", "csv"]);
        let unfinished = ["pending", "scheduled", "preparing", "inflight"];
        if !unfinished.iter().any(|status| listed.out.contains(status)) {
            return every_action_has_one_answer(&world);
        }
    }
    panic!("some actions of killed runs never end: {:?}", world.mig(&["actions", "--format", "csv"]));
}

fn every_action_has_one_answer(world: &World) {
    let listed = world.mig(&["actions", "--format", "ndjson"]);
    for line in listed.out.lines() {
        let id = line.split_once("\"id\":").expect("an id").1.split_once(',').expect("more").0;
        let results = world.mig(&["results", id, "--format", "ndjson"]);
        assert_eq!(results.out.lines().count(), 1, "{line}: {results:?}");
        assert!(results.out.contains("\"status\":\"success\""), "{results:?}");
    }
}

#[test]
fn an_interrupt_cancels_what_was_asked() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = busy_world();
        assert_eq!(interrupted(&world, "all", signal), Some(5));
        let actions = world.mig(&["actions", "--format", "ndjson"]).out;
        assert!(actions.contains("\"cancelled\""), "{actions}");
    }
}

#[test]
fn an_interrupt_ends_a_module_in_this_process() {
    assert_eq!(interrupted(&busy_world(), "local", Signal::INT), Some(5));
}

/// A file that takes long to be read and no place on the disk.
fn busy_world() -> World {
    let world = World::new();
    let file = File::create(world.files().join("zeros")).expect("a file");
    file.set_len(1 << 38).expect("a sparse file");
    world
}

/// The exit code of a search that is under way when the signal comes.
fn interrupted(world: &World, target: &str, signal: Signal) -> Option<i32> {
    let files = world.files();
    let path = files.to_str().expect("text");
    let mut run = world
        .command(&["file", "-t", target, "-path", path, "-content", "never"])
        .spawn()
        .expect("mig starts");
    thread::sleep(Duration::from_millis(700));
    let id = i32::try_from(run.id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(id, signal).expect("a signal");
    run.wait().expect("its end").code()
}
