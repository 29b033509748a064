//! Any parameters of the memory module: prepared or refused, and what is echoed reads back.
#![no_main]

use mig_core::{
    json::{self, Value},
    module::Module,
};
use mig_modules::memory::MemoryModule;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(parameters) = json::from_slice::<Value>(text) else { return };
    _ = (MemoryModule.prepare(&parameters).is_ok(), MemoryModule.unknown_parameter(&parameters));
});
