//! Paths by their text: cleaning, order, and the words of the original for what is wrong with them.

use crate::sys::LinkError;
use std::{
    cmp::Ordering,
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
pub(super) fn nowhere(error: &LinkError) -> String {
    match error {
        LinkError::TooManyLinks => "EvalSymlinks: too many links".to_owned(),
        LinkError::Look { path, source } => format!("lstat {}: {}", path.display(), reason(source)),
    }
}

/// The reason of a failure in the words of Go: no capital, no number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

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
}
