//! Any file, searched as if it were gzip data: it is expanded in bounded memory, or read as it is.
#![no_main]

use mig_core::testing::TestSession;
use mig_modules::{
    dialect::Pattern,
    scan::{Combine, Filter, Query, Scan, Test},
};
use std::{env, fs, path::PathBuf, process, sync::Arc, sync::LazyLock};

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| env::temp_dir().join(format!("mig-fuzz-{}", process::id())));

static SCAN: LazyLock<Scan> = LazyLock::new(|| {
    let content = Test::Content(Arc::new(Pattern::new("^x.*y$").expect("an expression")));
    let query = Query {
        paths: vec![FILE.clone()],
        combine: Combine::All,
        filters: vec![Filter { test: content, negated: false, mismatch: false }],
        decompress: true,
        return_sha256: true,
        ..Query::default()
    };
    Scan::new(vec![query]).expect("a scan")
});

libfuzzer_sys::fuzz_target!(|content: &[u8]| {
    // Half of the inputs would not even begin like gzip data.
    let content = [&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"[..], content].concat();
    fs::write(&*FILE, content).expect("a file");
    let report = SCAN.run(&TestSession::new());
    assert!(report.statistics.files <= 1);
});
