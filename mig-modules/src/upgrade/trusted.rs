//! Places that nobody but the superuser and ourselves can change.

use crate::sys::trust::distrust;
use std::{
    fs::{self, Metadata},
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// In a directory with this bit everybody can rename what is their own only.
const STICKY: u32 = 0o1000;

/// Where a directory really is, if others can change neither it nor what is above it.
pub(super) fn directory(path: &Path) -> io::Result<PathBuf> {
    let path = path.canonicalize()?;
    let metadata = path.metadata()?;
    if !metadata.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    check(&path, &metadata)?;
    for above in path.ancestors().skip(1) {
        let metadata = above.metadata()?;
        let mode = if metadata.mode() & STICKY == 0 { metadata.mode() } else { 0 };
        refuse(distrust(&above.display().to_string(), metadata.uid(), mode))?;
    }
    Ok(path)
}

/// A directory as above, and all that is in it.
pub(super) fn files(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory(path)?)? {
        file(&entry?.path())?;
    }
    Ok(())
}

/// A file that others can not change, wherever links lead. Where it is has to be checked elsewhere.
pub(super) fn file(path: &Path) -> io::Result<()> {
    check(path, &path.metadata()?)
}

fn check(path: &Path, metadata: &Metadata) -> io::Result<()> {
    refuse(distrust(&path.display().to_string(), metadata.uid(), metadata.mode()))
}

fn refuse(reason: Option<String>) -> io::Result<()> {
    reason.map_or(Ok(()), |reason| Err(io::Error::new(ErrorKind::PermissionDenied, reason)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn allow(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_can_write_is_not_trusted_at_any_level() {
        let place = tempfile::tempdir().unwrap();
        allow(place.path(), 0o755);
        let (above, below) = (place.path().join("a"), place.path().join("a/b"));
        fs::create_dir_all(&below).unwrap();
        allow(&above, 0o755);
        allow(&below, 0o755);
        assert_eq!(directory(&below).unwrap(), below.canonicalize().unwrap());
        for (path, mode) in
            [(&below, 0o777), (&below, 0o770), (&below, 0o1777), (&above, 0o777), (&above, 0o775)]
        {
            allow(path, mode);
            let error = directory(&below).unwrap_err().to_string();
            assert_eq!(error, format!("{} can be written by others", path.canonicalize().unwrap().display()));
            allow(path, 0o755);
        }
        // As /tmp is.
        allow(&above, 0o1777);
        assert!(directory(&below).is_ok());
    }

    #[test]
    fn links_are_followed_and_files_looked_at() {
        let place = tempfile::tempdir().unwrap();
        allow(place.path(), 0o755);
        let (real, link) = (place.path().join("real"), place.path().join("link"));
        fs::create_dir(&real).unwrap();
        allow(&real, 0o755);
        symlink("real", &link).unwrap();
        assert_eq!(directory(&link).unwrap(), real.canonicalize().unwrap());
        fs::write(real.join("key"), "").unwrap();
        allow(&real.join("key"), 0o644);
        assert!(files(&link).is_ok());
        allow(&real.join("key"), 0o666);
        assert!(files(&link).unwrap_err().to_string().ends_with("key can be written by others"));
        assert_eq!(directory(&real.join("key")).unwrap_err().kind(), ErrorKind::NotADirectory);
        assert_eq!(directory(&real.join("none")).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
