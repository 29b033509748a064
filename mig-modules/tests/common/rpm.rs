//! Makes databases of rpm from listings of packages.

use std::{
    fmt::Write as _,
    fs::File,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const ARCH: u32 = 1022;
const INT32: u32 = 4;
const STRING: u32 = 6;

/// Headers of the packages that `rpm -qa --queryformat "%{NAME} %{EVR} %{ARCH}\n"` lists in these words. Lines with fewer than
/// three words are no packages.
pub(crate) fn headers(listing: &str) -> Vec<Vec<u8>> {
    let words = listing.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.filter_map(|words| Some(header(words.first()?, words.get(1)?, words.get(2)?))).collect()
}

/// The header of a package; no architecture is called `(none)`.
pub(crate) fn header(name: &str, evr: &str, arch: &str) -> Vec<u8> {
    let (epoch, rest) = evr.split_once(':').map_or((None, evr), |(epoch, rest)| (epoch.parse().ok(), rest));
    let (version, release) =
        rest.rsplit_once('-').map_or((rest, None), |(version, release)| (version, Some(release)));
    let mut values: Vec<(u32, u32, Vec<u8>)> =
        vec![(NAME, STRING, text(name)), (VERSION, STRING, text(version))];
    values.extend(release.map(|release| (RELEASE, STRING, text(release))));
    values.extend(epoch.map(|epoch: u32| (EPOCH, INT32, epoch.to_be_bytes().to_vec())));
    values.extend((arch != "(none)").then(|| (ARCH, STRING, text(arch))));
    encode(&values)
}

fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

/// A header with these tags, types and values, each of one item.
pub(crate) fn encode(values: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for (tag, kind, value) in values {
        if *kind == INT32 {
            store.resize(store.len().next_multiple_of(4), 0);
        }
        for number in [*tag, *kind, size(&store), 1] {
            index.extend(number.to_be_bytes());
        }
        store.extend(value);
    }
    let count = u32::try_from(values.len()).expect("few values");
    [&count.to_be_bytes()[..], &size(&store).to_be_bytes(), &index, &store].concat()
}

fn size(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a short header")
}

/// Makes `rpmdb.sqlite` in a directory, by the program `sqlite3`.
pub(crate) fn sqlite(directory: &Path, headers: &[Vec<u8>]) {
    let mut script =
        "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL);\n".to_owned();
    for header in headers {
        writeln!(script, "INSERT INTO Packages (blob) VALUES (x'{}');", hex(header)).expect("memory");
    }
    let script = format!("BEGIN;\n{script}COMMIT;\n");
    feed(Command::new("sqlite3").arg("-batch").arg(directory.join("rpmdb.sqlite")), &script);
}

/// Makes `Packages.db` in a directory, as rpm's `lib/backend/ndb/rpmpkg.c` lays it out.
pub(crate) fn ndb(directory: &Path, headers: &[Vec<u8>]) {
    let pages = (headers.len() + 2).div_ceil(256);
    let (mut slots, mut blobs) = (Vec::new(), Vec::new());
    for (package, header) in (1_u32..).zip(headers) {
        let first_block = u32::try_from(pages * 256 + blobs.len() / 16).expect("a small database");
        let length = size(header);
        // The checksum between blob and tail is not looked at by any reader of single packages.
        let blocks = (16 + length + 12).div_ceil(16);
        blobs.extend(
            [&b"BlbS"[..], &package.to_le_bytes(), &0_u32.to_le_bytes(), &length.to_le_bytes()].concat(),
        );
        blobs.extend(header);
        blobs.resize(blobs.len().next_multiple_of(4), 0);
        let tail = [&0_u32.to_le_bytes()[..], &length.to_le_bytes(), b"BlbE"].concat();
        blobs.resize((blobs.len() + tail.len()).next_multiple_of(16) - tail.len(), 0);
        blobs.extend(tail);
        slots.push([package, first_block, blocks]);
    }
    slots.resize(pages * 256 - 2, [0; 3]);
    let pages = u32::try_from(pages).expect("few pages");
    let mut file = File::create(directory.join("Packages.db")).expect("a new file");
    for number in [u32::from_le_bytes(*b"RpmP"), 0, 1, pages, 1, 0, 0, 0] {
        file.write_all(&number.to_le_bytes()).expect("written");
    }
    for slot in slots {
        let slot = slot.map(u32::to_le_bytes).concat();
        file.write_all(&[b"Slot", slot.as_slice()].concat()).expect("written");
    }
    file.write_all(&blobs).expect("written");
}

/// Makes `Packages`, a hash of BerkeleyDB, in a directory, by the program `db5.3_load`.
pub(crate) fn berkeley(directory: &Path, headers: &[Vec<u8>], page_bytes: usize, order: &str) {
    let mut script = format!(
        "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize={page_bytes}\ndb_lorder={order}\nHEADER=END\n"
    );
    let count = size(&vec![0; headers.len()]);
    writeln!(script, " 00000000\n {}", hex(&count.to_le_bytes())).expect("memory");
    for (number, header) in (1_u32..).zip(headers) {
        writeln!(script, " {}\n {}", hex(&number.to_le_bytes()), hex(header)).expect("memory");
    }
    script.push_str("DATA=END\n");
    feed(Command::new("db5.3_load").arg("-h").arg(directory).arg("Packages"), &script);
}

/// Whether a program can be started; prints why tests are skipped if not.
#[allow(clippy::print_stdout, reason = "the report of a test program")]
pub(crate) fn is_installed(program: &str, flag: &str) -> bool {
    let started = Command::new(program).arg(flag).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if let Err(error) = &started {
        println!("skipped: {program}: {error}");
    }
    started.is_ok()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn feed(command: &mut Command, script: &str) {
    let mut child =
        command.stdin(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("all is read");
    assert!(child.wait().expect("it ends").success(), "{command:?}");
}
