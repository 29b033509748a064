//! Databases made by rpm, SQLite and Berkeley DB themselves; damaged ones; and rpm's own answer.

#[path = "../../../tests/common/rpm.rs"]
#[allow(dead_code, reason = "shared with the tests of the module")]
mod make;

use super::{read, sqlite};
use crate::{
    pkg::{
        installed::{Detail, Installed},
        package::Package,
    },
    sys::Files,
};
use mig_core::{
    limits,
    module::{Machine, Session, Stop},
    testing::TestSession,
};
use proptest::prelude::*;
use std::{
    fs,
    io::{Cursor, Read},
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

const LISTING: &str = "\
bash 4.2.46-35.el7_9 x86_64
openssl-libs 1:1.0.2k-21.el7_9 x86_64
zero 0:1.0-1 noarch
gpg-pubkey f4a80eb5-53a7ff4b (none)
perl-4 4:5.16.3 x86_64
short 1.0
";

/// An image with an empty directory for a database.
struct Image {
    root: TempDir,
    machine: Machine,
}

impl Image {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("var/lib/rpm")).unwrap();
        let machine = Machine::image(root.path()).unwrap();
        Self { root, machine }
    }

    fn directory(&self) -> PathBuf {
        self.root.path().join("var/lib/rpm")
    }

    /// Its packages as `name version arch`, sorted, and the soft errors.
    fn read(&self) -> (Vec<String>, Vec<String>) {
        let session = TestSession::new();
        let mut lines = Vec::new();
        let files = Files::of(&self.machine);
        read(files, Detail::Name, &session, &mut |found| lines.push(line(&found.package))).unwrap();
        lines.sort();
        (lines, session.soft_errors())
    }
}

fn line(package: &Package) -> String {
    assert_eq!((package.kind, &package.path), ("rpm", &None));
    format!("{} {} {}", package.name, package.version, package.arch)
}

/// Packages with headers of all sizes: from a few bytes to many pages.
fn many() -> (Vec<String>, Vec<Vec<u8>>) {
    let mut lines = Vec::new();
    let mut headers = Vec::new();
    for number in 0..700_usize {
        let line = format!("package-{number:03} {number}:1.{number}-2 x86_64");
        let words: Vec<&str> = line.split(' ').collect();
        let mut header = make::header(words[0], words[1], words[2]);
        header.resize(header.len() + number * number / 4, b'x');
        headers.push(header);
        lines.push(line);
    }
    (lines, headers)
}

/// Makes a database of some kind in a directory.
struct Maker {
    /// The name of its file.
    file: &'static str,
    make: fn(&Path, &[Vec<u8>]),
    /// The program that is needed, and a flag with which it ends at once.
    program: (&'static str, &'static str),
}

const MAKERS: [Maker; 5] = [
    Maker { file: "rpmdb.sqlite", make: make::sqlite, program: ("sqlite3", "-version") },
    Maker { file: "Packages.db", make: make::ndb, program: ("true", "") },
    berkeley(|directory, headers| make::berkeley(directory, headers, 512, "1234")),
    berkeley(|directory, headers| make::berkeley(directory, headers, 4096, "4321")),
    berkeley(|directory, headers| make::berkeley(directory, headers, 65536, "1234")),
];

const fn berkeley(make: fn(&Path, &[Vec<u8>])) -> Maker {
    Maker { file: "Packages", make, program: ("db5.3_load", "-V") }
}

/// Those whose programs are installed.
fn makers() -> impl Iterator<Item = Maker> {
    MAKERS.into_iter().filter(|maker| make::is_installed(maker.program.0, maker.program.1))
}

#[test]
fn a_listing_is_read_back_from_each_format() {
    for Maker { file, make, .. } in makers() {
        let image = Image::new();
        make(&image.directory(), &make::headers(LISTING));
        let mut wanted: Vec<&str> = LISTING.lines().filter(|line| !line.starts_with("short")).collect();
        wanted.sort_unstable();
        assert_eq!(image.read(), (wanted.into_iter().map(str::to_owned).collect(), vec![]), "{file}");
    }
}

#[test]
fn headers_of_all_sizes_are_read_from_each_format() {
    let (lines, headers) = many();
    for Maker { file, make, .. } in makers() {
        let image = Image::new();
        make(&image.directory(), &headers);
        assert_eq!(image.read(), (lines.clone(), vec![]), "{file}");
    }
}

