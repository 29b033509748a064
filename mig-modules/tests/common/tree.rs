//! Makes the trees of the vectors on disk.

use super::{list, text};
use base64::{Engine, engine::general_purpose::STANDARD};
use mig_core::json::Value;
use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, mknodat, utimensat};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::{
        ffi::OsStringExt,
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Makes a tree, such as `modules/tree-main.json`, in a new directory.
pub(crate) fn materialise(vectors: &str) -> TempDir {
    build(&mig_core::testing::vectors::read(vectors))
}

/// Makes a tree from its description in a new directory.
pub(crate) fn build(tree: &Value) -> TempDir {
    let root = tempfile::Builder::new().prefix("tree").tempdir().expect("a temporary directory");
    let entries = list(tree, "entries");
    assert!(!entries.is_empty(), "a tree without entries");
    let made: Vec<&Value> = entries.iter().filter(|entry| make(root.path(), entry)).collect();
    // Directories last, for what is made in them changes their times.
    let (directories, others): (Vec<&Value>, Vec<&Value>) =
        made.into_iter().partition(|entry| text(entry, "type") == "dir");
    for entry in others.into_iter().chain(directories.into_iter().rev()) {
        set_time(root.path(), entry);
    }
    root
}

/// False if the system refuses an optional entry.
fn make(root: &Path, entry: &Value) -> bool {
    let path = path(root, entry);
    let made = match text(entry, "type") {
        "dir" => fs::create_dir_all(&path),
        "file" => fs::write(&path, content(entry)),
        "symlink" => symlink(text(entry, "target").replace("{ROOT}", &root.to_string_lossy()), &path),
        "fifo" => mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).map_err(io::Error::from),
        other => panic!("entry type '{other}'"),
    };
    if made.is_err() && entry.get("optional").is_some() {
        return false;
    }
    made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if let Some(mode) = entry.get("mode").and_then(Value::as_str) {
        let mode = u32::from_str_radix(mode, 8).expect("an octal mode");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode that can be set");
    }
    true
}

fn path(root: &Path, entry: &Value) -> PathBuf {
    match entry.get("path_base64").and_then(Value::as_str) {
        Some(packed) => root.join(OsString::from_vec(STANDARD.decode(packed).expect("base64"))),
        None => root.join(text(entry, "path")),
    }
}

fn content(entry: &Value) -> Vec<u8> {
    if let Some(parts) = entry.get("parts").and_then(Value::as_list) {
        return parts.iter().flat_map(content).collect();
    }
    if let Some(packed) = entry.get("base64").and_then(Value::as_str) {
        return STANDARD.decode(packed).expect("base64");
    }
    match entry.get("repeat").and_then(Value::as_str) {
        Some(repeated) => repeated.repeat(number(entry, "times")).into_bytes(),
        None => text(entry, "text").as_bytes().to_vec(),
    }
}

fn number(entry: &Value, field: &str) -> usize {
    match entry.get(field) {
        Some(number @ Value::Number(_)) => {
            mig_core::json::from_value::<u32>(number).unwrap_or_default() as usize
        }
        _ => 0,
    }
}

fn set_time(root: &Path, entry: &Value) {
    let Some(time) = entry.get("mtime").and_then(Value::as_str) else { return };
    let time = Timespec {
        tv_sec: time.parse::<jiff::Timestamp>().expect("a time").as_second(),
        tv_nsec: i64::try_from(number(entry, "mtime_nanos")).expect("nanoseconds"),
    };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path(root, entry), &times, AtFlags::SYMLINK_NOFOLLOW).expect("a time that can be set");
}
