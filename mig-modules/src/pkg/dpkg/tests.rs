use super::*;
use mig_core::{
    agent::{Budget, RunSession},
    module::Machine,
};
use proptest::prelude::*;
use std::fs;

const STATUS_FILE: &str = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2+b2\nDescription: shell\n Version: 9\n\nPackage: libssl3\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nSource: openssl (3.0.11-1)\nVersion: 3.0.11-1+b1\n\n";

/// What is read of an image with these files, and the soft errors.
fn read_image(tree: &[(&str, &str)]) -> (Vec<Installed>, Vec<String>) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in tree {
        let path = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let session = RunSession::new(Budget::default()).on(Machine::image(root.path()).unwrap());
    let mut all = Vec::new();
    read(Files::of(session.machine()), &session, &mut |installed| all.push(installed)).unwrap();
    (all, session.into_errors())
}

fn names(installed: &[Installed]) -> Vec<&str> {
    installed.iter().map(|installed| installed.package.name.as_str()).collect()
}

#[test]
fn a_package_knows_its_source_and_the_version_of_that() {
    let (installed, errors) = read_image(&[(STATUS, STATUS_FILE)]);
    assert_eq!((names(&installed), errors), (vec!["bash", "libssl3:amd64"], vec![]));
    assert_eq!(installed[0].source(), ("bash", "5.2.15-2+b2"));
    assert_eq!(installed[1].source(), ("openssl", "3.0.11-1"));
}

#[test]
fn foreign_packages_carry_their_architecture() {
    let package = |name, arch| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: {arch}\nVersion: 1\n\n")
    };
    let status = [package("wine", "i386"), package("wine64", "amd64"), package("zlib", "all")].concat();
    let native = |list: &str| read_image(&[(STATUS, &status), (ARCHITECTURES, list)]).0;
    assert_eq!(names(&native("amd64\ni386\n")), ["wine:i386", "wine64", "zlib"]);
    assert_eq!(names(&native("i386\n")), ["wine", "wine64:amd64", "zlib"]);
    let status = status + &package("base-files", "amd64");
    assert_eq!(names(&read_image(&[(STATUS, &status)]).0), ["base-files", "wine:i386", "wine64", "zlib"]);
}

#[test]
fn what_is_on_hold_or_waits_for_triggers_is_installed_and_what_was_removed_is_not() {
    let package =
        |status| format!("Package: {status}\nStatus: {status}\nVersion: 1\n\n").replacen(' ', "", 1);
    for (status, is_listed) in [
        ("hold ok installed", true),
        ("install ok triggers-pending", true),
        ("install ok triggers-awaited", true),
        ("deinstall reinstreq installed", true),
        ("deinstall ok config-files", false),
        ("install ok half-configured", false),
        ("install ok unpacked", false),
        ("purge ok not-installed", false),
    ] {
        assert_eq!(read_image(&[(STATUS, &package(status))]).0.len(), usize::from(is_listed), "{status}");
    }
}

#[test]
fn updates_that_were_not_merged_win() {
    let update = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.3\n";
    let (installed, _) = read_image(&[(STATUS, STATUS_FILE), ("/var/lib/dpkg/updates/0003", update)]);
    assert_eq!(installed[0].package.version, "5.3");
}

#[test]
fn images_without_dpkg_have_a_file_for_each_package() {
    let control = "Package: libc6\nSource: glibc\nVersion: 2.36-9\nArchitecture: amd64\nDescription: x";
    let sums = "0123456789abcdef0123456789abcdef  lib/x\n";
    let (installed, errors) = read_image(&[
        ("/var/lib/dpkg/status.d/libc6", control),
        ("/var/lib/dpkg/status.d/libc6.md5sums", sums),
    ]);
    assert_eq!((names(&installed), errors), (vec!["libc6"], vec![]));
    assert_eq!(installed[0].source(), ("glibc", "2.36-9"));
}

#[test]
fn a_machine_without_dpkg_is_silent_and_a_broken_database_is_not() {
    assert_eq!(read_image(&[("/etc/hostname", "x")]), (vec![], vec![]));
    let broken = STATUS_FILE.replace("Version: 5.2.15-2+b2\n", "") + "Package: x\nSta";
    let (installed, errors) = read_image(&[(STATUS, &broken)]);
    assert_eq!(names(&installed), ["libssl3:amd64"]);
    let expected = "/var/lib/dpkg/status: packages may be missing: 3 entries are not understood, and the first at line 1 has no version";
    assert_eq!(errors, [expected]);
    let (_, errors) = read_image(&[("/var/lib/dpkg/status/file", "a directory")]);
    assert!(errors[0].starts_with("/var/lib/dpkg/status: "), "{errors:?}");
}

#[test]
fn every_cut_of_a_status_file_is_noticed_unless_whole_lines_are_left() {
    for end in 1..STATUS_FILE.len() {
        let cut = &STATUS_FILE.as_bytes()[..end];
        if !cut.ends_with(b"\n") {
            assert!(parse(cut).is_err(), "{end}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_are_packages_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        _ = parse(&bytes);
    }

    #[test]
    fn any_lines_are_packages_or_a_fault(lines in proptest::collection::vec("(Package|Version|Status|Source|): ?[a-z ()0-9]{0,8}|", 0..30)) {
        _ = parse(lines.join("\n").as_bytes());
    }
}
