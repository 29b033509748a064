//! The scan engine on real directories: what it visits, what it never touches, and how it ends.
#![cfg(feature = "scan")]

mod common;
#[cfg(unix)]
#[path = "scan/unix.rs"]
mod unix;
#[cfg(windows)]
#[path = "scan/windows.rs"]
mod windows;

use common::session::TestSession;
use mig_modules::{
    dialect::Pattern,
    scan::{Algorithm, Combine, Digest, Filter, Query, Report, Scan, Test},
};
use proptest::{prelude::*, test_runner::TestRunner};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};
use tempfile::TempDir;

fn filter(test: Test) -> Filter {
    Filter { test, negated: false, mismatch: false }
}

fn name(pattern: &str) -> Filter {
    filter(Test::Name(Arc::new(Pattern::new(pattern).expect("a pattern"))))
}

fn content(pattern: &str) -> Filter {
    filter(Test::Content(Arc::new(Pattern::new(pattern).expect("a pattern"))))
}

fn all(path: &Path, filters: Vec<Filter>) -> Query {
    Query { paths: vec![path.to_owned()], combine: Combine::All, filters, ..Query::default() }
}

fn run(queries: Vec<Query>) -> Report {
    Scan::new(queries).expect("a scan").run(&TestSession::new())
}

fn paths(report: &Report, query: usize) -> Vec<&Path> {
    report.hits[query].iter().map(|hit| hit.file.path.as_path()).collect()
}

fn problems(report: &Report) -> Vec<&str> {
    report.problems.iter().map(|problem| problem.text.as_str()).collect()
}

/// Makes files; each way leads through numbered directories to a file.
fn grow(root: &Path, ways: &[&[u8]]) {
    for way in ways {
        let directory = root.join(place(way));
        fs::create_dir_all(&directory).expect("a directory");
        fs::write(directory.join(format!("f{}", way.len())), "x").expect("a file");
    }
}

fn place(way: &[u8]) -> PathBuf {
    way.iter().map(|step| format!("d{step}")).collect()
}

/// A tree of several levels; some directories hold no file, some only directories.
fn grown() -> TempDir {
    let root = tempfile::tempdir().expect("a directory");
    grow(
        root.path(),
        &[&[], &[0], &[0, 0, 0], &[0, 1], &[0, 1, 2, 2, 0], &[1, 1], &[1, 1, 0], &[2], &[2, 2, 2, 2]],
    );
    fs::create_dir_all(root.path().join("d1/d2/d0")).expect("a directory");
    root
}

/// Runs a property on 1,000 cases over one tree: making trees would take most of the time.
fn check<S: Strategy>(strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: if cfg!(windows) { 10 } else { 1_000 },
        failure_persistence: None,
        ..Default::default()
    });
    runner.run(&strategy, property).expect("the property holds");
}

/// The way to some directory of the tree.
fn some_way() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0..3_u8, 0..4)
}

#[test]
fn the_walk_visits_what_walkdir_visits() {
    let root = grown();
    check((some_way(), 0..7_u64), |(way, depth)| {
        let path = root.path().join(place(&way));
        let max_depth = (depth > 0).then_some(depth);
        let report = run(vec![Query { max_depth, ..all(&path, vec![name(".")]) }]);
        let expected: BTreeSet<PathBuf> = walkdir::WalkDir::new(&path)
            .max_depth(max_depth.map_or(usize::MAX, |depth| usize::try_from(depth).unwrap_or(usize::MAX)))
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(walkdir::DirEntry::into_path)
            .collect();
        prop_assert_eq!(report.statistics.files, expected.len() as u64);
        prop_assert_eq!(report.statistics.open_failed == 0, path.exists());
        prop_assert_eq!(paths(&report, 0).into_iter().map(Path::to_owned).collect::<BTreeSet<_>>(), expected);
        Ok(())
    });
}

#[test]
fn queries_that_share_a_walk_find_what_each_finds_alone() {
    let root = grown();
    let query = (proptest::collection::vec(some_way(), 1..4), 0..5_u64, 0..4_usize);
    check(proptest::collection::vec(query, 1..5), |queries| {
        let queries = queries.into_iter().map(|(ways, depth, limit)| Query {
            paths: ways.iter().map(|way| root.path().join(place(way))).collect(),
            max_depth: (depth > 0).then_some(depth),
            limit: (limit > 0).then_some(limit),
            ..all(root.path(), vec![name("f")])
        });
        let queries: Vec<Query> = queries.collect();
        let together = run(queries.clone());
        for (index, query) in queries.into_iter().enumerate() {
            let alone = run(vec![query]);
            prop_assert_eq!(paths(&together, index), paths(&alone, 0));
        }
        Ok(())
    });
}

