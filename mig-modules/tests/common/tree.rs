//! Makes the trees of the vectors on disk, as far as the system can hold them.

use super::{list, text};
use base64::{Engine, engine::general_purpose::STANDARD};
use mig_core::json::{self, Value};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

#[cfg(not(unix))]
#[path = "tree/elsewhere.rs"]
mod system;
#[cfg(unix)]
#[path = "tree/unix.rs"]
mod system;

/// A tree on disk.
#[derive(Debug)]
pub(crate) struct Tree {
    place: TempDir,
    root: PathBuf,
    /// Entries that the system could not hold as they are meant: paths with slashes.
    lacking: BTreeSet<String>,
}

/// Makes a tree, such as `modules/tree-main.json`, in a new directory.
pub(crate) fn materialise(vectors: &str) -> Tree {
    build(&mig_core::testing::vectors::read(vectors))
}

/// Makes a tree from its description in a new directory.
pub(crate) fn build(tree: &Value) -> Tree {
    let place = tempfile::Builder::new().prefix("tree").tempdir().expect("a temporary directory");
    // Names of any kind are taken as they are in this form.
    let root = place.path().canonicalize().expect("a directory");
    let entries = list(tree, "entries");
    assert!(!entries.is_empty(), "a tree without entries");
    let (made, lacking): (Vec<&Value>, Vec<&Value>) = entries.iter().partition(|entry| make(&root, entry));
    // Directories last, for what is made in them changes their times.
    let (directories, others): (Vec<&Value>, Vec<&Value>) =
        made.into_iter().partition(|entry| text(entry, "type") == "dir");
    for entry in others.into_iter().chain(directories.into_iter().rev()) {
        set_time(&root, entry);
    }
    let name = |entry: &Value| match text(entry, "path") {
        "" => relative_path(entry).to_string_lossy().into_owned(),
        path => path.to_owned(),
    };
    Tree { lacking: lacking.into_iter().map(name).collect(), root, place }
}

impl Tree {
    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    /// Its path as it stands in questions: with slashes.
    pub(crate) fn text(&self) -> String {
        let root = self.root.to_str().expect("a path that is text");
        if cfg!(windows) { root.trim_start_matches(r"\\?\").replace('\\', "/") } else { root.to_owned() }
    }

    /// Whether everything is there that a case may look at, and the system has what it asks about.
    pub(crate) fn holds(&self, case: &Value) -> bool {
        let text = json::to_string(case).expect("JSON");
        let places = text.split("{ROOT}").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
        let mut places = places.map(|place| place.trim_matches('/'));
        let is_below = |lacking: &str, place: &str| {
            place.is_empty()
                || lacking.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let lacks = |place: &str| self.lacking.iter().any(|lacking| is_below(lacking, place));
        let asks_modes = !cfg!(unix) && text.contains(r#""modes":["#);
        !asks_modes && !places.any(lacks)
    }
}

/// A result or an expectation in one form for all systems: slashes in paths, and no mode where the system has none.
pub(crate) fn in_one_form<T: Serialize + DeserializeOwned>(value: T) -> T {
    if cfg!(unix) {
        return value;
    }
    let text = json::to_string(&value).expect("JSON").replace(r"\\", "/");
    let text = without(&text, r#""mode":""#, '"');
    json::from_str(&without(&text, "mode:", ',')).expect("JSON")
}

/// Takes away what stands between a beginning and an end, wherever it does.
fn without(text: &str, begin: &str, end: char) -> String {
    let mut parts = text.split(begin);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + begin + part.trim_start_matches(|letter| letter != end))
}

/// False if the system refuses an entry, or makes another one of it; that is an error where it should not.
fn make(root: &Path, entry: &Value) -> bool {
    let path = path(root, entry);
    let made = match text(entry, "type") {
        "dir" => fs::create_dir_all(&path),
        "file" => write_new(&path, &content(entry)),
        "symlink" => system::link(&text(entry, "target").replace("{ROOT}", &root.to_string_lossy()), &path),
        "fifo" => system::pipe(&path),
        other => panic!("entry type '{other}'"),
    };
    if made.is_err() && (entry.get("optional").is_some() || !cfg!(unix)) {
        return false;
    }
    made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if let Some(mode) = entry.get("mode").and_then(Value::as_str) {
        system::set_mode(&path, u32::from_str_radix(mode, 8).expect("an octal mode"));
    }
    system::keeps(&path, number(entry, "mtime_nanos"))
}

/// Some systems take two names for one.
fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::File::create_new(path).and_then(|mut file| io::Write::write_all(&mut file, content))
}

fn path(root: &Path, entry: &Value) -> PathBuf {
    root.join(relative_path(entry))
}

fn relative_path(entry: &Value) -> PathBuf {
    match entry.get("path_base64").and_then(Value::as_str) {
        Some(packed) => system::name(STANDARD.decode(packed).expect("base64")).into(),
        // Part by part: a slash is no separator in every form of a path.
        None => text(entry, "path").split('/').collect(),
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
    let seconds = time.parse::<jiff::Timestamp>().expect("a time").as_second();
    let nanoseconds = u32::try_from(number(entry, "mtime_nanos")).expect("nanoseconds");
    let since = Duration::new(u64::try_from(seconds).expect("a time after 1970"), nanoseconds);
    system::set_time(&path(root, entry), SystemTime::UNIX_EPOCH + since);
}
