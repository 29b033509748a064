//! The file of the agents that may take part: one queue location a line, or `re:` and an expression that matches it as a whole.

use crate::limits;
use regex::{RegexSet, RegexSetBuilder};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// Largest file, in bytes: some hundred thousand names.
const MAX_BYTES: usize = 64 << 20;
/// Most memory that its expressions may take when they are compiled, in bytes.
const MAX_COMPILED_BYTES: usize = 64 << 20;
/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Who may take part. The file is read again when it changes; a version of it that can not be read changes nothing.
#[derive(Debug)]
pub struct AllowList {
    path: PathBuf,
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    looked: Instant,
    stamp: Stamp,
    rules: Rules,
}

/// Time of change and size.
type Stamp = (SystemTime, u64);

#[derive(Debug)]
struct Rules {
    names: BTreeSet<String>,
    expressions: RegexSet,
}

/// What is wrong with the file.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum AllowListError {
    /// It can not be read.
    #[error("cannot read the allow-list {}: {source}; correct agent.whitelist, or leave it empty to let all agents take part", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An expression is none.
    #[error("line {line} of the allow-list {} has no good expression: {source}", path.display())]
    Expression {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        source: regex::Error,
    },
    /// Its expressions are too many together.
    #[error("the expressions of the allow-list {} are too large together: {source}", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// What the compiler says.
        source: regex::Error,
    },
}

impl AllowList {
    /// Reads a file.
    ///
    /// # Errors
    /// [`AllowListError`].
    pub fn open(path: &Path) -> Result<Self, AllowListError> {
        let (stamp, rules) = read(path)?;
        let read = Mutex::new(Read { looked: Instant::now(), stamp, rules });
        Ok(Self { path: path.to_owned(), read })
    }

    /// True if the agent of this address may take part.
    #[must_use]
    pub fn allows(&self, queue_location: &str) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.looked.elapsed() >= LOOK {
            read.looked = Instant::now();
            self.follow(&mut read);
        }
        read.rules.allow(queue_location)
    }

    /// Reads the file again if it has changed.
    fn follow(&self, known: &mut Read) {
        if stamp(&self.path).is_ok_and(|stamp| stamp == known.stamp) {
            return;
        }
        match read(&self.path) {
            Ok((stamp, rules)) => {
                tracing::info!(names = rules.names.len(), "the allow-list has changed");
                (known.stamp, known.rules) = (stamp, rules);
            }
            Err(error) => tracing::error!(%error, "the allow-list of before goes on"),
        }
    }
}

impl Rules {
    fn allow(&self, queue_location: &str) -> bool {
        self.names.contains(queue_location) || self.expressions.is_match(queue_location)
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}

fn read(path: &Path) -> Result<(Stamp, Rules), AllowListError> {
    let unreadable = |source| AllowListError::Unreadable { path: path.to_owned(), source };
    // Before the text: what is written meanwhile is then read once more.
    let stamp = stamp(path).map_err(unreadable)?;
    let bytes = limits::read_file(path, MAX_BYTES).map_err(unreadable)?;
    let no_text = |error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error));
    let text = String::from_utf8(bytes).map_err(no_text)?;
    Ok((stamp, parse(&text, path)?))
}

fn parse(text: &str, path: &Path) -> Result<Rules, AllowListError> {
    let (mut names, mut expressions) = (BTreeSet::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        match line.strip_prefix("re:") {
            Some(expression) => {
                let whole = format!("^(?:{expression})$");
                let bad = |source| AllowListError::Expression { path: path.to_owned(), line: number, source };
                // Alone, so that the line can be told.
                regex::Regex::new(&whole).map_err(bad)?;
                expressions.push(whole);
            }
            None if line.is_empty() => {}
            None => drop(names.insert(line.to_owned())),
        }
    }
    let too_large = |source| AllowListError::TooLarge { path: path.to_owned(), source };
    let expressions = RegexSetBuilder::new(expressions).size_limit(MAX_COMPILED_BYTES).build();
    Ok(Rules { names, expressions: expressions.map_err(too_large)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Result<Rules, AllowListError> {
        parse(text, Path::new("list"))
    }

    #[test]
    fn names_are_exact_and_expressions_match_as_a_whole() {
        let rules = rules("linux.one\n\nre:linux\\.web[0-9]+|darwin\\..*\r\n").unwrap();
        for allowed in ["linux.one", "linux.web12", "darwin.x"] {
            assert!(rules.allow(allowed), "{allowed}");
        }
        for refused in ["linux.one2", "", "linux.web", "xlinux.web1", "linux.web1x", "re:linux"] {
            assert!(!rules.allow(refused), "{refused}");
        }
    }

    #[test]
    fn a_bad_expression_is_told_with_its_line() {
        let error = rules("linux.one\nre:(\n").unwrap_err().to_string();
        assert!(error.starts_with("line 2 of the allow-list list"), "{error}");
    }

    #[test]
    fn a_changed_file_counts_and_a_broken_one_does_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "linux.one\n").unwrap();
        let list = AllowList::open(file.path()).unwrap();
        let look = || list.follow(&mut list.read.lock().unwrap());
        fs::write(file.path(), "linux.one\nlinux.two\n").unwrap();
        look();
        assert!(list.allows("linux.two"));
        fs::write(file.path(), "re:(").unwrap();
        look();
        assert!(list.allows("linux.two"));
    }
}
