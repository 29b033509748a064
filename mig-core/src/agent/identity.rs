//! Who this agent is: a random name that it keeps for ever, in the file `.migagtid` of its state directory.

use super::files;
use crate::limits;
use std::{
    io,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// The file in the state directory.
const FILE_NAME: &str = ".migagtid";
/// Shorter names are not accepted, as in the original.
const SHORTEST: usize = 80;
/// Nobody makes longer ones.
const LONGEST: usize = 1024;

/// The name of one installation of an agent: at least 80 letters and digits.
///
/// The original uses it as a password as well: it is readable by the agent's user only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentName(String);

/// Why there is no name.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} the agent's identity in {}: {source}", path.display())]
pub struct IdentityError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl AgentName {
    /// Reads the name from a state directory; makes a new one if there is none, or it is damaged. Of several processes
    /// that make the first one at once, all get the same.
    ///
    /// # Errors
    /// [`IdentityError`] if the file can not be read or written.
    pub fn load_or_create(state_directory: &Path) -> Result<Self, IdentityError> {
        let path = state_directory.join(FILE_NAME);
        let failed = |operation| {
            let path = path.clone();
            move |source| IdentityError { operation, path, source }
        };
        if let Some(name) = read(&path).map_err(failed("read"))? {
            return Ok(name);
        }
        files::private_directory(state_directory).map_err(failed("make a directory for"))?;
        let name = Self::random().map_err(failed("make"))?;
        if name.create(&path).map_err(failed("write"))? {
            return Ok(name);
        }
        // Somebody was faster, or the file is damaged.
        match read(&path).map_err(failed("read"))? {
            Some(name) => Ok(name),
            None => name.replace(&path).map(|()| name).map_err(failed("replace")),
        }
    }

    fn create(&self, path: &Path) -> io::Result<bool> {
        let created = files::name_new(self.write_beside(path)?, path)?;
        files::sync_names(path)?;
        Ok(created)
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        self.write_beside(path)?.persist(path)?;
        files::sync_names(path)
    }

    /// For ever: durable, and never to be written again.
    fn write_beside(&self, path: &Path) -> io::Result<NamedTempFile> {
        let file = files::write_beside(path, self.0.as_bytes())?;
        #[cfg(unix)]
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o400))?;
        file.as_file().sync_all()?;
        Ok(file)
    }

    /// Eight random numbers of 63 bits in base 36, one after the other.
    fn random() -> io::Result<Self> {
        loop {
            let mut name = String::new();
            for _ in 0..8 {
                let number = getrandom::u64().map_err(io::Error::other)? >> 1;
                name.push_str(&crate::id::base36(number));
            }
            // Numbers with leading zeros are shorter: all eight are so about never.
            if name.len() >= SHORTEST {
                return Ok(Self(name));
            }
        }
    }

    /// Letters and digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of the agent on a relay: `<os>.<name>`.
    #[must_use]
    pub fn queue_location(&self, os: &str) -> String {
        format!("{os}.{}", self.0)
    }
}

/// `None` if there is no file or it holds no name.
fn read(path: &Path) -> io::Result<Option<AgentName>> {
    let text = match limits::read_file(path, LONGEST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_name = text.len() >= SHORTEST && text.iter().all(u8::is_ascii_alphanumeric);
    Ok(String::from_utf8(text).ok().filter(|_| is_name).map(AgentName))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, thread};

    #[test]
    fn a_name_is_made_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("new").join("state");
        let name = AgentName::load_or_create(&state).unwrap();
        assert!(name.as_str().len() >= 80 && name.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(AgentName::load_or_create(&state).unwrap(), name);
        assert_eq!(name.queue_location("linux"), format!("linux.{}", name.as_str()));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_it_and_nobody_writes_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        AgentName::load_or_create(directory.path()).unwrap();
        let metadata = fs::metadata(directory.path().join(".migagtid")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o400);
    }

    #[test]
    fn a_damaged_name_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".migagtid");
        for damaged in [String::new(), "short".to_owned(), format!("{}\n", "a".repeat(90)), "a".repeat(5000)]
        {
            fs::write(&path, &damaged).unwrap();
            let name = AgentName::load_or_create(directory.path()).unwrap();
            assert_ne!(name.as_str(), damaged);
            assert_eq!(AgentName::load_or_create(directory.path()).unwrap(), name);
            files::remove(&path).unwrap();
        }
    }

    #[test]
    fn processes_that_start_at_once_agree() {
        let directory = tempfile::tempdir().unwrap();
        let make = || AgentName::load_or_create(directory.path()).unwrap();
        thread::scope(|scope| {
            let names: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            let names: Vec<_> = names.into_iter().map(|name| name.join().unwrap()).collect();
            assert!(names.iter().all(|name| *name == names[0]));
        });
    }
}
