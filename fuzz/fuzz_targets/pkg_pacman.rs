//! Any description of a package of pacman: a package with a name and a version, or a fault.
#![no_main]

use mig_modules::pkg::pacman;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(package) = pacman::parse(text) else { return };
    assert!(!package.name.is_empty() && !package.version.is_empty());
});
