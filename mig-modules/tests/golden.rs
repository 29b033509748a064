//! Golden pairs: each module answers as the files beside it say.
//!
//! `src/<module>/testdata/<case>.in.json` is a message as a module's process reads it, `<case>.out.json` the result as it writes it,
//! indented, with durations zeroed. All look at one small image, `tests/golden/image.json`, so they are the same on every machine.
//! `MIG_GOLDEN=write cargo test -p mig-modules --test golden` writes the results anew; the diff is then to be read.

mod common;

use common::{Suite, text, tree, tree::Tree};
use mig_core::{
    agent::{Budget, RunSession, worker::run_in_session},
    json::{self, Value},
    limits,
    module::{Machine, Module},
};
use mig_modules::BUILTIN;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

fn main() -> ExitCode {
    let image = Arc::new(image());
    let mut suite = Suite::default();
    // The image is that of a Linux, with modes and a copy of /proc.
    let modules = if cfg!(target_os = "linux") { BUILTIN } else { &[] };
    for module in modules.iter().copied() {
        let image = Arc::clone(&image);
        suite.family(module.name(), cases(module.name()), move |case| check(module, case, image.path()));
    }
    suite.run()
}

fn image() -> Tree {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/image.json");
    let text = read(&path).expect("the description of the image");
    tree::build(&json::from_slice(&text).expect("JSON"))
}

/// The pairs of a module: their names and paths. A module without one fails.
fn cases(module: &str) -> Vec<Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(module).join("testdata");
    let mut paths: Vec<PathBuf> = fs::read_dir(&directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".in.json"))
        .collect();
    paths.sort();
    let case = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().replace(".in.json", "");
        let path = path.to_string_lossy().into_owned();
        Value::Map(BTreeMap::from([
            ("id".to_owned(), Value::from(name)),
            ("path".to_owned(), Value::from(path)),
        ]))
    };
    paths.into_iter().map(case).collect()
}

fn check(module: &dyn Module, case: &Value, image: &Path) -> Result<(), String> {
    let input = PathBuf::from(text(case, "path"));
    let output = PathBuf::from(text(case, "path").replace(".in.json", ".out.json"));
    let message: Value = json::from_slice(&read(&input)?).map_err(|error| error.to_string())?;
    let parameters = message.get("parameters").ok_or("a message without parameters")?;
    let machine = Machine::image(image).map_err(|error| error.to_string())?;
    let session = RunSession::new(Budget::default()).on(machine);
    let (result, _) = run_in_session(module, parameters, session);
    let mut result = json::to_value(&result).map_err(|error| error.to_string())?;
    zero_durations(&mut result);
    let found = json::to_string_pretty(&result).map_err(|error| error.to_string())? + "\n";
    if env::var_os("MIG_GOLDEN").is_some_and(|mode| mode == "write") {
        fs::write(&output, &found).map_err(|error| error.to_string())?;
    }
    let wanted = String::from_utf8(read(&output)?).map_err(|error| error.to_string())?;
    common::same(&output.display().to_string(), &found, &wanted)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    limits::read_file(path, 1 << 20).map_err(|error| format!("{}: {error}", path.display()))
}

/// How long something took is not the same twice.
fn zero_durations(value: &mut Value) {
    match value {
        Value::Map(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if matches!(key.as_str(), "exectime" | "execruntime") => {
                        "0s".clone_into(text);
                    }
                    value => zero_durations(value),
                }
            }
        }
        Value::List(list) => list.iter_mut().for_each(zero_durations),
        _ => {}
    }
}
