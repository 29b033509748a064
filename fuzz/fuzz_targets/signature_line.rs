//! One-line signatures: what decodes encodes to a line that decodes to the same packets.
#![no_main]

use mig_core::sign::line;

libfuzzer_sys::fuzz_target!(|text: &str| {
    _ = (line::from_armor(text), line::to_armor(text));
    let Ok(packets) = line::decode(text) else { return };
    assert_eq!(line::decode(&line::encode(&packets)).ok(), Some(packets));
});
