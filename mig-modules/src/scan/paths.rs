//! Paths by their text: cleaning, order, and following links by hand.

use std::{
    cmp::Ordering,
    collections::VecDeque,
    ffi::OsString,
    io,
    path::{Component, Path, PathBuf},
};

/// Removes `.`, `..`, double and trailing separators without looking at the disk; nothing becomes `.`.
///
/// These are the rules of Go's `path/filepath.Clean`.
#[must_use]
pub fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => {
                    cleaned.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => cleaned.push(part),
            },
            _ => cleaned.push(part),
        }
    }
    if cleaned.as_os_str().is_empty() { PathBuf::from(".") } else { cleaned }
}

/// The order of results: by directories first, so that all below a directory stands together.
pub(super) fn compare(one: &Path, other: &Path) -> Ordering {
    let rank = |byte: &u8| if std::path::is_separator(char::from(*byte)) { 0 } else { *byte };
    let one = one.as_os_str().as_encoded_bytes().iter().map(rank);
    let other = other.as_os_str().as_encoded_bytes().iter().map(rank);
    one.cmp(other)
}

/// Why a link leads nowhere, in the words of the original.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("EvalSymlinks: too many links")]
    TooManyLinks,
    #[error("lstat {}: {}", path.display(), reason(source))]
    Look { path: PathBuf, source: io::Error },
}

/// Follows all links of a path, also those in its middle.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, ResolveError> {
    let mut waiting: VecDeque<OsString> = parts(path).collect();
    let mut resolved = PathBuf::new();
    let mut links = 0;
    while let Some(part) = waiting.pop_front() {
        if part == ".." && resolved.file_name().is_some() {
            resolved.pop();
            continue;
        }
        let next = resolved.join(&part);
        let look = |source| ResolveError::Look { path: next.clone(), source };
        if !next.symlink_metadata().map_err(look)?.is_symlink() {
            resolved = next;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(ResolveError::TooManyLinks);
        }
        let target = next.read_link().map_err(look)?;
        for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
            waiting.push_front(part);
        }
    }
    Ok(clean(&resolved))
}

/// The regular file that a link leads to.
pub(super) fn file_behind(link: &Path) -> Option<PathBuf> {
    let leads_to_file = link.symlink_metadata().ok()?.is_symlink() && link.metadata().ok()?.is_file();
    leads_to_file.then(|| resolve(link).ok())?
}

/// The parts of a path; an absolute one begins with the root, which joins to replace what was before.
fn parts(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter(|part| *part != Component::CurDir).map(|part| part.as_os_str().to_owned())
}

/// The reason of a failure in the words of Go: no capital, no number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Links that are followed for one path: as many as Go follows.
const MAX_LINKS: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_follows_the_rules_of_go() {
        for (path, cleaned) in [
            ("", "."),
            (".", "."),
            ("./", "."),
            ("/", "/"),
            ("//a///b/", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/..", "/"),
            ("/../a", "/a"),
            ("..", ".."),
            ("../../x", "../../x"),
            ("a/../..", ".."),
            ("./a/b", "a/b"),
            ("a/..", "."),
        ] {
            assert_eq!(clean(Path::new(path)), PathBuf::from(cleaned), "{path:?}");
        }
    }

    #[test]
    fn what_lies_below_a_directory_stands_together() {
        let mut paths = ["/a/b!", "/a/b", "/a/b/z", "/a/b/a", "/a", "/a!"].map(Path::new);
        paths.sort_by(|one, other| compare(one, other));
        assert_eq!(paths, ["/a", "/a/b", "/a/b/a", "/a/b/z", "/a/b!", "/a!"].map(Path::new));
    }

    #[cfg(unix)]
    #[test]
    fn resolving_follows_chains_and_names_what_is_missing() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("dir")).unwrap();
        std::fs::write(root.join("dir/file"), "").unwrap();
        symlink("dir", root.join("link")).unwrap();
        symlink("link/../link/file", root.join("chain")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        symlink("loop2", root.join("loop1")).unwrap();
        symlink(root.join("loop1"), root.join("loop2")).unwrap();
        assert_eq!(resolve(&root.join("chain")).unwrap(), root.join("dir/file"));
        assert_eq!(
            resolve(&root.join("dangling")).unwrap_err().to_string(),
            format!("lstat {}: no such file or directory", root.join("nowhere").display())
        );
        assert_eq!(resolve(&root.join("loop1")).unwrap_err().to_string(), "EvalSymlinks: too many links");
    }
}
