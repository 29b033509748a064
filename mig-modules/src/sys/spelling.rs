//! How Windows spells paths. Elsewhere each path has one spelling, and these functions change nothing.
//!
//! A path as people write it is at most 260 characters long there, loses dots and spaces at its end, and may name a device
//! instead of a file (`aux`). One that begins with `\\?\` is taken as it is: so whatever lists a directory can also open what it
//! found. People never see that form.

use std::{
    borrow::Cow,
    ffi::OsString,
    io,
    path::{self, Component, Path, PathBuf, Prefix},
};

/// The path in the form that the system takes as it is. `.` and `..` are taken away by their text, as Windows does.
///
/// # Errors
/// If there is no working directory that a relative path could begin in.
pub(crate) fn exact(path: &Path) -> io::Result<Cow<'_, Path>> {
    if !cfg!(windows) {
        return Ok(Cow::Borrowed(path));
    }
    let absolute = if path.is_absolute() { Cow::Borrowed(path) } else { Cow::Owned(path::absolute(path)?) };
    let mut parts = absolute.components();
    let Some(mut exact) = parts.next().and_then(exact_prefix) else { return Ok(absolute) };
    for part in parts {
        match part {
            Component::Normal(name) => exact.push(name),
            Component::ParentDir => drop(exact.pop()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    Ok(Cow::Owned(exact))
}

/// The path as people write it.
pub(crate) fn plain(path: PathBuf) -> PathBuf {
    let mut parts = path.components();
    let Some(Component::Prefix(prefix)) = parts.next() else { return path };
    let mut plain = match prefix.kind() {
        Prefix::VerbatimDisk(letter) => OsString::from(format!("{}:", char::from(letter))),
        Prefix::VerbatimUNC(server, share) => joined(r"\\", [server, share]),
        _ => return path,
    };
    plain.push(parts.as_path());
    PathBuf::from(plain)
}

/// An absolute path as the disk has it: whoever writes names with other letters, or in their short form (`PROGRA~1`), means the
/// same place. A path that leads through links, or to another drive, stays as it is.
#[cfg(any(feature = "scan", test))]
pub(crate) fn on_disk(path: &Path) -> Cow<'_, Path> {
    // Who writes a dot or a space at the end of a name means it; not every Windows tells such names back.
    let is_meant =
        |name: Component<'_>| matches!(name.as_os_str().as_encoded_bytes().last(), Some(b'.' | b' '));
    if !cfg!(windows) || !path.is_absolute() || path.components().any(is_meant) {
        return Cow::Borrowed(path);
    }
    let is_link = |place: &Path| place.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let found = exact(path).ok().filter(|exact| !exact.ancestors().any(is_link));
    let found = found.and_then(|exact| exact.canonicalize().ok()).map(plain);
    let is_same_drive = |found: &PathBuf| found.components().next() == path.components().next();
    found.filter(is_same_drive).map_or(Cow::Borrowed(path), Cow::Owned)
}

/// The beginning of an exact path; `None` for a path that is exact already, or names a device.
fn exact_prefix(part: Component<'_>) -> Option<PathBuf> {
    let Component::Prefix(prefix) = part else { return None };
    let exact = match prefix.kind() {
        Prefix::Disk(letter) => OsString::from(format!(r"\\?\{}:\", char::from(letter))),
        Prefix::UNC(server, share) => joined(r"\\?\UNC\", [server, share, "".as_ref()]),
        _ => return None,
    };
    Some(PathBuf::from(exact))
}

fn joined<const NAMES: usize>(begin: &str, names: [&std::ffi::OsStr; NAMES]) -> OsString {
    let mut text = OsString::from(begin);
    text.push(names.join("\\".as_ref()));
    text
}

#[cfg(test)]
#[cfg(windows)]
mod tests {
    use super::*;

    fn exact_text(path: &str) -> String {
        exact(Path::new(path)).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn paths_are_exact_whatever_they_name() {
        for (path, wanted) in [
            (r"C:\", r"\\?\C:\"),
            (r"c:\a/b", r"\\?\C:\a\b"),
            (r"C:\a\.\..\b\", r"\\?\C:\b"),
            (r"C:\..\a", r"\\?\C:\a"),
            (r"C:\aux", r"\\?\C:\aux"),
            (r"C:\ends in a dot.\ends in a space ", r"\\?\C:\ends in a dot.\ends in a space "),
            (r"\\server\share\a", r"\\?\UNC\server\share\a"),
            (r"\\?\C:\a", r"\\?\C:\a"),
            (r"\\.\C:", r"\\.\C:"),
        ] {
            assert_eq!(exact_text(path), wanted, "{path}");
        }
        let here = std::env::current_dir().unwrap();
        assert_eq!(plain(exact(Path::new("a")).unwrap().into_owned()), here.join("a"));
    }

    #[test]
    fn people_see_the_plain_form() {
        for path in [r"C:\", r"C:\a\b", r"\\server\share\a", "a", r"\a"] {
            assert_eq!(plain(PathBuf::from(path)), PathBuf::from(path));
        }
        assert_eq!(plain(PathBuf::from(r"\\?\C:\a")).to_str(), Some(r"C:\a"));
        assert_eq!(plain(PathBuf::from(r"\\?\UNC\server\share\a")).to_str(), Some(r"\\server\share\a"));
    }

    #[test]
    fn a_place_has_the_letters_of_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("Mixed Case");
        std::fs::create_dir(&place).unwrap();
        let place = on_disk(&place).into_owned();
        let shouted = place.to_str().unwrap().to_uppercase();
        assert_eq!(on_disk(Path::new(&shouted)).to_str(), place.to_str());
        for missing in [place.join("none"), PathBuf::from("relative")] {
            assert_eq!(on_disk(&missing).to_str(), missing.to_str());
        }
    }
}
