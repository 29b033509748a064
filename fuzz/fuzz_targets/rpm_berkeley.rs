//! Any hash database of BerkeleyDB: every chain of pages ends.
#![no_main]

use mig_core::testing::TestSession;
use mig_modules::pkg::rpm::{berkeley, header};
use std::io::Cursor;

libfuzzer_sys::fuzz_target!(|database: &[u8]| {
    _ = berkeley::for_each(&mut Cursor::new(database), &TestSession::new(), &mut |blob| {
        _ = blob.and_then(header::read);
        Ok(())
    });
});
