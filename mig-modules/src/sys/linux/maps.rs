//! The table of a process's memory, `/proc/<pid>/maps`, as proc_pid_maps(5) describes it.

use crate::sys::{Files, MappedFile, Pid, Region, SystemError};
use rustix::io::Errno;
use std::{
    ffi::OsString,
    ops::Range,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

/// Longest table that is read, in bytes: some 600,000 mappings.
const MAX_MAPS_BYTES: usize = 64 << 20;

/// What the kernel appends to the path of a file that is gone.
const DELETED: &[u8] = b" (deleted)";

/// What it names shared memory without a file by.
const SHARED_MEMORY: &[u8] = b"/dev/zero";

/// Pages of the kernel that every process has and nobody can read from outside.
const KERNEL_PAGES: [&[u8]; 3] = [b"[vsyscall]", b"[vvar]", b"[vvar_vclock]"];

pub(super) fn read(files: Files<'_>, pid: Pid) -> Result<Vec<Region>, SystemError> {
    let path = PathBuf::from(format!("/proc/{pid}/maps"));
    let table = match files.read(&path, MAX_MAPS_BYTES) {
        // Newer kernels refuse to open the table of what has no memory.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) && files.exists(&path) => Vec::new(),
        table => table.map_err(SystemError::reading(path.clone()))?,
    };
    parse(&table).map_err(|reason| SystemError::Malformed { path, reason })
}

/// Reads a table. Ranges come in order: where two overlap, which they do if the process changed while the kernel wrote the
/// table, the first one counts.
///
/// # Errors
/// The number of the first line that does not fit.
pub fn parse(table: &[u8]) -> Result<Vec<Region>, String> {
    let mut regions = Vec::new();
    let mut end = 0;
    for (number, line) in table.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let mut region = region(line).ok_or_else(|| format!("line {} is no mapping", number + 1))?;
        region.range.start = region.range.start.max(end);
        if !region.range.is_empty() {
            end = region.range.end;
            regions.push(region);
        }
    }
    Ok(regions)
}

/// A line such as `7f00-7fff r-xp 00001000 08:02 173521 /usr/lib/libc.so.6`: range, permissions, offset, device, inode, and
/// behind blanks a name.
fn region(line: &[u8]) -> Option<Region> {
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let range = range(fields.next()?)?;
    let permissions = fields.next().filter(|text| text.len() == 4)?;
    let (_offset, _device) = (number(fields.next()?, 16)?, fields.next()?);
    let inode = number(fields.next()?, 10)?;
    let name = fields.next().unwrap_or_default().trim_ascii_start();
    Some(Region {
        range,
        is_readable: permissions.starts_with(b"r") && !KERNEL_PAGES.contains(&name),
        is_anonymous: permissions.ends_with(b"p") && inode == 0,
        file: file(name),
    })
}

fn range(text: &[u8]) -> Option<Range<u64>> {
    let dash = text.iter().position(|byte| *byte == b'-')?;
    let (start, end) = (number(&text[..dash], 16)?, number(&text[dash + 1..], 16)?);
    (start < end).then_some(start..end)
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u64::from_str_radix(digits, radix).ok()
}

/// The file of a name; names in brackets are no files.
fn file(name: &[u8]) -> Option<MappedFile> {
    let path = name.strip_suffix(DELETED).unwrap_or(name);
    let is_file = !path.is_empty() && !path.starts_with(b"[") && path != SHARED_MEMORY;
    let path = || Path::new(&OsString::from_vec(unescaped(path))).to_owned();
    is_file.then(|| MappedFile { path: path(), is_deleted: name.ends_with(DELETED) })
}

/// A line feed is all that the kernel escapes in the names of this table.
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some(place) = memchr::memmem::find(rest, b"\\012") {
        parts.extend_from_slice(&rest[..place]);
        parts.push(b'\n');
        rest = &rest[place + 4..];
    }
    parts.extend_from_slice(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::module::Machine;
    use proptest::prelude::*;

    const TABLE: &[u8] = b"\
00400000-00401000 r-xp 00000000 08:02 173521                             /opt/a b/x
00401000-00402000 rw-p 00000000 00:00 0                                  [heap]
00402000-00403000 ---p 00000000 00:00 0 
7f0000000000-7f0000001000 rw-s 00000000 00:01 7                          /dev/zero (deleted)
7f0000001000-7f0000002000 r--p 00000000 08:02 9                          /tmp/new\\012line.so (deleted)
7f0000001800-7f0000003000 -w-p 00000000 00:00 0 
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";

    #[test]
    fn a_table_is_read() {
        let regions = parse(TABLE).unwrap();
        let readable: Vec<bool> = regions.iter().map(|region| region.is_readable).collect();
        assert_eq!(readable, [true, true, false, true, true, false, false]);
        let anonymous: Vec<bool> = regions.iter().map(|region| region.is_anonymous).collect();
        assert_eq!(anonymous, [false, true, true, false, false, true, true]);
        let files: Vec<_> = regions.iter().filter_map(|region| region.file.clone()).collect();
        let file = |path: &str, is_deleted| MappedFile { path: path.into(), is_deleted };
        assert_eq!(files, [file("/opt/a b/x", false), file("/tmp/new\nline.so", true)]);
        assert_eq!(
            regions[5].range,
            0x7f00_0000_2000..0x7f00_0000_3000,
            "the first of two that overlap counts"
        );
    }

    #[test]
    fn a_line_that_does_not_fit_is_named() {
        for line in ["x", "1-2", "2-1 r--p 0 0:0 0", "1-2 r--p 0 0:0 x", "+1-2 r--p 0 0:0 0", "1-2 r 0 0:0 0"]
        {
            let table = format!("00400000-00401000 r-xp 00000000 08:02 1\n{line}\n");
            assert_eq!(parse(table.as_bytes()), Err("line 2 is no mapping".to_owned()), "{line}");
        }
    }

    #[test]
    fn this_process_maps_its_program() {
        let regions = read(Files::of(&Machine::Running), std::process::id()).unwrap();
        let program = std::env::current_exe().unwrap();
        assert!(regions.iter().any(|region| region.file.as_ref().is_some_and(|file| file.path == program)));
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        let error = read(Files::of(&Machine::Running), u32::MAX).unwrap_err();
        assert!(error.to_string().starts_with("/proc/4294967295/maps: "), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_bytes_are_a_table_or_an_error(noise in any::<Vec<u8>>(), place in 0..TABLE.len(), length in 0_usize..8) {
            let mut table = TABLE.to_vec();
            table.splice(place..(place + length).min(TABLE.len()), noise.iter().copied());
            for table in [&noise, &table] {
                let regions = parse(table).unwrap_or_default();
                prop_assert!(regions.is_sorted_by(|one, other| one.range.end <= other.range.start));
                prop_assert!(regions.iter().all(|region| !region.range.is_empty()));
            }
        }
    }
}