#[cfg(unix)]
#[test]
fn directories_that_are_one_count_once() {
    let image = Image::new();
    make::ndb(&image.directory(), &make::headers(LISTING));
    fs::create_dir_all(image.root.path().join("usr/lib/sysimage")).unwrap();
    std::os::unix::fs::symlink("/var/lib/rpm", image.root.path().join("usr/lib/sysimage/rpm")).unwrap();
    assert_eq!(image.read().0.len(), 5);
}

#[test]
fn a_machine_without_rpm_has_no_packages_and_no_errors() {
    assert_eq!(Image::new().read(), (vec![], vec![]));
}

#[test]
fn of_two_databases_the_newer_format_is_read_and_the_other_is_named() {
    let image = Image::new();
    make::ndb(&image.directory(), &make::headers(LISTING));
    fs::write(image.directory().join("Packages"), "old").unwrap();
    let (packages, errors) = image.read();
    assert_eq!(packages.len(), 5);
    assert_eq!(errors, ["/var/lib/rpm/Packages: not read, because /var/lib/rpm/Packages.db is newer"]);
}

#[test]
fn what_is_no_database_is_an_error_that_names_it() {
    for (name, reason) in [
        ("rpmdb.sqlite", "not an SQLite database"),
        ("Packages.db", "not a database of the kind ndb"),
        ("Packages", "not a hash database of BerkeleyDB"),
    ] {
        let image = Image::new();
        fs::write(image.directory().join(name), [b'x'; 4096]).unwrap();
        assert_eq!(image.read(), (vec![], vec![format!("/var/lib/rpm/{name}: {reason}")]));
        fs::write(image.directory().join(name), "").unwrap();
        let error = format!("/var/lib/rpm/{name}: it ends too early");
        assert_eq!(image.read(), (vec![], vec![error]));
    }
}

#[test]
fn a_damaged_package_does_not_hide_the_others() {
    let image = Image::new();
    let mut headers = make::headers(LISTING);
    headers[1][0] = 0xff;
    headers[3].truncate(20);
    make::ndb(&image.directory(), &headers);
    let (packages, errors) = image.read();
    assert_eq!(packages.len(), 3);
    let error = "/var/lib/rpm/Packages.db: a header with an impossible number of entries, and 1 further parts that can not be read";
    assert_eq!(errors, [error]);
}

#[test]
fn a_truncated_database_is_an_error_and_never_just_fewer_packages() {
    let (_, headers) = many();
    for Maker { file, make, .. } in makers() {
        let image = Image::new();
        make(&image.directory(), &headers[..50]);
        let path = image.directory().join(file);
        let whole = limits::read_file(&path, usize::MAX).unwrap();
        for part in 0..20 {
            fs::write(&path, &whole[..whole.len() * part / 20]).unwrap();
            let (packages, errors) = image.read();
            assert!(packages.len() == 50 || errors.len() == 1, "{file} {part}: {packages:?} {errors:?}");
        }
    }
}

/// A package of a source with another name, and files between its name and that of its source.
fn built_from(source: &str) -> Vec<u8> {
    let text = |text: &str| [text.as_bytes(), b"\0"].concat();
    make::encode(&[
        (1000, 6, text("libopenssl1_1")),
        (1001, 6, text("1.1.1l")),
        (1002, 6, text("150500.17.9.1")),
        (1003, 4, 1_u32.to_be_bytes().to_vec()),
        (1022, 6, text("x86_64")),
        // Lists of files of a large package.
        (1035, 7, vec![b'x'; 5 << 20]),
        (1044, 6, text(source)),
    ])
}

#[test]
fn a_source_is_told_where_it_is_asked_for() {
    let image = Image::new();
    let odd = make::encode(&[
        (1000, 6, b"odd\0".to_vec()),
        (1001, 6, b"1\0".to_vec()),
        (1044, 6, b"odd\0".to_vec()),
    ]);
    make::ndb(&image.directory(), &[built_from("openssl-1_1-1.1.1l-150500.17.9.1.src.rpm"), odd]);
    let sources = |detail| {
        let (session, mut sources) = (TestSession::new(), Vec::new());
        let mut found = |installed: Installed| {
            let (name, version) = installed.source();
            sources.push(format!("{name} {version}"));
        };
        read(Files::of(&image.machine), detail, &session, &mut found).unwrap();
        assert_eq!(session.soft_errors(), [""; 0]);
        sources
    };
    assert_eq!(sources(Detail::Source), ["openssl-1_1 1:1.1.1l-150500.17.9.1", "odd 1"]);
    assert_eq!(sources(Detail::Name), ["libopenssl1_1 1:1.1.1l-150500.17.9.1", "odd 1"]);
}

