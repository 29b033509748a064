//! The program of an agent, and what it says when it is asked.

use crate::net::{TICK, WaitError, in_background};
use mig_core::{json, limits, module::Stop};
use std::{
    io::{self, ErrorKind},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The name of the program of agents.
pub(crate) const AGENT: &str = "mig-agent";

/// How long the program may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a program file may be held open for writing by a process that just begins.
const BUSY: Duration = Duration::from_secs(1);
/// Longest answer, in bytes.
const MAX_BYTES: usize = 4 << 10;
/// What our agents print in front of their version.
const PREFIX: &str = "mig-agent ";

/// Why a program gives no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(transparent)]
    Wait(#[from] WaitError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl AskError {
    /// The stop, if it was one.
    pub(crate) fn stop(&self) -> Option<Stop> {
        if let Self::Wait(WaitError::Stopped(stop)) = self { Some(*stop) } else { None }
    }
}

/// The version that a program which is known to be an agent's gives with `-V`: it prints it and a line end.
pub(crate) fn version(
    mut command: Command,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<String, AskError> {
    command.arg("-V");
    let text = answer(command, checkpoint)?;
    let version = text.strip_suffix('\n').unwrap_or(&text);
    Ok(version.strip_prefix(PREFIX).unwrap_or(version).to_owned())
}

/// What a program prints, up to a limit of time and size.
pub(crate) fn answer(
    mut command: Command,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<String, AskError> {
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = spawn(&mut command)?;
    let output = child.stdout.take();
    let text = in_background(PATIENCE, checkpoint, move || {
        output.map_or(Ok(Vec::new()), |output| limits::read(output, MAX_BYTES))
    });
    // It has said everything, or too late or too much. It may end by itself at the same time.
    child.kill().ok();
    child.wait()?;
    Ok(json::lossy(&text??))
}

/// Starts a program that was written a moment ago. A process that another thread starts at the same time has the file open for
/// writing until its own program begins.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let begin = Instant::now();
    loop {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && begin.elapsed() < BUSY => {
                thread::sleep(TICK);
            }
            outcome => return outcome,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn version(script: &str) -> Result<String, AskError> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        super::version(command, &|| Ok(()))
    }

    #[test]
    fn both_ways_to_give_a_version_are_understood() {
        assert_eq!(version("echo 1.2.3").unwrap(), "1.2.3");
        assert_eq!(version("echo mig-agent 1.2.3").unwrap(), "1.2.3");
        assert_eq!(version(r#"echo "$0""#).unwrap(), "-V");
        assert_eq!(version("").unwrap(), "");
    }

    #[test]
    fn a_program_that_talks_on_and_on_is_ended() {
        let error = version("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done").unwrap_err();
        assert_eq!(error.to_string(), "larger than 4096 bytes");
    }

    #[test]
    fn a_stop_ends_a_program_that_is_silent() {
        let begin = Instant::now();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec sleep 60"]);
        let stop = move || if begin.elapsed().as_millis() < 20 { Ok(()) } else { Err(Stop::Cancelled) };
        let error = super::version(command, &stop).unwrap_err();
        assert_eq!(error.stop(), Some(Stop::Cancelled));
        assert!(begin.elapsed() < Duration::from_secs(30), "nobody waited for the program");
    }

    #[test]
    fn a_program_that_is_still_being_written_is_waited_for() {
        use std::{fs, os::unix::fs::PermissionsExt};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("agent");
        fs::write(&path, "#!/bin/sh\necho 7\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o500)).unwrap();
        let mut writer = Some(fs::OpenOptions::new().append(true).open(&path).unwrap());
        thread::scope(|scope| {
            let asking = scope.spawn(|| super::version(Command::new(&path), &|| Ok(())));
            thread::sleep(Duration::from_millis(20));
            writer = None;
            assert_eq!(asking.join().unwrap().unwrap(), "7");
        });
    }
}
