//! Compressed parameters from anyone: expanded within the limit or refused.
#![no_main]

use mig_core::{action::Operation, json::Value};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let parameters = Value::String(text.to_owned());
    _ = Operation { parameters, is_compressed: true, ..Operation::default() }.expanded_parameters();
});
