//! Any metadata of Python, Node.js and Ruby, and any list of crates.
#![no_main]

use mig_modules::pkg::language::{auditable, gem, npm, python};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    _ = (python::parse(bytes), npm::parse(bytes), gem::parse(bytes), auditable::parse(bytes).is_ok());
});
