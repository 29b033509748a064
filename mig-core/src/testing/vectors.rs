//! Test vectors: recorded inputs and outputs that the wire format and the modules must reproduce.

use crate::json::{self, Value};
use std::path::{Path, PathBuf};

/// Largest vector file, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// Reads a vector file by its name, such as `acl.json` or `modules/file.json`.
///
/// The folder `shared/vectors` beside the workspace wins, so that a newer set is used where there is one; else the copy
/// in the repository is read (`mig-core/tests/vectors`, `mig-modules/tests/vectors`).
///
/// # Panics
/// If there is no such file, or it is not JSON: a test without its vectors must fail.
#[must_use]
#[allow(clippy::panic, reason = "a test helper: there is nothing to test without the file")]
pub fn read(name: &str) -> Value {
    let path = locate(name);
    let text = crate::limits::read_file(&path, MAX_BYTES)
        .unwrap_or_else(|error| panic!("vectors {}: {error}", path.display()));
    json::from_slice(&text).unwrap_or_else(|error| panic!("vectors {}: {error}", path.display()))
}

/// The cases of a vector file.
///
/// # Panics
/// As [`read`], and if there are none.
#[must_use]
#[allow(clippy::panic, reason = "a test helper: a family without cases must fail")]
pub fn cases(name: &str) -> Vec<Value> {
    match read(name).get("cases") {
        Some(Value::List(cases)) if !cases.is_empty() => cases.clone(),
        _ => panic!("vectors {name}: no cases"),
    }
}

fn locate(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let newest = workspace.join("../shared/vectors").join(name);
    if newest.exists() {
        return newest;
    }
    match name.strip_prefix("modules/") {
        Some(file) => workspace.join("mig-modules/tests/vectors").join(file),
        None => workspace.join("mig-core/tests/vectors").join(name),
    }
}
