//! Which machine a run looks at.

use std::{
    env, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The machine that a run looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Machine {
    /// The one that this process runs on.
    #[default]
    Running,
    /// One that does not run: a mounted disk, the root of a container, or a copy of tables such as `/proc`. Its files lie below
    /// this directory, and its kernel can not be asked.
    Image(Arc<Path>),
}

impl Machine {
    /// The machine whose files lie below this directory.
    ///
    /// # Errors
    /// If it is no directory that can be opened.
    pub fn image(root: &Path) -> io::Result<Self> {
        let with_path =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", root.display()));
        let path: PathBuf = root.canonicalize().map_err(with_path)?;
        path.read_dir().map_err(with_path)?;
        Ok(Self::Image(path.into()))
    }

    /// The image below `root`, else the one that `MIG_ROOT` in the environment names, else the running machine.
    ///
    /// # Errors
    /// As [`Machine::image`].
    pub fn chosen(root: Option<&Path>) -> io::Result<Self> {
        let root = root.map(Path::to_owned).or_else(|| env::var_os("MIG_ROOT").map(PathBuf::from));
        root.map_or(Ok(Self::Running), |root| Self::image(&root))
    }

    /// Whether its kernel can be asked.
    #[must_use]
    pub fn is_running(&self) -> bool {
        *self == Self::Running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_directory_that_is_there() {
        let root = tempfile::tempdir().unwrap();
        assert!(!Machine::image(root.path()).unwrap().is_running());
        let missing = root.path().join("missing");
        let error = Machine::image(&missing).unwrap_err();
        assert!(error.to_string().starts_with(&missing.display().to_string()), "{error}");
        std::fs::write(&missing, "").unwrap();
        assert!(Machine::image(&missing).is_err());
    }
}
