//! Any header of a package: read or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|blob: &[u8]| {
    let mut blob = blob;
    _ = mig_modules::pkg::rpm::header::read_with_source(&mut blob);
});
