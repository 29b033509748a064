//! Any program: its sections, its build information of Go and its crates.
#![no_main]

use mig_modules::pkg::language::{auditable, executable::Executable, go};
use std::io::Cursor;

libfuzzer_sys::fuzz_target!(|program: &[u8]| {
    let Ok(Some(mut program)) = Executable::open(Cursor::new(program)) else { return };
    _ = (go::modules(&mut program).is_ok(), auditable::crates(&mut program).is_ok());
});
