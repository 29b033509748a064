//! What only Unix has: links for everybody, pipes, sockets, names that are no text, modes, file systems of the kernel.

use super::*;
use mig_core::module::Stop;
use mig_modules::scan::SizeRange;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::{
    ffi::OsStr,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    time::{Duration, Instant},
};

#[test]
fn special_files_are_never_opened() {
    let root = tempfile::tempdir().expect("a directory");
    let fifo = root.path().join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).expect("a fifo");
    let _socket = UnixListener::bind(root.path().join("socket")).expect("a socket");
    symlink("fifo", root.path().join("link")).expect("a link");
    symlink("/dev/null", root.path().join("null")).expect("a link");
    fs::write(root.path().join("file"), "x").expect("a file");
    let report = run(vec![all(root.path(), vec![content(".*")]), all(&fifo, vec![content(".*")])]);
    assert_eq!(paths(&report, 0), [root.path().join("file")]);
    assert_eq!(report.statistics.files, 1);
    assert_eq!(
        problems(&report),
        [format!("warning: {} is not a regular file and was skipped", fifo.display())]
    );
}

#[test]
fn names_that_are_not_text_are_found_and_match_replacement_characters() {
    let root = tempfile::tempdir().expect("a directory");
    let odd = root.path().join(OsStr::from_bytes(b"bad\xFF\xFEname\n\x1B[31m"));
    if fs::write(&odd, "x").is_err() {
        return;
    }
    let report = run(vec![all(root.path(), vec![name("bad\u{fffd}\u{fffd}name"), content("x")])]);
    assert_eq!(paths(&report, 0), [odd]);
}

#[test]
fn a_path_that_leads_in_circles_is_one_problem() {
    let root = tempfile::tempdir().expect("a directory");
    symlink("b", root.path().join("a")).expect("a link");
    symlink("a", root.path().join("b")).expect("a link");
    let report =
        run(vec![all(&root.path().join("a/below"), vec![name(".")]), all(root.path(), vec![name(".")])]);
    assert_eq!(report.statistics.open_failed, 3);
    let expected = [
        "ERROR: followSymLink() -> EvalSymlinks: too many links".to_owned(),
        format!("ERROR: open {}: too many levels of symbolic links", root.path().join("a/below").display()),
        "ERROR: followSymLink() -> EvalSymlinks: too many links".to_owned(),
    ];
    assert_eq!(problems(&report), expected);
}

#[test]
fn a_file_that_several_paths_lead_to_is_found_once() {
    let root = tempfile::tempdir().expect("a directory");
    let root = root.path().canonicalize().expect("a path");
    fs::write(root.join("target"), "x").expect("a file");
    symlink("target", root.join("link")).expect("a link");
    symlink("link", root.join("chain")).expect("a link");
    let mut query = all(&root, vec![name("^target$")]);
    query.paths.extend(["link", "chain", "target"].map(|name| root.join(name)));
    let alone = Query { paths: query.paths[1..].to_vec(), max_depth: Some(1), ..query.clone() };
    for (query, files) in [(query, 3), (alone, 1)] {
        let report = run(vec![query]);
        assert_eq!(paths(&report, 0), [root.join("target")]);
        assert_eq!(report.statistics.files, files);
    }
}

#[test]
fn a_directory_that_does_not_open_is_one_problem_also_if_it_is_a_path_itself() {
    let root = tempfile::tempdir().expect("a directory");
    let locked = root.path().join("locked");
    fs::create_dir(&locked).expect("a directory");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("a mode");
    if fs::read_dir(&locked).is_ok() {
        println!("skipped: this user may open everything");
        return;
    }
    let mut query = all(root.path(), vec![name(".")]);
    query.paths.push(locked.clone());
    let report = run(vec![query]);
    assert_eq!(problems(&report), [format!("ERROR: open {}/: permission denied", locked.display())]);
    assert_eq!(report.statistics.open_failed, 1);
}

#[test]
fn pseudo_file_systems_are_left_out_unless_a_path_lies_on_one() {
    if !Path::new("/proc/self/stat").exists() {
        return;
    }
    let everywhere = Query { max_depth: Some(3), ..all(Path::new("/"), vec![name("^stat$")]) };
    let there =
        Query { max_depth: Some(1), ..all(Path::new("/proc"), vec![name("^stat$"), content("^cpu ")]) };
    let report = run(vec![everywhere, there]);
    let found = paths(&report, 0);
    assert!(!found.iter().any(|path| path.starts_with("/proc") || path.starts_with("/sys")), "{found:?}");
    assert_eq!(paths(&report, 1), [Path::new("/proc/stat")], "of no size, and read");
}