#[test]
fn results_come_in_the_order_of_paths_from_a_large_flat_directory() {
    let root = tempfile::tempdir().expect("a directory");
    // Wine reads the whole directory for each new file.
    let files = if cfg!(windows) { 300 } else { 1_500_u64 };
    for number in 0..files {
        fs::write(root.path().join(format!("{number:04}")), "x\n").expect("a file");
    }
    let report = run(vec![all(root.path(), vec![content("x")])]);
    let expected: Vec<PathBuf> = (0..files).map(|number| root.path().join(format!("{number:04}"))).collect();
    assert_eq!(paths(&report, 0), expected);
    assert_eq!(report.statistics.files, files);
}

#[test]
fn a_limit_keeps_the_first_hits_and_counts_per_query() {
    let root = tempfile::tempdir().expect("a directory");
    grow(root.path(), &[&[1], &[1, 0], &[2], &[0, 1], &[0]]);
    let limited = Query { limit: Some(2), ..all(root.path(), vec![name("f")]) };
    let report = run(vec![limited, all(root.path(), vec![name("f")])]);
    assert_eq!(paths(&report, 0), [root.path().join("d0/d1/f2"), root.path().join("d0/f1")]);
    assert_eq!(report.hits[1].len(), 5);
}

#[test]
fn a_large_file_is_searched_and_hashed_in_one_read() {
    let root = tempfile::tempdir().expect("a directory");
    let mut data = b"line of text\n".repeat(200_000);
    data.extend_from_slice(b"the needle at the end");
    fs::write(root.path().join("large"), &data).expect("a file");
    // By `sha256sum`.
    let digests =
        run(vec![Query { return_sha256: true, ..all(root.path(), vec![content("needle at the end$")]) }]);
    let sha256 = digests.hits[0][0].file.sha256.clone().expect("a digest");
    let wanted = filter(Test::Digest(sha256));
    let report = run(vec![all(root.path(), vec![wanted, content("^the needle")])]);
    assert_eq!(report.hits[0].len(), 1);
    let other = Digest::from_hex(Algorithm::Sha1, &"0".repeat(40)).expect("a digest");
    let report = run(vec![all(root.path(), vec![filter(Test::Digest(other)), content("^the needle")])]);
    assert_eq!(report.hits[0].len(), 0);
}

#[test]
fn a_file_that_grows_while_it_is_read_is_reported() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("growing");
    fs::write(&path, vec![b'x'; 32 << 20]).expect("a file");
    let scan = Scan::new(vec![all(root.path(), vec![content("never")])]).expect("a scan");
    let busy = std::sync::atomic::AtomicBool::new(true);
    let reported = |report| problems(&report).iter().any(|problem| problem.contains("growing changed while"));
    let mut file = fs::File::options().append(true).open(&path).expect("the file");
    let is_reported = std::thread::scope(|scope| {
        scope.spawn(|| {
            while busy.load(Ordering::Relaxed) {
                std::io::Write::write_all(&mut file, b"x").expect("room");
            }
        });
        // On a busy machine the writer may have to wait for its turn.
        let is_reported = (0..1_000).any(|_| reported(scan.run(&TestSession::new())));
        busy.store(false, Ordering::Relaxed);
        is_reported
    });
    assert!(is_reported);
}

#[test]
fn a_deep_tree_is_walked_with_few_open_directories() {
    let root = tempfile::tempdir().expect("a directory");
    let mut path = root.path().canonicalize().expect("a directory");
    // On Windows too this is longer than what needs no special form; more levels take long under Wine.
    let levels = if cfg!(windows) { 60 } else { 400 };
    for _ in 0..levels {
        path.push("deep");
    }
    fs::create_dir_all(&path).expect("directories");
    fs::write(path.join("leaf"), "x").expect("a file");
    let report = run(vec![all(root.path(), vec![content("x")])]);
    let found = paths(&report, 0);
    assert!(found.len() == 1 && found[0].ends_with("deep/deep/leaf"), "{found:?}");
}
