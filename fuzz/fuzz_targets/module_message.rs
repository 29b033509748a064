//! Whatever stands on the standard input of a module's process: messages or errors, never more memory than a message may have.
#![no_main]

use mig_core::message::Message;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut lines = input;
    while let Ok(Some(_)) = Message::read(&mut lines) {}
    let mut input = input;
    if let Ok(message) = Message::read_parameters(&mut input) {
        assert_eq!(message.class, Message::PARAMETERS);
    }
});