#[test]
fn a_stop_ends_the_reading() {
    let image = Image::new();
    make::ndb(&image.directory(), &make::headers(LISTING));
    let session = TestSession::new().stop_after(4, Stop::Cancelled);
    let stopped = read(Files::of(&image.machine), Detail::Name, &session, &mut |_| {});
    assert_eq!(stopped, Err(Stop::Cancelled));
}

/// Runs a program; its output.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8(output.stderr).unwrap());
    String::from_utf8(output.stdout).unwrap()
}

/// A database with packages that rpm built and installed: descriptions of up to 90 kB, many files, epochs, and a key.
fn made_by_rpm(image: &Image) {
    let work = tempfile::tempdir().unwrap();
    let spec = work.path().join("all.spec");
    fs::write(&spec, spec_of(60)).unwrap();
    let top = format!("_topdir {}", work.path().display());
    output(Command::new("rpmbuild").args(["-bb", "--quiet", "--define", &top]).arg(spec));
    let built = work.path().join("RPMS/noarch");
    let mut packages: Vec<PathBuf> =
        fs::read_dir(built).unwrap().map(|entry| entry.unwrap().path()).collect();
    packages.sort();
    for some in packages.chunks(25) {
        output(rpm(&image.directory()).args(["-i", "--nodeps", "--justdb", "--noscripts"]).args(some));
    }
    output(rpm(&image.directory()).args(["-e", "--nodeps", "--justdb", "pack-7"]));
    let keys = mig_core::testing::vectors::read("keys.json");
    let key = keys.get("keys").and_then(|keys| keys.get("alice")?.get("public")?.as_str()).unwrap();
    fs::write(work.path().join("key"), key).unwrap();
    output(rpm(&image.directory()).arg("--import").arg(work.path().join("key")));
}

fn spec_of(packages: usize) -> String {
    let mut spec = "Name: all\nVersion: 1.0\nRelease: 1\nSummary: s\nLicense: MIT\nBuildArch: noarch\n\
                    %description\nd\n%install\nmkdir -p %{buildroot}/f; touch %{buildroot}/f/{1..500}\n%files\n/f\n"
        .to_owned();
    for number in 0..packages {
        let long = format!("A sentence, number {number}.\n").repeat(number * number);
        let epoch = if number % 3 == 0 { format!("Epoch: {number}\n") } else { String::new() };
        spec += &format!(
            "%package -n pack-{number}\nVersion: {number}.5~rc1\nRelease: 7.el9\nSummary: s\n{epoch}\
             %description -n pack-{number}\n{long}\n%files -n pack-{number}\n"
        );
    }
    spec
}

fn rpm(database: &Path) -> Command {
    let mut rpm = Command::new("rpm");
    rpm.arg("--dbpath").arg(database);
    rpm
}

