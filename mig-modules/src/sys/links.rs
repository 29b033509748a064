//! Symbolic links, followed by hand: so that those of an image stay inside, and the one that leads nowhere has a name.

use crate::sys::spelling::exact;
use std::{
    borrow::Cow,
    collections::VecDeque,
    ffi::OsString,
    io,
    path::{Component, MAIN_SEPARATOR_STR, Path, PathBuf},
};

/// Links that are followed for one path: as many as Linux follows.
pub const MAX_LINKS: usize = 40;

/// Why a path leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Probably they lead in a circle.
    #[error("more than {MAX_LINKS} links")]
    TooManyLinks,
    /// A part of the path, or of what a link says.
    #[error("{}: {source}", path.display())]
    Look {
        /// As the machine names it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<LinkError> for io::Error {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::TooManyLinks => Self::new(io::ErrorKind::InvalidInput, error),
            LinkError::Look { source, .. } => source,
        }
    }
}

/// What is asked of the last part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    MustExist,
    MayMiss,
}

/// Follows all links of a path. With a root, of an image, every path is one below it: absolute ones begin there, and `..` does
/// not lead above it. The path that comes out has no link, nor the root in front.
pub(super) fn follow(root: Option<&Path>, path: &Path, last: Last) -> Result<PathBuf, LinkError> {
    let mut waiting: VecDeque<OsString> = parts(root, path).collect();
    let mut resolved = PathBuf::from(if root.is_some() { MAIN_SEPARATOR_STR } else { "" });
    let mut links = 0;
    while let Some(part) = waiting.pop_front() {
        if part == ".." && (resolved.has_root() || resolved.file_name().is_some()) {
            resolved.pop();
            continue;
        }
        let next = resolved.join(&part);
        if is_drive(&next) {
            resolved = next;
            continue;
        }
        let place = match root {
            Some(root) => Ok(outside(root, &next)),
            None => exact(&next).map(Cow::into_owned),
        };
        let place = place.map_err(|source| LinkError::Look { path: next.clone(), source })?;
        let is_link = match place.symlink_metadata() {
            Ok(metadata) => metadata.is_symlink(),
            Err(_) if last == Last::MayMiss && waiting.is_empty() => false,
            Err(source) => return Err(LinkError::Look { path: next, source }),
        };
        if !is_link {
            resolved = next;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(LinkError::TooManyLinks);
        }
        let target = place.read_link().map_err(|source| LinkError::Look { path: next, source })?;
        for part in parts(root, &target).collect::<Vec<_>>().into_iter().rev() {
            waiting.push_front(part);
        }
    }
    Ok(resolved)
}

/// Where a path of an image lies; without links, or it may lead out.
pub(super) fn outside(root: &Path, inside: &Path) -> PathBuf {
    let names = inside.components().filter(|part| matches!(part, Component::Normal(_)));
    root.iter().chain(names.map(Component::as_os_str)).collect()
}

/// The parts of a path; an absolute one begins with the root, which joins to replace what was before. An image has no drives.
fn parts<'p>(root: Option<&Path>, path: &'p Path) -> impl Iterator<Item = OsString> + use<'p> {
    let drives = root.is_none();
    let counts = move |part: &Component<'_>| match part {
        Component::CurDir => false,
        Component::Prefix(_) => drives,
        _ => true,
    };
    path.components().filter(counts).map(|part| part.as_os_str().to_owned())
}

/// A drive or a share of Windows, without its root: no file that could be looked at.
fn is_drive(path: &Path) -> bool {
    let mut parts = path.components();
    matches!((parts.next(), parts.next()), (Some(Component::Prefix(_)), None))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn chains_are_followed_and_what_is_missing_is_named() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("dir")).unwrap();
        std::fs::write(root.join("dir/file"), "").unwrap();
        symlink("dir", root.join("link")).unwrap();
        symlink("link/../link/file", root.join("chain")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        symlink("loop2", root.join("loop1")).unwrap();
        symlink(root.join("loop1"), root.join("loop2")).unwrap();
        let resolve = |name: &str| follow(None, &root.join(name), Last::MustExist);
        assert_eq!(resolve("chain").unwrap(), root.join("dir/file"));
        let LinkError::Look { path, .. } = resolve("dangling").unwrap_err() else { panic!() };
        assert_eq!(path, root.join("nowhere"));
        assert!(matches!(resolve("loop1"), Err(LinkError::TooManyLinks)));
    }

    #[test]
    fn a_relative_path_stays_relative_and_may_begin_above() {
        assert_eq!(follow(None, Path::new("../.."), Last::MustExist).unwrap(), Path::new("../.."));
        assert_eq!(
            follow(None, Path::new("src/../src/lib.rs"), Last::MustExist).unwrap(),
            Path::new("src/lib.rs")
        );
        assert_eq!(follow(None, Path::new("/../.."), Last::MustExist).unwrap(), Path::new("/"));
    }
}
