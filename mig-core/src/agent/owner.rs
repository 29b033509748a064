//! Which programs on this machine are alive: each holds a lock on a file of its own as long as it lives.
//!
//! Process ids are used again; a lock is given back by the kernel with the last breath of its holder, also after
//! `kill -9`. Works among processes that share a directory on a local file system.

use super::files;
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// A directory of owners.
#[derive(Clone, Debug)]
pub struct Owners {
    directory: PathBuf,
}

/// One living program, or a part of one. It counts as dead when this value is dropped or the process ends.
#[derive(Debug)]
pub struct Owner {
    id: String,
    path: PathBuf,
    _lock: File,
}

impl Owners {
    /// Opens a directory of owners; makes it, for its user only, if it is new.
    ///
    /// # Errors
    /// If it can not be made.
    pub fn open(directory: &Path) -> io::Result<Self> {
        files::private_directory(directory)?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// Registers a new owner.
    ///
    /// # Errors
    /// If its file can not be made or locked.
    pub fn register(&self) -> io::Result<Owner> {
        loop {
            let id = random_id()?;
            let path = self.path(&id);
            let file = files::create_private(&path)?;
            match file.try_lock() {
                // Whoever clears up may have taken the file for a dead one's before it was locked.
                Ok(()) if path.try_exists()? => return Ok(Owner { id, path, _lock: file }),
                Ok(()) | Err(TryLockError::WouldBlock) => files::remove(&path)?,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// True if the owner of this id lives. One that was never registered is dead.
    ///
    /// # Errors
    /// If its file can not be looked at.
    pub fn is_alive(&self, id: &str) -> io::Result<bool> {
        let Some(file) = self.open_lock(id)? else { return Ok(false) };
        // A shared lock: several may look at once and do not take each other for the owner.
        is_held(file.try_lock_shared())
    }

    /// Ids of owners that died without clearing up, such as killed processes; sorted.
    ///
    /// # Errors
    /// If the directory or a file in it can not be read.
    pub fn dead(&self) -> io::Result<Vec<String>> {
        let mut dead = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)) else { continue };
            if is_id(id) && !self.is_alive(id)? {
                dead.push(id.to_owned());
            }
        }
        dead.sort();
        Ok(dead)
    }

    /// Forgets a dead owner, when nothing that it held needs it any more. Does nothing to a living one.
    ///
    /// # Errors
    /// If its file can not be removed.
    pub fn forget(&self, id: &str) -> io::Result<()> {
        let Some(file) = self.open_lock(id)? else { return Ok(()) };
        // Removed under the lock: an owner that registers at this moment sees it and takes another id.
        if is_held(file.try_lock())? { Ok(()) } else { files::remove(&self.path(id)) }
    }

    fn open_lock(&self, id: &str) -> io::Result<Option<File>> {
        if !is_id(id) {
            return Ok(None);
        }
        match File::open(self.path(id)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}{SUFFIX}"))
    }
}

impl Owner {
    /// Names the owner: 32 hexadecimal digits, never used twice.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // If it stays, it is found unlocked: as good as gone.
        files::remove(&self.path).ok();
    }
}

fn is_held(lock: Result<(), TryLockError>) -> io::Result<bool> {
    match lock {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn random_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}

/// Ids come from files: nothing else may become part of a path.
fn is_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const SUFFIX: &str = ".lock";

#[cfg(test)]
mod tests {
    use super::*;

    fn owners() -> (tempfile::TempDir, Owners) {
        let directory = tempfile::tempdir().unwrap();
        let owners = Owners::open(&directory.path().join("owners")).unwrap();
        (directory, owners)
    }

    #[test]
    fn an_owner_lives_until_it_is_dropped() {
        let (_directory, owners) = owners();
        let owner = owners.register().unwrap();
        let id = owner.id().to_owned();
        assert!(owners.is_alive(&id).unwrap());
        drop(owner);
        assert!(!owners.is_alive(&id).unwrap());
        assert!(owners.dead().unwrap().is_empty(), "it cleared up behind itself");
    }

    #[test]
    fn an_owner_that_did_not_clear_up_is_dead_until_it_is_forgotten() {
        let (directory, owners) = owners();
        let living = owners.register().unwrap();
        let dead = "0123456789abcdef0123456789abcdef";
        fs::write(directory.path().join("owners").join(format!("{dead}.lock")), "").unwrap();
        fs::write(directory.path().join("owners").join("README"), "").unwrap();
        assert_eq!(owners.dead().unwrap(), [dead]);
        owners.forget(dead).unwrap();
        assert!(owners.dead().unwrap().is_empty());
        assert!(owners.is_alive(living.id()).unwrap());
    }

    #[test]
    fn a_living_owner_can_not_be_forgotten() {
        let (_directory, owners) = owners();
        let owner = owners.register().unwrap();
        owners.forget(owner.id()).unwrap();
        assert!(owners.is_alive(owner.id()).unwrap());
    }

    #[test]
    fn ids_that_are_paths_are_dead() {
        let (directory, owners) = owners();
        fs::write(directory.path().join("x.lock"), "").unwrap();
        assert!(!owners.is_alive("../x").unwrap());
        owners.forget("../x").unwrap();
        assert!(directory.path().join("x.lock").exists());
    }

    #[test]
    fn owners_that_register_while_others_clear_up_stay_alive() {
        let (_directory, owners) = owners();
        std::thread::scope(|scope| {
            let sweeper = scope.spawn(|| {
                for _ in 0..300 {
                    owners.dead().unwrap().iter().for_each(|id| owners.forget(id).unwrap());
                }
            });
            while !sweeper.is_finished() {
                let owner = owners.register().unwrap();
                assert!(owners.is_alive(owner.id()).unwrap());
            }
        });
    }
}
