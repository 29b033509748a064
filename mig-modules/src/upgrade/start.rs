//! Starting what was installed, and waiting until it answers.

use super::{running, settings::Settings};
use crate::{agent_program, net::TICK, sys::Pid};
use mig_core::{duration, sign::PASSPHRASE_VARIABLE};
use rustix::process::{Signal, kill_process_group};
use std::{
    collections::BTreeSet,
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often a new agent is asked whether it is there.
const PAUSE: Duration = Duration::from_millis(250);

/// Why an agent does not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("cannot start '{}': {source}", program.display())]
    Spawn { program: PathBuf, source: io::Error },
    #[error("'{command}' ended with {status}")]
    Failed { command: String, status: ExitStatus },
    #[error("'{command}' did not end within {}", duration::format(*.limit))]
    Slow { command: String, limit: Duration },
    #[error("'{command}' named no new process within {}", duration::format(*.limit))]
    Silent { command: String, limit: Duration },
}

/// Has a program start the agent, and waits until it has ended with success.
pub(super) fn start(program: &Path, settings: &Settings) -> Result<(), StartError> {
    let mut command = Command::new(program);
    command.args(&settings.start_arguments);
    let text = text_of(&command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A daemon must not hold what opens the key of an investigator.
    command.env_remove(PASSPHRASE_VARIABLE);
    // It may end the agent whose child we are, and we end with that: it must not end with us.
    command.process_group(0);
    let failed = |source| StartError::Spawn { program: program.to_owned(), source };
    let mut child = agent_program::spawn(&mut command).map_err(failed)?;
    let limit = settings.patience.start;
    match wait(&mut child, limit).map_err(failed)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(StartError::Failed { command: text, status }),
        None => {
            kill(&mut child).map_err(failed)?;
            Err(StartError::Slow { command: text, limit })
        }
    }
}

/// Waits until a program names the process of an agent that is none of the old ones, and is still there a moment later.
pub(super) fn wait_for_agent(
    program: &Path,
    old: &BTreeSet<Pid>,
    settings: &Settings,
) -> Result<Pid, StartError> {
    let begin = Instant::now();
    let limit = settings.patience.come_up;
    // Nothing stops it: the new program is in use already.
    let ask = || running::ask_pid(program, settings, &|| Ok(())).ok().flatten();
    loop {
        let named = ask().filter(|pid| !old.contains(pid));
        if let Some(pid) = named {
            thread::sleep(settings.patience.settle);
            if ask() == Some(pid) {
                return Ok(pid);
            }
        }
        if begin.elapsed() >= limit {
            let mut command = Command::new(program);
            command.args(&settings.pid_arguments);
            return Err(StartError::Silent { command: text_of(&command), limit });
        }
        thread::sleep(PAUSE);
    }
}

/// `None` if it is still at work.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    loop {
        let status = child.try_wait()?;
        if status.is_some() || begin.elapsed() >= limit {
            return Ok(status);
        }
        thread::sleep(TICK);
    }
}

/// Ends it, and what it has started.
fn kill(child: &mut Child) -> io::Result<()> {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It was not waited for, so its number is its own.
        kill_process_group(group, Signal::KILL)?;
    }
    child.wait().map(drop)
}

fn text_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