fn rpm_lists(database: &Path, backend: &str) -> Vec<String> {
    let listing = output(rpm(database).args(["--define", &format!("_db_backend {backend}")]).args([
        "-qa",
        "--queryformat",
        "%{NAME} %{EVR} %{ARCH}\n",
    ]));
    let mut lines: Vec<String> = listing.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The headers of an SQLite database, by our own reader.
fn blobs(path: &Path) -> Vec<Vec<u8>> {
    let mut blobs = Vec::new();
    let file = || fs::File::open(path).unwrap();
    sqlite::for_each(file(), None, &TestSession::new(), &mut |blob| {
        let mut bytes = Vec::new();
        blob.unwrap().read_to_end(&mut bytes).unwrap();
        blobs.push(bytes);
        Ok(())
    })
    .unwrap();
    blobs
}

#[test]
fn rpm_lists_the_same_packages() {
    if !make::is_installed("rpm", "--version") || !make::is_installed("rpmbuild", "--version") {
        return;
    }
    let image = Image::new();
    made_by_rpm(&image);
    let wanted = rpm_lists(&image.directory(), "sqlite");
    assert_eq!(wanted.len(), 61);
    assert_eq!(image.read(), (wanted.clone(), vec![]));

    let headers = blobs(&image.directory().join("rpmdb.sqlite"));
    let other = Image::new();
    make::ndb(&other.directory(), &headers);
    assert_eq!(other.read(), (wanted.clone(), vec![]));

    if make::is_installed("db5.3_load", "-V") {
        let other = Image::new();
        make::berkeley(&other.directory(), &headers, 4096, "1234");
        assert_eq!(other.read(), (wanted.clone(), vec![]));
        assert_eq!(rpm_lists(&other.directory(), "bdb_ro"), wanted);
    }
}

#[test]
fn what_is_only_in_the_write_ahead_log_is_found() {
    if !make::is_installed("sqlite3", "-version") {
        return;
    }
    let image = Image::new();
    make::sqlite(&image.directory(), &make::headers(LISTING));
    let path = image.directory().join("rpmdb.sqlite");
    let copy = image.root.path().join("copy");
    fs::create_dir(&copy).unwrap();
    let new = make::hex(&make::header("new", "2-1", "noarch"));
    let committed = format!(
        "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; DELETE FROM Packages WHERE hnum=1; \
         UPDATE Packages SET blob=x'{new}' WHERE hnum=2;"
    );
    // With a cache so small, pages of a transaction are in the log before it is committed.
    let open = "PRAGMA cache_size=1; BEGIN; DELETE FROM Packages; \
                INSERT INTO Packages (blob) VALUES (randomblob(90000)), (randomblob(90000));";
    // The log is folded into the database when the last program closes it, so it is copied before.
    let save = format!(".system cp {0} {0}-wal {1}", path.display(), copy.display());
    output(Command::new("sqlite3").arg(&path).args([&committed, open, &save]));
    assert!(fs::metadata(copy.join("rpmdb.sqlite-wal")).unwrap().len() > 100_000);
    for name in ["rpmdb.sqlite", "rpmdb.sqlite-wal"] {
        fs::copy(copy.join(name), image.directory().join(name)).unwrap();
    }
    let (packages, errors) = image.read();
    assert_eq!(errors, Vec::<String>::new());
    assert!(packages.contains(&"new 2-1 noarch".to_owned()) && packages.len() == 4, "{packages:?}");
}

/// A small database of each format, as bytes.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let (_, headers) = many();
    let sample = |Maker { file, make, .. }: Maker| {
        let image = Image::new();
        make(&image.directory(), &headers[..40]);
        (file, limits::read_file(&image.directory().join(file), usize::MAX).unwrap())
    };
    makers().take(3).map(sample).collect()
}

/// Reads bytes as a database of each format.
fn read_as(name: &str, bytes: &[u8], session: &dyn Session) {
    let mut headers = 0;
    let mut visit = |blob: Result<&mut dyn Read, super::Damage>| {
        headers += usize::from(blob.and_then(super::header::read).is_ok());
        Ok(())
    };
    let mut bytes = Cursor::new(bytes);
    _ = match name {
        "rpmdb.sqlite" => sqlite::for_each(&mut bytes, None, session, &mut visit),
        "Packages.db" => super::ndb::for_each(&mut bytes, session, &mut visit),
        _ => super::berkeley::for_each(&mut bytes, session, &mut visit),
    };
}

#[test]
fn changed_bytes_never_panic_and_always_end() {
    let session = TestSession::new();
    for (name, whole) in samples() {
        let changes = proptest::collection::vec((0..whole.len(), any::<u8>()), 1..30);
        proptest!(ProptestConfig::with_cases(1000), |(changes in changes, length in 0..whole.len())| {
            let mut bytes = whole.clone();
            changes.iter().for_each(|(place, byte)| bytes[*place] = *byte);
            read_as(name, &bytes, &session);
            read_as(name, &bytes[..length], &session);
            // A broken log hides nothing.
            let log = Cursor::new(&bytes[..]);
            _ = sqlite::for_each(Cursor::new(&bytes[..]), Some(log), &session, &mut |_| Ok(()));
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_headers_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..2000), entries in 0_u8..60) {
        _ = super::header::read_with_source(&mut bytes.as_slice());
        if let Some(start) = bytes.first_chunk_mut() {
            *start = [0, 0, 0, entries];
            _ = super::header::read_with_source(&mut bytes.as_slice());
        }
    }
}
