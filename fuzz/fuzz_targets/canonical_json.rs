//! Any JSON: what is written reads back as the same value.
#![no_main]

use mig_core::json::{self, Value};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(value) = json::from_slice::<Value>(text) else { return };
    let written = json::to_string(&value).expect("a value that was read is written");
    assert_eq!(json::from_str::<Value>(&written).ok(), Some(value));
});
