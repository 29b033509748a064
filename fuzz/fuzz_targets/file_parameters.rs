//! Any parameters of the file module: prepared or refused, and what is echoed reads back.
#![no_main]

use mig_core::{
    json::{self, Value},
    module::Module,
};
use mig_modules::file::FileModule;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(parameters) = json::from_slice::<Value>(text) else { return };
    _ = (FileModule.prepare(&parameters).is_ok(), FileModule.unknown_parameter(&parameters));
});
