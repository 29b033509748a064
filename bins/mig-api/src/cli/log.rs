//! Where lines of the log go.

use anyhow::{Context, Result, bail};
use mig_core::logging::{LogDestination, LoggingConfig, Severity};
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};
use tracing::level_filters::LevelFilter;

/// Starts logging. `debug` is the command line's: everything, to standard error.
pub(super) fn start(config: Option<&LoggingConfig>, debug: bool) -> Result<()> {
    let default = LoggingConfig { destination: LogDestination::StandardError, level: Severity::Info };
    let config = config.filter(|_| !debug).unwrap_or(&default);
    let level = if debug { LevelFilter::DEBUG } else { filter(config.level) };
    let lines = tracing_subscriber::fmt().with_ansi(false).with_max_level(level).with_target(false);
    let started = match &config.destination {
        LogDestination::StandardError => lines.with_writer(io::stderr).try_init(),
        LogDestination::File { path, max_bytes } => {
            lines.with_writer(Mutex::new(LogFile::open(path, *max_bytes)?)).try_init()
        }
        LogDestination::Syslog { .. } => bail!(
            "logging.mode syslog is not offered: use stdout, which systemd hands to its journal, or file"
        ),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}

const fn filter(level: Severity) -> LevelFilter {
    match level {
        Severity::Emergency | Severity::Alert | Severity::Critical | Severity::Error => LevelFilter::ERROR,
        Severity::Warning => LevelFilter::WARN,
        Severity::Notice | Severity::Info => LevelFilter::INFO,
        Severity::Debug => LevelFilter::DEBUG,
    }
}

/// A file that becomes `<path>.1` when it is full.
struct LogFile {
    path: PathBuf,
    max_bytes: u64,
    file: File,
    bytes: u64,
}

impl LogFile {
    fn open(path: &Path, max_bytes: u64) -> Result<Self> {
        let cannot = || format!("cannot open the log {}", path.display());
        let file = append(path).with_context(cannot)?;
        let bytes = file.metadata().with_context(cannot)?.len();
        Ok(Self { path: path.to_owned(), max_bytes, file, bytes })
    }

    fn turn(&mut self) -> io::Result<()> {
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        std::fs::rename(&self.path, old)?;
        self.file = append(&self.path)?;
        self.bytes = 0;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.max_bytes > 0 && self.bytes >= self.max_bytes {
            self.turn()?;
        }
        let written = self.file.write(line)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_kept_beside_the_new_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("api.log");
        let mut log = LogFile::open(&path, 10).unwrap();
        for line in ["first line\n", "second\n", "third\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        let read = |path: &Path| mig_core::limits::read_file(path, 100).unwrap();
        assert_eq!(read(&path), b"second\nthird\n");
        assert_eq!(read(&directory.path().join("api.log.1")), b"first line\n");
    }
}
