//! Any database of rpm's own format: read to its end, or refused.
#![no_main]

use mig_core::testing::TestSession;
use mig_modules::pkg::rpm::{header, ndb};
use std::io::Cursor;

libfuzzer_sys::fuzz_target!(|database: &[u8]| {
    _ = ndb::for_each(&mut Cursor::new(database), &TestSession::new(), &mut |blob| {
        _ = blob.and_then(header::read);
        Ok(())
    });
});