#[test]
fn a_link_to_a_pseudo_file_system_is_found_and_not_read() {
    if !Path::new("/proc/cpuinfo").exists() {
        return;
    }
    let root = tempfile::tempdir().expect("a directory");
    let link = root.path().join("link");
    symlink("/proc/cpuinfo", &link).expect("a link");
    let report =
        run(vec![all(root.path(), vec![name("link")]), all(root.path(), vec![content("processor")])]);
    assert_eq!((paths(&report, 0), report.hits[1].len()), (vec![link.as_path()], 0));
    let expected = format!(
        "checkContent() -> open {}: the link leads to a pseudo or remote file system",
        link.display()
    );
    assert_eq!(problems(&report), [expected]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_of_the_kernel_that_never_ends_is_one_problem() {
    // The first says that it is empty, the second that it has 128 TiB.
    for path in ["/proc/self/pagemap", "/proc/kcore"].map(Path::new) {
        if fs::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut [0; 8])).is_err() {
            println!("skipped: {} does not open here", path.display());
            continue;
        }
        let report = run(vec![all(path, vec![content("^nothing like this$")])]);
        let bytes = 16 << 20;
        let why = format!("checkContent() -> read {}: does not end after {bytes} bytes", path.display());
        assert_eq!(problems(&report), [why]);
    }
}

#[test]
fn files_that_vanish_during_the_scan_are_no_reason_to_end() {
    let root = tempfile::tempdir().expect("a directory");
    let scan = Scan::new(vec![Query {
        filters: vec![filter(Test::Size(SizeRange { min: 0, max: u64::MAX })), content("x")],
        ..all(root.path(), Vec::new())
    }])
    .expect("a scan");
    let busy = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0.. {
                let directory = root.path().join(format!("d{}", round % 7));
                let _made = fs::create_dir(&directory);
                let _written = fs::write(directory.join("f"), "x");
                let _gone = fs::remove_dir_all(&directory);
                if !busy.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let reports: Vec<_> = (0..300).map(|_| scan.run(&TestSession::new())).collect();
        busy.store(false, Ordering::Relaxed);
        for report in reports {
            assert_eq!(report.stopped, None);
            for problem in problems(&report) {
                let expected = ["no such file or directory", "changed while it was read"];
                assert!(expected.iter().any(|text| problem.contains(text)), "{problem}");
            }
        }
    });
}

#[test]
fn a_file_that_is_reached_twice_is_one_hit() {
    let root = tempfile::tempdir().expect("a directory");
    let (file, link) = (root.path().join("target"), root.path().join("link"));
    fs::write(&file, "x").expect("a file");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    let paths = vec![root.path().to_owned(), link];
    let report = run(vec![Query { paths, ..all(root.path(), vec![content("x")]) }]);
    assert_eq!(self::paths(&report, 0).iter().filter(|path| **path == file).count(), 1);
}

#[test]
fn cancelling_ends_a_scan_within_a_tenth_of_a_second_and_keeps_what_was_found() {
    let root = tempfile::tempdir().expect("a directory");
    fs::write(root.path().join("a"), "x\n").expect("a file");
    // Zeros without end for this test: a sparse file of 1 TiB.
    fs::create_dir(root.path().join("z")).expect("a directory");
    fs::File::create(root.path().join("z/endless"))
        .and_then(|file| file.set_len(1 << 40))
        .expect("a sparse file");
    let scan = Scan::new(vec![all(root.path(), vec![content("x")]), all(root.path(), vec![name("a")])])
        .expect("a scan");
    let session = TestSession::new();
    let (report, waited) = std::thread::scope(|scope| {
        let scan = scope.spawn(|| scan.run(&session));
        while session.results.load(Ordering::Relaxed) < 2 || session.checkpoints.load(Ordering::Relaxed) < 20
        {
            std::thread::yield_now();
        }
        session.cancelled.store(true, Ordering::Relaxed);
        let cancelled = Instant::now();
        (scan.join().expect("a report"), cancelled.elapsed())
    });
    assert_eq!(report.stopped, Some(Stop::Cancelled));
    assert_eq!((report.hits[0].len(), report.hits[1].len()), (1, 1));
    assert!(waited < Duration::from_millis(100), "{waited:?}");
}
