//! Actions and commands in files.

use super::Action;
use crate::{
    command::{Command, CommandError},
    json, limits,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// Why a document could not be loaded from or saved to a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file can not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file does not hold the document.
    #[error("{} is not a valid {kind}: {source}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What was expected.
        kind: &'static str,
        /// What is wrong, and where.
        source: json::Error,
    },
    /// It holds the document, but the document is not complete.
    #[error("{} is not a valid command: {source}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is missing.
        source: CommandError,
    },
    /// The file can not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Action {
    /// Reads an action from a file of at most [`limits::MAX_ACTION_BYTES`].
    ///
    /// # Errors
    /// [`FileError`] names the file and the fault.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        load(path, limits::MAX_ACTION_BYTES, limits::MAX_ACTION_VALUES, "action")
    }

    /// Writes an action, indented, so that the file is there whole or not at all.
    ///
    /// # Errors
    /// [`FileError`] names the file and the fault.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        save(self, path, "action")
    }
}

impl Command {
    /// Reads a command from a file of at most [`limits::MAX_COMMAND_BYTES`], and [validates](Self::validate) it.
    ///
    /// # Errors
    /// [`FileError`] names the file and the fault.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let command: Self = load(path, limits::MAX_COMMAND_BYTES, limits::MAX_JSON_VALUES, "command")?;
        let valid = command.validate();
        valid.map_err(|source| FileError::Invalid { path: path.to_owned(), source })?;
        Ok(command)
    }

    /// Writes a command, indented, so that the file is there whole or not at all.
    ///
    /// # Errors
    /// [`FileError`] names the file and the fault.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        save(self, path, "command")
    }
}

fn load<T: DeserializeOwned>(
    path: &Path,
    max_bytes: usize,
    max_values: usize,
    kind: &'static str,
) -> Result<T, FileError> {
    let text = limits::read_file(path, max_bytes)
        .map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    json::from_slice_within(&text, max_values).map_err(|source| FileError::Syntax {
        path: path.to_owned(),
        kind,
        source,
    })
}

fn save<T: Serialize>(document: &T, path: &Path, kind: &'static str) -> Result<(), FileError> {
    let text = json::to_string_pretty(document).map_err(|source| FileError::Syntax {
        path: path.to_owned(),
        kind,
        source,
    })?;
    write_atomically(path, text.as_bytes())
        .map_err(|source| FileError::Write { path: path.to_owned(), source })
}

/// Writes a file beside its place, makes it durable, and moves it there.
fn write_atomically(path: &Path, text: &[u8]) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // Elsewhere directories can not be opened, and names are durable with their files.
    if cfg!(unix) { fs::File::open(directory)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_actions_load_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("action.json");
        let action = Action { name: "n<".into(), target: "all".into(), ..Action::default() };
        action.save(&path).unwrap();
        assert_eq!(Action::load(&path).unwrap(), action);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_command_without_its_agent_is_saved_but_does_not_load() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("command.json");
        let mut command = Command { status: "sent".into(), ..Command::default() };
        command.agent.queue_location = "linux.one".into();
        command.save(&path).unwrap();
        let error = Command::load(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("command.json is not a valid command: command agent name is empty"),
            "{error}"
        );
        command.agent.name = "one".into();
        command.save(&path).unwrap();
        assert_eq!(Command::load(&path).unwrap(), command);
    }

    #[test]
    fn errors_name_the_file_and_the_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bad.json");
        fs::write(&path, r#"{"operations":[{"module":1}]}"#).unwrap();
        let error = Action::load(&path).unwrap_err().to_string();
        assert!(error.contains("bad.json") && error.contains("operations[0].module"), "{error}");
    }
}
