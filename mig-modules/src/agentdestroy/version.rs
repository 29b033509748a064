//! The version that an agent's program gives of itself.

use crate::net::{WaitError, in_background};
use mig_core::{json, limits, module::Stop};
use std::{
    io,
    process::{Command, Stdio},
    time::Duration,
};

/// How long the program may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest answer, in bytes.
const MAX_BYTES: usize = 4 << 10;
/// What our agents print in front of their version.
const PREFIX: &str = "mig-agent ";

#[derive(Debug, thiserror::Error)]
pub(super) enum VersionError {
    #[error(transparent)]
    Wait(#[from] WaitError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs a program that is known to be an agent's with `-V`: it prints its version and a line end.
pub(super) fn of_program(
    mut command: Command,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<String, VersionError> {
    command.arg("-V").env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let output = child.stdout.take();
    let text = in_background(PATIENCE, checkpoint, move || {
        output.map_or(Ok(Vec::new()), |output| limits::read(output, MAX_BYTES))
    });
    // It has said everything, or too late or too much. It may end by itself at the same time.
    child.kill().ok();
    child.wait()?;
    let text = json::lossy(&text??);
    let version = text.strip_suffix('\n').unwrap_or(&text);
    Ok(version.strip_prefix(PREFIX).unwrap_or(version).to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    fn version(script: &str) -> Result<String, VersionError> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        of_program(command, &|| Ok(()))
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
        let error = of_program(command, &stop).unwrap_err();
        assert!(matches!(error, VersionError::Wait(WaitError::Stopped(Stop::Cancelled))));
        assert!(begin.elapsed() < Duration::from_millis(200), "{:?}", begin.elapsed());
    }
}
