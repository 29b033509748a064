//! A state directory, a folder of files, and the program.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// Everything one test needs; gone with it.
pub(crate) struct World {
    place: TempDir,
}

/// What the program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(place.path().join("files")).expect("a folder for files");
        Self { place }
    }

    /// Makes a file in the folder that is asked about.
    pub(crate) fn file(&self, name: &str, content: &str) {
        fs::write(self.files().join(name), content).expect("a file");
    }

    pub(crate) fn files(&self) -> std::path::PathBuf {
        self.place.path().join("files")
    }

    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mig"));
        command.args(args).env("MIG_HOME", self.place.path().join("state")).env_remove("MIGPGPPASSPHRASE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn mig(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().expect("mig starts"))
    }

    /// `mig <options> file -path <files> <flags>`
    pub(crate) fn search(&self, options: &[&str], flags: &[&str]) -> Run {
        let files = self.files();
        let path = files.to_str().expect("a path that is text");
        self.mig(&[options, &["file", "-path", path], flags].concat())
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), talk: text(output.stderr) }
    }

    /// One line on standard error, nothing on standard output, exit code 2; the line names all of these.
    pub(crate) fn is_refused(&self, names: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{self:?}");
        assert_eq!(self.talk.lines().count(), 1, "{self:?}");
        assert!(names.iter().all(|name| self.talk.contains(name)), "{names:?} in {self:?}");
    }
}
