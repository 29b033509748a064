//! Servers that do not give what they should.

use crate::{server::Answer, world::World};
use mig_core::agent::{Budget, RunSession};
use std::{fs, thread, time::Duration};

/// What is told of a download that fails, behind the location.
fn failure(answer: Answer, set: impl Fn(&mut World)) -> String {
    let mut world = World::new(move |_| answer.clone());
    set(&mut world);
    let error = world.refused(&world.to("any"));
    world.assert_untouched();
    let begin = format!("cannot download '{}': ", world.server.url("mig-agent"));
    error.strip_prefix(&begin).unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[test]
fn only_status_200_is_a_program() {
    for status in [204, 206, 304, 403, 404, 500] {
        let told = failure(Answer::Status(status), |_| ());
        assert!(told.starts_with(&format!("the server answers with status {status} ")), "{told}");
    }
}

#[test]
fn nothing_is_taken_without_encryption() {
    let location = "http://localhost/mig-agent";
    let told = failure(Answer::Redirect(location.to_owned()), |_| ());
    assert_eq!(told, format!("it is sent to '{location}', which is not https"));
}

#[test]
fn a_server_that_sends_elsewhere_for_ever_is_left() {
    assert_eq!(failure(Answer::Redirect("/again".to_owned()), |_| ()), "too many redirects");
}

#[test]
fn a_download_without_end_is_cut_off() {
    let told = failure(Answer::Endless, |world| world.settings.program_bytes = 1 << 20);
    assert_eq!(told, "it is larger than 1048576 bytes");
}

#[test]
fn what_is_announced_as_too_large_is_not_even_begun() {
    let told = failure(Answer::Announced(u64::MAX), |_| ());
    assert_eq!(told, "it is larger than 134217728 bytes");
}

#[test]
fn half_a_program_is_none() {
    let told = failure(Answer::CutOff(b"#!/bin/sh".to_vec()), |_| ());
    assert!(!told.contains("Checksum"), "{told}");
}

#[test]
fn a_server_that_says_nothing_more_is_left() {
    let told = failure(Answer::Stalled(b"#!/bin/sh".to_vec()), |world| {
        world.settings.patience.silence = Duration::from_millis(200);
    });
    assert_eq!(told, "the server was silent for 200ms");
}

#[test]
fn a_download_that_takes_too_long_is_given_up() {
    let told = failure(Answer::Stalled(b"#!/bin/sh".to_vec()), |world| {
        world.settings.patience.download = Duration::from_millis(300);
    });
    assert_eq!(told, "it takes longer than 300ms");
}

#[test]
fn a_stop_ends_a_download_that_stalls_and_its_connection() {
    let world = World::new(|_| Answer::Stalled(b"#!/bin/sh".to_vec()));
    let session = RunSession::new(Budget::default());
    let cancel = session.cancel_handle();
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            while world.server.requests() == 0 {
                thread::yield_now();
            }
            cancel.cancel();
        });
        world.run_in(&world.to("any"), session)
    });
    assert_eq!(crate::world::only_error(&result), "stop message received, terminating early");
    // The server sees the end of the connection, though it was waiting without a limit.
    while world.server.connections() > 0 {
        thread::yield_now();
    }
    world.assert_untouched();
}

#[test]
fn a_server_whose_certificate_nobody_knows_is_not_believed() {
    let other = World::without_agent(|_| Answer::Status(500));
    let told = failure(Answer::Body(b"any".to_vec()), |world| {
        fs::write(world.settings.extra_roots.as_ref().unwrap(), &other.server.authority).unwrap();
    });
    assert!(told.contains("certificate"), "{told}");
}

#[test]
fn a_file_of_authorities_without_a_certificate_is_named() {
    let told = failure(Answer::Body(b"any".to_vec()), |world| {
        fs::write(world.settings.extra_roots.as_ref().unwrap(), "nothing").unwrap();
    });
    assert!(told.starts_with("cannot read the certificate authorities in /"), "{told}");
    assert!(told.ends_with("/roots.pem: there is no certificate in it"), "{told}");
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let world = World::new(|_| Answer::Status(500));
    let sum = "c".repeat(64);
    let parameters = world.parameters("2.0", "https://localhost:1/x", &sum, &[world.sign(0, &sum)]);
    let error = world.refused(&parameters);
    assert!(error.starts_with("cannot download 'https://localhost:1/x': "), "{error}");
    world.assert_untouched();
}
