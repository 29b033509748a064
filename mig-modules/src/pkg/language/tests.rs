//! Trees with packages of each language, hostile ones, and programs by Go itself.

use super::{auditable, executable::Executable, gem, go, npm, python, read};
use crate::{pkg::package::Package, sys::Files};
use flate2::{Compression, write::ZlibEncoder};
use mig_core::{
    limits,
    module::{Machine, Stop},
    testing::TestSession,
};
use proptest::prelude::*;
use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
    process::Command,
};
use tempfile::TempDir;

/// An image with these files, and directories where their text ends in none.
fn image(files: &[(&str, &[u8])]) -> (TempDir, Machine) {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let machine = Machine::image(root.path()).unwrap();
    (root, machine)
}

/// The packages as `kind name version arch path`, sorted, and the soft errors.
fn found_in(machine: &Machine) -> (Vec<String>, Vec<String>) {
    let session = TestSession::new();
    let mut lines = Vec::new();
    let mut found = |package: Package| {
        let Package { name, version, kind, arch, path } = package;
        lines.push(format!("{kind} {name} {version} {arch} {}", with_slashes(&path.unwrap())));
    };
    read(Files::of(machine), &session, &mut found).unwrap();
    lines.sort();
    (lines, session.soft_errors().iter().map(|error| with_slashes(error)).collect())
}

/// Paths as Unix writes them.
fn with_slashes(text: &str) -> String {
    if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() }
}

