//! Any SQLite database, alone or as its own write-ahead log: every tree and every chain of pages ends.
#![no_main]

use mig_core::testing::TestSession;
use mig_modules::pkg::rpm::{header, sqlite};
use std::io::Cursor;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for log in [None, Some(Cursor::new(bytes))] {
        _ = sqlite::for_each(Cursor::new(bytes), log, &TestSession::new(), &mut |blob| {
            _ = blob.and_then(header::read);
            Ok(())
        });
    }
});
