//! Any database of apk: packages or a fault; each has a name and a version.
#![no_main]

use mig_modules::pkg::apk;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(packages) = apk::parse(text) else { return };
    assert!(packages.iter().all(|package| !package.name.is_empty() && !package.version.is_empty()));
});
