//! Any action document: decoding, validation, the signed text; what is written reads back as the same document.
#![no_main]

use mig_core::{action::Action, json, time::Time};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(action) = json::from_slice::<Action>(text) else { return };
    _ = (action.validate(Time::ZERO), action.signing_string());
    let Ok(written) = json::to_string(&action) else { return };
    let again: Action = json::from_str(&written).expect("what was written is read");
    assert_eq!(json::to_string(&again).ok(), Some(written));
});
