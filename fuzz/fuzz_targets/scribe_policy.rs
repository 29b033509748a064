//! Any text of a policy: loaded or refused, and what is loaded runs on a machine that has nothing.
#![no_main]

use mig_core::{
    agent::{Budget, RunSession, worker},
    json::{self, Value},
    module::{Machine, Module as _},
};
use mig_modules::scribe::{self, ScribeModule};
use std::{collections::BTreeMap, fs, num::NonZeroUsize, sync::OnceLock, time::Duration};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(document) = scribe::parse_document(text) else { return };
    let Ok(document) = json::to_value(&document) else { return };
    assert_eq!(scribe::check(&document), Ok(()));
    let parameters = Value::Map(BTreeMap::from([("scribedoc".to_owned(), document)]));
    let budget = Budget { time: Duration::from_secs(5), threads: NonZeroUsize::MIN, ..Budget::default() };
    let (result, _) =
        worker::run_in_session(&ScribeModule, &parameters, RunSession::new(budget).on(nothing()));
    assert!(result.errors.iter().flatten().all(|error| !error.contains("panicked")), "{:?}", result.errors);
    _ = (ScribeModule.print(&result, false), ScribeModule.mask(&result));
});

/// An image without files.
fn nothing() -> Machine {
    static NOTHING: OnceLock<Machine> = OnceLock::new();
    let make = || {
        let root = std::env::temp_dir().join(format!("nothing-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a directory");
        Machine::image(&root).expect("an image")
    };
    NOTHING.get_or_init(make).clone()
}
