//! Scans of an image: its links stay inside, whatever they say, and results show its own paths.
#![cfg(all(unix, feature = "scan"))]

mod common;

use common::session::TestSession;
use mig_core::module::Machine;
use mig_modules::{
    dialect::Pattern,
    scan::{self, Combine, Filter, Query, Report, Scan, Test},
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tempfile::TempDir;

/// An image beside a file that belongs to the host.
struct Image {
    place: TempDir,
    machine: Machine,
}

impl Image {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        fs::write(place.path().join("secret"), "of the host").expect("a file");
        let root = place.path().join("image");
        fs::create_dir(&root).expect("a directory");
        let machine = Machine::image(&root).expect("an image");
        Self { place, machine }
    }

    /// A place outside of the image.
    fn host(&self, path: &str) -> PathBuf {
        self.place.path().join(path)
    }

    fn root(&self) -> PathBuf {
        self.host("image")
    }

    fn file(&self, path: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, "of the image").expect("a file");
    }

    fn link(&self, target: impl AsRef<Path>, path: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        symlink(target, path).expect("a link");
    }

    fn search(&self, paths: &[&str], content: &str) -> Report {
        let test = Test::Content(Arc::new(Pattern::new(content).expect("a pattern")));
        let query = Query {
            paths: paths.iter().map(PathBuf::from).collect(),
            combine: Combine::All,
            filters: vec![Filter { test, negated: false, mismatch: false }],
            return_sha256: true,
            ..Query::default()
        };
        Scan::new(vec![query]).expect("a scan").run(&TestSession::on(self.machine.clone()))
    }

    /// The files found, and nothing of the host.
    fn found(&self, paths: &[&str]) -> Vec<String> {
        let report = self.search(paths, "of the (image|host)");
        let host = self.search(paths, "of the host");
        assert!(host.hits[0].is_empty(), "{paths:?}: {:?}", host.hits[0]);
        report.hits[0].iter().map(|hit| hit.file.path.display().to_string()).collect()
    }

    fn problems(&self, paths: &[&str]) -> Vec<String> {
        self.search(paths, "x").problems.into_iter().map(|problem| problem.text).collect()
    }
}

#[test]
fn paths_are_taken_below_the_root_and_shown_as_inside() {
    let image = Image::new();
    image.file("etc/passwd");
    image.file("home/a/b");
    for path in ["/", ".", "/..", ""] {
        assert_eq!(image.found(&[path]), ["/etc/passwd", "/home/a/b"], "{path:?}");
    }
    for path in ["/etc", "etc", "/etc/passwd", "etc/passwd", "/home/../etc/./passwd", "../../etc"] {
        assert_eq!(image.found(&[path]), ["/etc/passwd"], "{path:?}");
    }
    let missing = image.problems(&["/nosuch"]);
    assert_eq!(missing, ["ERROR: open /nosuch: no such file or directory"]);
}

#[test]
fn links_to_files_of_the_image_are_followed() {
    let image = Image::new();
    image.file("etc/real/file");
    image.link("/etc/real/file", "links/absolute");
    image.link("../etc/real/file", "links/relative");
    image.link("/links/absolute", "links/chain");
    image.link("/etc/real", "directory");
    image.link("/directory/../real/./file", "links/middle");
    image.link("../../../../../../etc/real/file", "links/above");
    let links = ["/links/above", "/links/absolute", "/links/chain", "/links/middle", "/links/relative"];
    assert_eq!(image.found(&["/links"]), links);
    for path in links {
        assert_eq!(
            image.found(&[path]),
            ["/etc/real/file"],
            "{path}: found once, whichever path leads to it"
        );
    }
    assert_eq!(image.found(&["/directory/file"]), ["/directory/file"]);
}

#[test]
fn no_link_leads_out_of_the_image() {
    let image = Image::new();
    image.link(image.host("secret"), "links/absolute");
    image.link("../../secret", "links/relative");
    image.link("../../../../../../../../../../etc/passwd", "links/above");
    image.link("/links/absolute", "links/chain");
    image.link("chain", "links/chain2");
    image.link("..", "up");
    image.link("/up/../secret", "links/middle");
    image.link(image.place.path(), "host");
    image.link("/host/secret", "links/through");
    image.link("/proc/self/root/etc/passwd", "links/kernel");
    assert!(image.found(&["/"]).is_empty());
    let names = ["absolute", "relative", "above", "chain", "chain2", "middle", "through", "kernel"];
    for name in names {
        let path = format!("/links/{name}");
        assert!(image.found(&[&path]).is_empty(), "{path}");
        assert!(scan::open(&image.machine, Path::new(&path)).is_err(), "{path}");
        assert!(scan::check_paths(&image.machine, &[path.into()]).is_err());
    }
    for path in ["/host", "/host/secret", "/up/secret", "/../secret", "../secret", "/up/../secret"] {
        assert!(image.found(&[path]).is_empty(), "{path}");
    }
    assert_eq!(image.problems(&["/host/secret"]).len(), 1);
    assert_eq!(image.search(&["/links"], "x").statistics.open_failed, names.len() as u64);
}

#[test]
fn problems_of_links_name_places_of_the_image() {
    let image = Image::new();
    image.file("etc/file");
    image.link("/etc/nowhere", "links/dangling");
    image.link("loop", "links/loop");
    image.link("/etc", "directory");
    let dangling = "ERROR: followSymLink() -> lstat /etc/nowhere: no such file or directory";
    let circle = "ERROR: followSymLink() -> EvalSymlinks: too many links";
    assert_eq!(image.problems(&["/links"]), [dangling, circle]);
    assert_eq!(
        image.problems(&["/directory"]),
        ["warning: /directory is a link to /etc and was not followed"]
    );
}

#[test]
fn a_file_reached_by_links_and_by_a_path_is_read_as_the_scan_reads_it() {
    let image = Image::new();
    image.file("etc/file");
    image.link("/etc/file", "link");
    for path in ["/etc/file", "/link"] {
        let (_, metadata) = scan::open(&image.machine, Path::new(path)).expect("a file");
        assert_eq!(metadata.size, 12);
    }
    assert!(scan::open(&image.machine, Path::new("/etc")).is_err());
    assert!(scan::open(&image.machine, Path::new("/")).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_becomes_a_link_while_it_is_searched_leads_nowhere() {
    let image = Image::new();
    fs::create_dir(image.host("outside")).expect("a directory");
    fs::write(image.host("outside/file"), "of the host").expect("a file");
    image.file("tree/file");
    image.link(image.host("outside"), "swap");
    image.link("/tree/file", "link");
    let (tree, swap) = (image.root().join("tree"), image.root().join("swap"));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let (from, to) = (rustix::fs::CWD, rustix::fs::CWD);
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(from, &tree, to, &swap, flags).expect("an exchange");
            }
        });
        let leaks = (0..1_000).find(|_| {
            let report = image.search(&["/", "/tree/file", "/link"], "of the host");
            !report.hits[0].is_empty()
        });
        stop.store(true, Ordering::Relaxed);
        assert_eq!(leaks, None);
    });
}
