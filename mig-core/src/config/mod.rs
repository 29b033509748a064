//! The configuration files of the programs, in the dialect of the original: that of `git config`.
//!
//! A file is read as a whole, and everything that is wrong with it is told at once, each fault with its line and key
//! ([`ConfigError`]). Keys of both versions of the original are known; what has no effect any more is a warning, what nobody knows
//! is a fault. A key that is absent keeps its default: the original took absent switches for off.

mod agent;
mod api;
mod client;
mod dialect;
mod reader;
mod scheduler;
mod shared;

pub use self::{
    agent::{AgentConfig, Certificates},
    api::ApiConfig,
    client::ClientConfig,
    scheduler::{RelayConfig, SchedulerConfig},
    shared::{Database, Proxy},
};

use crate::limits;
use std::{
    fmt::{self, Display, Formatter},
    io,
    path::{Path, PathBuf},
};

/// Largest configuration file, in bytes.
const MAX_CONFIG_BYTES: usize = 1 << 20;

/// A configuration, and what should be known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded<C> {
    /// What the file says.
    pub config: C,
    /// Keys without effect, and values that are read in another way than they look.
    pub warnings: Vec<Fault>,
}

/// A type that a file describes.
pub trait Config: Sized {
    /// Reads all keys. Faults are collected by the reader.
    #[doc(hidden)]
    fn read(reader: &mut Reader<'_>) -> Self;

    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`]: the file can not be read, or everything that is wrong with it.
    fn load(path: &Path) -> Result<Loaded<Self>, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let bytes = limits::read_file(path, MAX_CONFIG_BYTES).map_err(unreadable)?;
        let no_text = |error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error));
        let text = String::from_utf8(bytes).map_err(no_text)?;
        Self::parse(&text).map_err(|faults| ConfigError::Faults { path: path.to_owned(), faults })
    }

    /// Reads a text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn parse(text: &str) -> Result<Loaded<Self>, Faults> {
        let (entries, faults) = dialect::parse(text);
        let mut reader = Reader::new(&entries, faults);
        let config = Self::read(&mut reader);
        let warnings = reader.finish()?;
        Ok(Loaded { config, warnings })
    }
}

pub use reader::Reader;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can not be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is wrong.
    #[error("the configuration {} has faults:\n{faults}", path.display())]
    Faults {
        /// Which.
        path: PathBuf,
        /// All of them.
        faults: Faults,
    },
}

/// Everything that is wrong with a file, in the order of its lines; one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl Display for Faults {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            if number > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "  {fault}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong, or only strange.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// From 1; `None` for something that is missing.
    pub line: Option<usize>,
    /// `section.key`; empty if it is about neither.
    pub key: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        formatter.write_str(&crate::safe::line(&self.text))
    }
}

#[cfg(test)]
mod tests;
