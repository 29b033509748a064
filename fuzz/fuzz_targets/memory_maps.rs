//! Any table of a process's memory: read or refused, and what is read is in order.
#![no_main]

use mig_modules::sys::maps;

libfuzzer_sys::fuzz_target!(|table: &[u8]| {
    let regions = maps::parse(table).unwrap_or_default();
    assert!(regions.is_sorted_by(|one, other| one.range.end <= other.range.start));
});
