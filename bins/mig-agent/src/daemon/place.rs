//! The run directory: who this agent is, what it remembers, and that it is the only one there.

use anyhow::{Context, Result, bail};
use mig_core::{
    agent::{AgentName, FileJournal, Owners},
    limits,
    time::Time,
};
use std::{
    fs::{File, TryLockError},
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How long another agent may take to end, such as the former one while the service restarts.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);

/// The run directory of one agent, as long as it lives.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) name: AgentName,
    pub(super) directory: PathBuf,
    owners: Owners,
    /// Held as long as the agent lives.
    _lock: File,
}

impl Place {
    /// Takes the directory over; makes it if it is new.
    pub(super) async fn take(directory: &Path) -> Result<Self> {
        let name = AgentName::load_or_create(directory)?;
        let lock = lock(directory).await?;
        let owners = Owners::open(&directory.join("owners")).context("the directory of owners")?;
        // What dead agents held, they hold no more; the journal finds them dead by itself.
        for dead in owners.dead().context("the directory of owners")? {
            owners.forget(&dead).context("the directory of owners")?;
        }
        Ok(Self { name, directory: directory.to_owned(), owners, _lock: lock })
    }

    pub(super) fn journal(&self) -> Result<FileJournal> {
        Ok(FileJournal::open(&self.directory.join("journal"), &self.owners)?)
    }
}

/// Two agents of one identity would take each other's commands.
async fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("mig-agent.lock");
    let open = File::options().create(true).truncate(false).read(true).write(true).open(&path);
    let mut file = open.with_context(|| format!("cannot open {}", path.display()))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => sleep(LOOK).await,
            Err(TryLockError::WouldBlock) => {
                let holder = limits::read(&file, 100).map(|text| mig_core::json::lossy(&text));
                bail!(
                    "another agent, process {}, runs with the directory {}: end it, or give this one a rundir of its own",
                    holder.unwrap_or_default().trim(),
                    directory.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()))?;
    Ok(file)
}

/// The file that says when the agent was last heard of, as text; the original's.
pub(super) fn note_heartbeat(directory: &Path, at: Time) -> std::io::Result<()> {
    std::fs::write(directory.join("mig-agent.ok"), at.to_go_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn a_second_agent_is_told_who_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let first = Place::take(directory.path()).await.unwrap();
        let error = Place::take(directory.path()).await.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("another agent, process {}, runs", std::process::id())),
            "{error}"
        );
        let name = first.name.clone();
        drop(first);
        assert_eq!(Place::take(directory.path()).await.unwrap().name, name);
    }
}
