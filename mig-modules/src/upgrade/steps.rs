//! The steps of an upgrade, in their order. Until the new program has its place, nothing that is in use is touched; from then on a stop
//! does not interrupt it.

use super::{
    download::{self, DownloadError},
    error::UpgradeError,
    params::{Instruction, Instructions},
    place::{Former, Place, Staged, Unused},
    result::{Elements, Statistics},
    rollback,
    running::Running,
    settings::Settings,
    signatures, start,
};
use crate::{
    agent_program,
    sys::{self, Pid, SystemError},
};
use mig_core::{agent, module::Session};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Instant, SystemTime},
};

/// Replaces the agent by what is meant for this kind of system.
pub(super) fn upgrade(
    instructions: &Instructions,
    settings: &Settings,
    session: &dyn Session,
    statistics: &mut Statistics,
) -> Result<Elements, UpgradeError> {
    let platform = agent::platform();
    let instruction = instructions.get(&platform).ok_or(UpgradeError::NoInstruction(platform))?;
    if !session.machine().is_running() {
        return Err(SystemError::NotRunning { what: "upgrading the agent" }.into());
    }
    session.checkpoint()?;
    let place = Place::open(&settings.directory)?;
    let running = Running::find(&place, settings, &*sys::of(session.machine()), session)?;
    if running.version.as_deref() == Some(&*instruction.version) {
        return Err(UpgradeError::SameVersion(instruction.version.clone()));
    }
    signatures::check(instruction, settings, SystemTime::now())?;
    let staged = download(instruction, place.stage()?, settings, session, statistics)?;
    let program = staged.finish()?;
    check_version(&program, &instruction.version, session)?;
    session.checkpoint()?;
    let new_pid = install(&place, program, &instruction.version, &running, settings)?;
    Ok(Elements { old_pid: running.pid, new_pid })
}

/// Writes what comes, and compares its digest.
fn download<'a>(
    instruction: &Instruction,
    mut staged: Staged<'a>,
    settings: &Settings,
    session: &dyn Session,
    statistics: &mut Statistics,
) -> Result<Staged<'a>, UpgradeError> {
    let begin = Instant::now();
    let mut digest = Sha256::new();
    let size = download::fetch(&instruction.location, settings, session, |bytes| {
        digest.update(bytes);
        staged.write(bytes)
    });
    let size = size.map_err(|error| match error {
        DownloadError::Stopped(stop) => UpgradeError::Stopped(stop),
        source => UpgradeError::Download { location: instruction.location.clone(), source },
    })?;
    *statistics = Statistics::of(begin.elapsed(), size);
    let got = digest.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can not fail.
        write!(text, "{byte:02x}").ok();
        text
    });
    if got == instruction.checksum {
        Ok(staged)
    } else {
        Err(UpgradeError::Checksum { got, expected: instruction.checksum.clone() })
    }
}

/// Runs the new program for the first time.
fn check_version(program: &Unused<'_>, expected: &str, session: &dyn Session) -> Result<(), UpgradeError> {
    let got = agent_program::version(Command::new(program.path()), &|| session.checkpoint());
    let got =
        got.map_err(|error| error.stop().map_or(UpgradeError::NoVersion(error), UpgradeError::Stopped))?;
    if got == expected { Ok(()) } else { Err(UpgradeError::Version { got, expected: expected.to_owned() }) }
}

/// Puts the new program in its place and starts it; goes back if it does not come up.
fn install(
    place: &Place,
    program: Unused<'_>,
    version: &str,
    running: &Running,
    settings: &Settings,
) -> Result<Pid, UpgradeError> {
    let now = place.former()?;
    let (path, name) = program.put(version)?;
    place.lead_to(&name, &now)?;
    let started =
        start::start(&path, settings).and_then(|()| start::wait_for_agent(&path, &running.pids, settings));
    started.map_err(|why| {
        let steps = rollback::roll_back(place, &former(now, &name, running), &path, settings);
        UpgradeError::NotUp { why, steps }
    })
}

/// Where to go back to. An upgrade that was killed after it had changed the link has left it leading to the same new program: then
/// the program that runs is the former one.
fn former(now: Former, new: &Path, running: &Running) -> Former {
    match (&now, &running.name) {
        (Former::Link(text), Some(name)) if text == new => Former::Link(PathBuf::from(name)),
        _ => now,
    }
}
