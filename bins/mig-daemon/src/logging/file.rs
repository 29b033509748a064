//! Lines in a file, of which one older part is kept.

use super::Sink;
use mig_core::logging::Severity;
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// A file that becomes `<path>.1` when it is full.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    /// 0 for no limit.
    max_bytes: u64,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

impl LogFile {
    pub(super) fn open(path: &Path, max_bytes: u64) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), max_bytes, open: Mutex::new(Open::at(path)?) })
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = u64::try_from(line.len()).unwrap_or(u64::MAX).saturating_add(1);
        if self.max_bytes > 0 && open.bytes > 0 && open.bytes.saturating_add(bytes) > self.max_bytes {
            let mut older = self.path.as_os_str().to_owned();
            older.push(".1");
            fs::rename(&self.path, older)?;
            *open = Open::at(&self.path)?;
        }
        open.bytes += bytes;
        open.file.write_all(format!("{line}\n").as_bytes())
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let file = options.append(true).create(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }
}

impl Sink for LogFile {
    fn write(&self, _: Severity, line: &str) {
        if let Err(error) = self.append(line) {
            // The disk may be full; who looks at the service manager's log learns of it.
            writeln!(io::stderr(), "{line}\n(not in {}: {error})", self.path.display()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_becomes_the_older_one_and_no_line_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let log = LogFile::open(&path, 20).unwrap();
        for line in ["first line", "second", "third line"] {
            log.write(Severity::Info, line);
        }
        let text = |path: &Path| String::from_utf8(mig_core::limits::read_file(path, 100).unwrap()).unwrap();
        assert_eq!(text(&directory.path().join("log.1")), "first line\nsecond\n");
        assert_eq!(text(&path), "third line\n");
    }

    #[test]
    fn a_file_is_continued() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        LogFile::open(&path, 0).unwrap().write(Severity::Info, "one");
        let again = LogFile::open(&path, 0).unwrap();
        again.write(Severity::Info, "two");
        assert_eq!(mig_core::limits::read_file(&path, 100).unwrap(), b"one\ntwo\n");
        assert_eq!(again.open.lock().unwrap().bytes, 8);
    }
}
