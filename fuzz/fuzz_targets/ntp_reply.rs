//! Any datagram in answer to a question for the time: what is believed keeps its promises.
#![no_main]

use mig_modules::timedrift::packet::Request;

libfuzzer_sys::fuzz_target!(|datagram: &[u8]| {
    // Whatever number the datagram repeats was asked for.
    let nonce =
        datagram.get(24..).and_then(|rest| rest.first_chunk()).map_or(0, |nonce| u64::from_be_bytes(*nonce));
    if let Some(Ok(reply)) = Request::new(nonce).read(datagram) {
        assert!(
            reply.sent >= reply.received && (1..16).contains(&reply.stratum) && reply.distance.as_secs() < 16
        );
    }
});
