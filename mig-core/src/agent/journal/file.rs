//! The journal in a directory: one file per action, shared by any number of processes.
//!
//! An entry is named after the digest and the end of the validity window. It is created as a whole by one of those who try,
//! and replaced as a whole; whoever finds one of a dead owner takes it over under a lock.

use super::{
    Claim, Decision, Journal, JournalError, StoredAnswer,
    disk::{self, Durability},
    entry::{Entry, State},
};
use crate::{
    agent::{
        files,
        owner::{Owner, Owners},
        verify::ActionDigest,
    },
    limits,
    time::Time,
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

/// How long an entry is kept after the validity window: clocks may be set back by as much without a replay.
const KEPT_AFTER_EXPIRY: Duration = Duration::from_secs(24 * 60 * 60);

/// A journal in a directory on a local file system.
///
/// What it remembers survives the end of the process, however it comes. Entries of actions that change the machine also
/// survive a loss of power; for the others the disk is not waited for: what is lost with the power is run again.
#[derive(Debug)]
pub struct FileJournal {
    directory: PathBuf,
    owners: Owners,
    owner: Owner,
    /// What this journal has claimed and not finished or abandoned.
    active: Mutex<BTreeSet<ActionDigest>>,
}

impl FileJournal {
    /// Opens the journal in a directory; makes it, for its user only, if it is new. Entries whose time is over are removed.
    ///
    /// # Errors
    /// [`JournalError::Disk`] if the directory can not be made or read, or no owner can be registered.
    pub fn open(directory: &Path, owners: &Owners) -> Result<Self, JournalError> {
        files::private_directory(directory).map_err(failed("make", directory))?;
        let owner = owners.register().map_err(failed("register an owner for", directory))?;
        remove_expired(directory, SystemTime::now()).map_err(failed("clear up", directory))?;
        Ok(Self { directory: directory.to_owned(), owners: owners.clone(), owner, active: Mutex::default() })
    }

    /// Whoever has claimed these bytes before decides.
    fn decide(&self, claim: &Claim, path: &Path, active: bool) -> Result<Decision, JournalError> {
        let _others_wait = self.lock()?;
        self.decide_after(read(path)?, claim, path, active)
    }

    /// Decides by what the entry said a moment ago. The lock keeps others from taking it over meanwhile, but not its owner
    /// from finishing it: that may have been its last deed, so the entry counts as it is once the owner is known to be dead.
    fn decide_after(
        &self,
        seen: State,
        claim: &Claim,
        path: &Path,
        active: bool,
    ) -> Result<Decision, JournalError> {
        let state = match seen {
            State::Running(entry) if entry.command != claim.command => {
                return Ok(Decision::AlreadyRun(entry.command));
            }
            State::Running(entry) if active || self.is_run_elsewhere(&entry)? => return Ok(Decision::Busy),
            State::Running(_) => read(path)?,
            State::Finished(..) | State::Damaged => seen,
        };
        match state {
            State::Finished(command, answer) if command == claim.command => Ok(Decision::Repeat(answer)),
            State::Finished(command, _) => Ok(Decision::AlreadyRun(command)),
            State::Running(_) | State::Damaged => {
                let entry = Entry::running(claim, self.owner.id()).to_text()?;
                disk::replace(path, &entry, durability(claim)).map_err(failed("write", path))?;
                Ok(Decision::Resume)
            }
        }
    }

    fn is_run_elsewhere(&self, entry: &Entry) -> Result<bool, JournalError> {
        let ours = entry.owner == self.owner.id();
        Ok(!ours
            && self
                .owners
                .is_alive(&entry.owner)
                .map_err(failed("look for the owner of", &self.directory))?)
    }

    /// Given back when dropped.
    fn lock(&self) -> Result<File, JournalError> {
        let path = self.directory.join("lock");
        let open = File::options().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(failed("open", &path))?;
        file.lock().map_err(failed("lock", &path))?;
        Ok(file)
    }

    fn active(&self) -> MutexGuard<'_, BTreeSet<ActionDigest>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, claim: &Claim) -> PathBuf {
        self.directory.join(format!("{}.{}{SUFFIX}", claim.digest, claim.expire_after.unix_seconds()))
    }
}

impl Journal for FileJournal {
    fn claim(&self, claim: &Claim) -> Result<Decision, JournalError> {
        let path = self.path(claim);
        let entry = Entry::running(claim, self.owner.id()).to_text()?;
        // Held to the end: a claim of the same bytes by another task must see this one as active.
        let mut active = self.active();
        let created = disk::create(&path, &entry, durability(claim)).map_err(failed("write", &path))?;
        let decision = match created {
            true => Decision::Run,
            false => self.decide(claim, &path, active.contains(&claim.digest))?,
        };
        if matches!(decision, Decision::Run | Decision::Resume) {
            active.insert(claim.digest);
        }
        Ok(decision)
    }

    fn finish(&self, claim: &Claim, answer: &StoredAnswer) -> Result<(), JournalError> {
        let path = self.path(claim);
        let entry = Entry::finished(claim, answer).to_text()?;
        disk::replace(&path, &entry, durability(claim)).map_err(failed("write", &path))?;
        self.abandon(claim.digest);
        Ok(())
    }

    fn abandon(&self, digest: ActionDigest) {
        self.active().remove(&digest);
    }

    fn remove_expired(&self, now: SystemTime) -> Result<(), JournalError> {
        remove_expired(&self.directory, now).map_err(failed("clear up", &self.directory))
    }
}

fn read(path: &Path) -> Result<State, JournalError> {
    let text = limits::read_file(path, limits::MAX_COMMAND_BYTES).map_err(failed("read", path))?;
    Ok(State::of(&text))
}

fn durability(claim: &Claim) -> Durability {
    if claim.changes { Durability::Power } else { Durability::Process }
}

fn remove_expired(directory: &Path, now: SystemTime) -> io::Result<()> {
    let horizon = now.checked_sub(KEPT_AFTER_EXPIRY).unwrap_or(SystemTime::UNIX_EPOCH);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        let over = match expiry(name) {
            Some(expire_after) => expire_after < Time::from(horizon).unix_seconds(),
            // Left behind by a process that was killed while it wrote.
            None if name.starts_with(files::TEMPORARY) => is_older(&entry, horizon)?,
            None => false,
        };
        if over {
            files::remove(&entry.path())?;
        }
    }
    Ok(())
}

/// The end of the validity window, out of the name of an entry.
fn expiry(name: &str) -> Option<i64> {
    name.strip_suffix(SUFFIX)?.split_once('.')?.1.parse().ok()
}

fn is_older(entry: &fs::DirEntry, horizon: SystemTime) -> io::Result<bool> {
    match entry.metadata().and_then(|metadata| metadata.modified()) {
        Ok(modified) => Ok(modified < horizon),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Disk { operation, path, source }
}

const SUFFIX: &str = ".json";

#[cfg(test)]
mod tests;
