//! What names and libraries of a process are, for filters.

use crate::{
    dialect::Pattern,
    sys::{MappedFile, Process, Region},
};
use std::{collections::BTreeSet, path::Path};

/// What stands behind the path of a file that is gone.
const DELETED: &[u8] = b" (deleted)";

/// A text that filters look at: a path, and whether its file is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// With ` (deleted)` at its end if the file is gone.
    pub(crate) text: Vec<u8>,
    is_deleted: bool,
}

impl Name {
    /// The path of the program of a process, or the name of the process in brackets.
    pub(crate) fn of_process(process: &Process) -> Self {
        match &process.executable {
            Some(path) => Self::of_path(path, process.is_deleted),
            None => Self { text: format!("[{}]", process.name).into_bytes(), is_deleted: false },
        }
    }

    pub(super) fn of_file(file: &MappedFile) -> Self {
        Self::of_path(&file.path, file.is_deleted)
    }

    fn of_path(path: &Path, is_deleted: bool) -> Self {
        let mut text = path.as_os_str().as_encoded_bytes().to_vec();
        if is_deleted {
            text.extend_from_slice(DELETED);
        }
        Self { text, is_deleted }
    }

    /// Whether an expression matches: `sshd$` finds a program whose file is gone, too, and `\(deleted\)$` finds only those.
    pub(super) fn is_match(&self, pattern: &Pattern) -> bool {
        let path = &self.text[..self.text.len() - DELETED.len() * usize::from(self.is_deleted)];
        pattern.is_match(&self.text) || (self.is_deleted && pattern.is_match(path))
    }
}

/// The files in the memory of a process, each once, but for its program.
pub(super) fn libraries(process: &Process, regions: &[Region]) -> BTreeSet<MappedFile> {
    let files = regions.iter().filter_map(|region| region.file.as_ref());
    files.filter(|file| process.executable.as_ref() != Some(&file.path)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_program_is_found_by_its_path_and_by_being_deleted() {
        let mut process = Process { executable: Some("/tmp/sshd".into()), ..Process::default() };
        let matches = |process: &Process, pattern: &str| {
            Name::of_process(process).is_match(&Pattern::new(pattern).unwrap())
        };
        assert!(matches(&process, "^/tmp/sshd$") && !matches(&process, "deleted"));
        process.is_deleted = true;
        assert!(matches(&process, "^/tmp/sshd$") && matches(&process, r"^/tmp/sshd \(deleted\)$"));
        assert_eq!(Name::of_process(&process).text, b"/tmp/sshd (deleted)");
    }

    #[test]
    fn a_process_without_a_program_has_its_name_in_brackets() {
        let process = Process { name: "kthreadd".to_owned(), ..Process::default() };
        assert_eq!(Name::of_process(&process).text, b"[kthreadd]");
    }

    #[test]
    fn the_program_is_no_library() {
        let region = |path: &str| Region {
            range: 0..1,
            is_readable: true,
            is_anonymous: false,
            file: Some(MappedFile { path: path.into(), is_deleted: false }),
        };
        let process = Process { executable: Some("/bin/x".into()), ..Process::default() };
        let files = libraries(&process, &[region("/bin/x"), region("/lib/c"), region("/lib/c")]);
        assert_eq!(files.len(), 1);
    }
}
