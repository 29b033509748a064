//! What entries of trees are on Unix: everything that they should be.

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, mknodat, utimensat};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::{
        ffi::OsStringExt,
        fs::{PermissionsExt, symlink},
    },
    path::Path,
    time::SystemTime,
};

pub(super) fn link(target: &str, path: &Path) -> io::Result<()> {
    symlink(target, path)
}

pub(super) fn pipe(path: &Path) -> io::Result<()> {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).map_err(io::Error::from)
}

pub(super) fn name(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode that can be set");
}

pub(super) fn set_time(path: &Path, time: SystemTime) {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
    let time = Timespec {
        tv_sec: i64::try_from(since.as_secs()).expect("seconds"),
        tv_nsec: i64::from(since.subsec_nanos()),
    };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("a time that can be set");
}

pub(super) fn keeps(_path: &Path, _nanoseconds: usize) -> bool {
    true
}
