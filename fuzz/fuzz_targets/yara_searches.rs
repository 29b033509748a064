#![no_main]
//! Searches of the yara module: a command line of another module in one text.

use libfuzzer_sys::fuzz_target;
use mig_core::{
    flags,
    module::{Module, ParsedArgs},
};
use mig_modules::{file::FileModule, memory::MemoryModule};

fuzz_target!(|text: &str| {
    let words = flags::words(text);
    let modules: [&dyn Module; 2] = [&FileModule, &MemoryModule];
    for module in modules {
        if let Ok(ParsedArgs::Params(params)) = module.parse_args(&words) {
            _ = module.prepare(&params);
        }
    }
});