#[test]
fn packages_of_each_language_are_found_where_they_usually_are() {
    let program = program(&[
        (".go.buildinfo", &inline("go1.22.1", "mod\texample.com/m\t(devel)\t\n")),
        (".dep-v0", &audited("serde")),
    ]);
    let (_root, machine) = image(&[
        ("usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO", b"Name: six\nVersion: 1.16.0\n"),
        ("usr/lib/python3/dist-packages/old.egg-info", b"Name: old\nVersion: 1\n"),
        ("usr/local/lib/python3.11/site-packages/six.egg/EGG-INFO/PKG-INFO", b"Name: egg\nVersion: 2\n"),
        (
            "home/ann/project/.venv/lib/python3.12/site-packages/Flask-3.0.dist-info/METADATA",
            b"Name: Flask\nVersion: 3.0\n\nx",
        ),
        ("usr/lib/node_modules/npm/package.json", br#"{"name":"npm","version":"9.2.0"}"#),
        (
            "usr/lib/node_modules/npm/node_modules/@npmcli/fs/package.json",
            br#"{"name":"@npmcli/fs","version":"3.1.0"}"#,
        ),
        ("srv/shop/node_modules/.pnpm/a@1/node_modules/a/package.json", br#"{"name":"a","version":"1.0.0"}"#),
        ("srv/shop/node_modules/.package-lock.json", b"{}"),
        ("var/lib/gems/3.1.0/specifications/rack-2.2.gemspec", b"# stub: rack 2.2 ruby lib\n"),
        ("usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.gemspec", b"# stub: json 2.6 ruby lib\n"),
        ("opt/tool/bin/tool", &program),
        ("opt/tool/bin/script", b"#!/bin/sh\n"),
    ]);
    let wanted = [
        "crates.io serde 1.0  /opt/tool/bin/tool",
        "gem json 2.6  /usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.gemspec",
        "gem rack 2.2  /var/lib/gems/3.1.0/specifications/rack-2.2.gemspec",
        "golang example.com/m (devel)  /opt/tool/bin/tool",
        "golang stdlib 1.22.1  /opt/tool/bin/tool",
        "npm @npmcli/fs 3.1.0  /usr/lib/node_modules/npm/node_modules/@npmcli/fs",
        "npm a 1.0.0  /srv/shop/node_modules/.pnpm/a@1/node_modules/a",
        "npm npm 9.2.0  /usr/lib/node_modules/npm",
        "pypi Flask 3.0  /home/ann/project/.venv/lib/python3.12/site-packages/Flask-3.0.dist-info",
        "pypi egg 2  /usr/local/lib/python3.11/site-packages/six.egg",
        "pypi old 1  /usr/lib/python3/dist-packages/old.egg-info",
        "pypi six 1.16.0  /usr/lib/python3/dist-packages/six-1.16.0.egg-info",
    ];
    assert_eq!(found_in(&machine), (wanted.map(str::to_owned).to_vec(), vec![]));
}

#[cfg(unix)]
#[test]
fn links_neither_lead_in_circles_nor_out_of_an_image_nor_count_twice() {
    use std::os::unix::fs::symlink;
    let tool = program(&[(".go.buildinfo", &inline("go1.22.1", ""))]);
    let (root, machine) = image(&[
        ("usr/lib/node_modules/a/package.json", br#"{"name":"a","version":"1"}"#),
        ("usr/lib/python3/dist-packages/six.dist-info/METADATA", b"Name: six\nVersion: 1\n"),
        ("usr/bin/tool", &tool),
    ]);
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir_all(outside.path().join("b")).unwrap();
    fs::write(outside.path().join("b/package.json"), br#"{"name":"b","version":"1"}"#).unwrap();
    let inside = |path: &str| root.path().join(path);
    symlink("..", inside("usr/lib/node_modules/a/node_modules")).unwrap();
    symlink(outside.path(), inside("usr/local")).unwrap();
    symlink(outside.path().join("b"), inside("usr/lib/node_modules/b")).unwrap();
    symlink("lib", inside("usr/lib64")).unwrap();
    symlink("usr/bin", inside("bin")).unwrap();
    symlink("tool", inside("usr/bin/other")).unwrap();
    symlink("loop", inside("usr/bin/loop")).unwrap();
    symlink(inside("usr"), inside("opt")).unwrap();
    let (found, errors) = found_in(&machine);
    let wanted = [
        "golang stdlib 1.22.1  /usr/bin/tool",
        "npm a 1  /usr/lib/node_modules/a",
        "pypi six 1  /usr/lib/python3/dist-packages/six.dist-info",
    ];
    assert_eq!(found, wanted);
    assert_eq!(errors, ["/usr/bin/loop: more than 40 links"]);
}

#[cfg(unix)]
#[test]
fn metadata_that_name_nothing_or_are_no_file_are_errors_that_name_them() {
    let broken = program(&[(".dep-v0", b"not compressed")]);
    let (root, machine) = image(&[
        ("usr/lib/python3/dist-packages/a.dist-info/METADATA", b"\xff\xfe"),
        ("usr/lib/python3/dist-packages/b.dist-info/RECORD", b"left over"),
        ("usr/lib/python3/dist-packages/c.dist-info/RECORD", b""),
        ("usr/lib/node_modules/x/package.json", b"{"),
        ("usr/bin/broken", &broken),
    ]);
    let pipe = root.path().join("usr/lib/python3/dist-packages/c.dist-info/METADATA");
    rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    let (found, mut errors) = found_in(&machine);
    assert_eq!(found, Vec::<String>::new());
    errors.sort();
    let wanted = [
        "/usr/bin/broken: corrupt deflate stream",
        "/usr/lib/node_modules/x/package.json: names no package and version",
        "/usr/lib/python3/dist-packages/a.dist-info/METADATA: names no package and version",
        "/usr/lib/python3/dist-packages/c.dist-info/METADATA: not a regular file",
    ];
    assert_eq!(errors, wanted);
}

#[test]
fn a_stop_ends_the_search() {
    let (_root, machine) =
        image(&[("usr/lib/node_modules/a/package.json", br#"{"name":"a","version":"1"}"#)]);
    let session = TestSession::new().stop_after(2, Stop::Deadline);
    assert_eq!(read(Files::of(&machine), &session, &mut |_| {}), Err(Stop::Deadline));
}

/// Build information with texts that follow the header.
fn inline(version: &str, modules: &str) -> Vec<u8> {
    let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
    bytes.resize(32, 0);
    for text in [version.to_owned(), marked(modules)] {
        let length = u8::try_from(text.len()).unwrap();
        bytes.extend(if length < 0x80 { vec![length] } else { vec![length | 0x80, length >> 7] });
        bytes.extend(text.as_bytes());
    }
    bytes
}

fn marked(modules: &str) -> String {
    format!("{0}{modules}{0}", "m".repeat(16))
}

fn audited(name: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    write!(encoder, r#"{{"packages":[{{"name":"{name}","version":"1.0","source":"crates.io"}}]}}"#).unwrap();
    encoder.finish().unwrap()
}

/// Where the sections of [`program`] are loaded, and where they are in the file.
const ADDRESS: u32 = 0x40_0000;
const FIRST_SECTION: u32 = 64;

/// A little-endian ELF file of 64 bits with these sections, one after the other.
fn program(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let names: String = sections.iter().map(|(name, _)| format!("{name}\0")).collect();
    let mut body = Vec::new();
    let mut table = Vec::new();
    let mut name_place = 0;
    for (name, content) in sections.iter().copied().chain([("", names.as_bytes())]) {
        let place = FIRST_SECTION + u32::try_from(body.len()).unwrap();
        table.extend([name_place, 1_u32].map(u32::to_le_bytes).concat());
        let numbers = [0, u64::from(ADDRESS + place), u64::from(place), content.len() as u64];
        table.extend(numbers.map(u64::to_le_bytes).concat());
        table.extend([0; 24]);
        body.extend(content);
        name_place += u32::try_from(name.len() + 1).unwrap();
    }
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(40, 0);
    header.extend((u64::from(FIRST_SECTION) + body.len() as u64).to_le_bytes());
    header.resize(58, 0);
    let last = u16::try_from(sections.len()).unwrap();
    header.extend([64_u16, last + 1, last].map(u16::to_le_bytes).concat());
    [header, body, table].concat()
}

fn modules_of(program: &[u8]) -> Vec<String> {
    let mut program = Executable::open(Cursor::new(program)).unwrap().unwrap();
    go::modules(&mut program)
        .unwrap()
        .into_iter()
        .map(|named| format!("{} {}", named.name, named.version))
        .collect()
}

const MODULES: &str =
    "path\tx\nmod\texample.com/x\t(devel)\t\ndep\ta\tv1.0.0\th1:x=\ndep\tb\tv1\th1:x=\n=>\tc\tv2\th1:x=\n";
const MODULES_FOUND: [&str; 4] = ["stdlib 1.17.3", "example.com/x (devel)", "a v1.0.0", "c v2"];

#[test]
fn build_information_of_older_go_is_found_by_its_pointers() {
    let (version, modules) = ("go1.17.3", marked(MODULES));
    let text_place = ADDRESS + FIRST_SECTION + 32;
    let header_place = text_place + u32::try_from(version.len() + modules.len()).unwrap();
    let mut data = b"\xff Go buildinf:\x08\x00".to_vec();
    data.extend([u64::from(header_place), u64::from(header_place) + 16].map(u64::to_le_bytes).concat());
    let texts = [version.as_bytes(), modules.as_bytes()].concat();
    let modules_place = u64::from(text_place) + version.len() as u64;
    let headers = [u64::from(text_place), version.len() as u64, modules_place, modules.len() as u64];
    let rest = [texts, headers.map(u64::to_le_bytes).concat()].concat();
    assert_eq!(modules_of(&program(&[(".go.buildinfo", &data), (".data", &rest)])), MODULES_FOUND);
}

#[test]
fn replaced_modules_are_listed_as_what_replaces_them() {
    assert_eq!(modules_of(&program(&[(".go.buildinfo", &inline("go1.17.3 X:e", MODULES))])), MODULES_FOUND);
}

#[test]
fn go_lists_the_same_modules_of_programs() {
    let go = |arguments: &[&str], system: (&str, &str), directory: &Path| {
        let mut go = Command::new("go");
        go.args(arguments).current_dir(directory).envs([("GOFLAGS", "-mod=mod"), ("GOPROXY", "off")]);
        go.envs([("GOOS", system.0), ("GOARCH", system.1), ("CGO_ENABLED", "0")]).output()
    };
    let work = tempfile::tempdir().unwrap();
    let module =
        "module example.com/tool\nrequire example.com/dep v1.2.3\nreplace example.com/dep => ./dep\n";
    fs::create_dir(work.path().join("dep")).unwrap();
    for (path, text) in [
        ("go.mod", module),
        ("main.go", "package main\nimport \"example.com/dep\"\nfunc main() { dep.Do() }\n"),
        ("dep/go.mod", "module example.com/dep\n"),
        ("dep/dep.go", "package dep\nfunc Do() {}\n"),
    ] {
        fs::write(work.path().join(path), text).unwrap();
    }
    let systems = [("linux", "amd64"), ("linux", "mips"), ("windows", "amd64"), ("darwin", "arm64")];
    for system in systems {
        let built = match go(&["build", "-ldflags=-s -w", "-o", "tool", "."], system, work.path()) {
            Ok(built) => built,
            Err(error) => return println!("skipped: go: {error}"),
        };
        assert!(built.status.success(), "{}", String::from_utf8(built.stderr).unwrap());
        let listing = go(&["version", "-m", "tool"], ("linux", "amd64"), work.path()).unwrap().stdout;
        let listing = String::from_utf8(listing).unwrap();
        let version = listing.lines().next().unwrap().split(": go").nth(1).unwrap();
        // What replaces the dependency is a directory, which has no version.
        let wanted = [
            format!("stdlib {version}"),
            "example.com/tool (devel)".to_owned(),
            "example.com/dep v1.2.3".to_owned(),
        ];
        assert!(listing.contains("=>\t./dep"), "{listing}");
        assert_eq!(
            modules_of(&limits::read_file(&work.path().join("tool"), usize::MAX).unwrap()),
            wanted,
            "{system:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_metadata_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        _ = (python::parse(&bytes), npm::parse(&bytes), gem::parse(&bytes), auditable::parse(&bytes).is_ok());
        _ = gem::parse(&[b"# stub: ", bytes.as_slice()].concat());
    }

    #[test]
    fn changed_programs_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20), length: prop::sample::Index) {
        let mut bytes = program(&[(".go.buildinfo", &inline("go1.17.3", MODULES)), (".dep-v0", &audited("serde"))]);
        let all = bytes.len();
        changes.iter().for_each(|(place, byte)| bytes[place.index(all)] = *byte);
        for bytes in [&bytes[..], &bytes[..length.index(all)]] {
            if let Some(mut program) = Executable::open(Cursor::new(bytes)).unwrap() {
                _ = (go::modules(&mut program).is_ok(), auditable::crates(&mut program).is_ok());
            }
        }
    }
}
