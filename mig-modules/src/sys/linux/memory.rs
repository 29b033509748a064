//! Reading the memory of a process: by process_vm_readv(2), or where that is forbidden from `/proc/<pid>/mem`.

use crate::sys::{Extent, Memory, MemoryError, Pid, ReadError, SystemError};
use nix::{
    errno::Errno,
    sys::uio::{RemoteIoVec, process_vm_readv},
};
use std::{
    fs::File,
    io::{self, IoSliceMut},
    ops::Range,
    os::unix::fs::FileExt,
    path::PathBuf,
};

/// The memory of one process.
#[derive(Debug)]
pub(super) struct ProcessMemory {
    /// `None` if `mem` has to be read.
    pid: Option<nix::unistd::Pid>,
    /// Stays with the process's memory, whatever becomes of its number.
    mem: File,
    /// What is known of each page; see [`is_unused`].
    pagemap: Option<File>,
    page_bytes: u64,
}

impl ProcessMemory {
    /// Opens the memory; this tells whether we may read it.
    pub(super) fn open(pid: Pid) -> Result<Self, MemoryError> {
        let directory = PathBuf::from(format!("/proc/{pid}"));
        let path = directory.join("mem");
        let mem = File::open(&path).map_err(|error| refusal(path, error))?;
        Ok(Self {
            pid: i32::try_from(pid).ok().map(nix::unistd::Pid::from_raw),
            mem,
            pagemap: File::open(directory.join("pagemap")).ok(),
            page_bytes: rustix::param::page_size() as u64,
        })
    }

    /// Tells if the memory that was opened is gone, so that what was read may be another's.
    fn check_alive(&self, address: u64) -> Result<(), ReadError> {
        match self.mem.read_at(&mut [0], address) {
            Ok(0) => Err(ReadError::Ended),
            _ => Ok(()),
        }
    }

    fn read_mem(&self, address: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        match self.mem.read_at(buffer, address)? {
            0 if !buffer.is_empty() => Err(ReadError::Ended),
            count => Ok(count),
        }
    }
}

impl Memory for ProcessMemory {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let (Some(pid), Ok(base)) = (self.pid, usize::try_from(address)) else {
            return self.read_mem(address, buffer);
        };
        let remote = RemoteIoVec { base, len: buffer.len() };
        match process_vm_readv(pid, &mut [IoSliceMut::new(buffer)], &[remote]) {
            Ok(count) if count > 0 => self.check_alive(address).map(|()| count),
            // A filter on system calls may forbid it.
            Err(Errno::EPERM | Errno::ENOSYS) => {
                self.pid = None;
                self.read_mem(address, buffer)
            }
            Err(Errno::ESRCH) => Err(ReadError::Ended),
            Ok(_) => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Err(errno) => {
                self.check_alive(address)?;
                Err(io::Error::from(errno).into())
            }
        }
    }

    fn extent(&mut self, range: &Range<u64>) -> Extent {
        let whole = Extent::Used(range.end - range.start);
        let Some(pagemap) = &self.pagemap else { return whole };
        let first = range.start / self.page_bytes;
        let pages = range.end.div_ceil(self.page_bytes) - first;
        let mut entries = vec![0; ENTRY_BYTES * usize::try_from(pages).unwrap_or(MAX_PAGES).min(MAX_PAGES)];
        let Ok(count) = pagemap.read_at(&mut entries, first.saturating_mul(ENTRY_BYTES as u64)) else {
            return whole;
        };
        let (entries, _) = entries[..count].as_chunks();
        let bytes = |pages: u64| {
            let end = (first + pages).saturating_mul(self.page_bytes);
            end.min(range.end) - range.start
        };
        match first_pages(entries) {
            Extent::Used(0) | Extent::Unused(0) => whole,
            Extent::Used(pages) => Extent::Used(bytes(pages)),
            Extent::Unused(pages) => Extent::Unused(bytes(pages)),
        }
    }

    fn page_bytes(&self) -> u64 {
        self.page_bytes
    }
}

fn refusal(path: PathBuf, error: io::Error) -> MemoryError {
    match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => MemoryError::Denied,
        Some(rustix::io::Errno::NOENT) => MemoryError::Ended,
        Some(rustix::io::Errno::SRCH) => MemoryError::None,
        _ => SystemError::reading(path)(error).into(),
    }
}

/// How many pages at the begin are used or unused. Few unused ones between used ones count as used.
fn first_pages(entries: &[[u8; ENTRY_BYTES]]) -> Extent {
    let unused = |from: usize| entries[from..].iter().take_while(|entry| is_unused(**entry)).count();
    let hole = unused(0);
    if hole >= MIN_HOLE_PAGES {
        return Extent::Unused(hole as u64);
    }
    let mut used = hole;
    while used < entries.len() {
        match unused(used) {
            0 => used += 1,
            hole if hole >= MIN_HOLE_PAGES => break,
            hole => used += hole,
        }
    }
    Extent::Used(used as u64)
}

/// Neither in memory nor swapped out; the lowest of the three bits says that the page is that of a file or shared.
/// Source: the kernel's `Documentation/admin-guide/mm/pagemap.rst`.
fn is_unused(entry: [u8; ENTRY_BYTES]) -> bool {
    u64::from_ne_bytes(entry) & (0b111 << 61) == 0
}

/// Bytes of what the kernel tells of a page.
const ENTRY_BYTES: usize = 8;

/// Pages that are asked about at once.
const MAX_PAGES: usize = 8192;

/// Unused pages that are worth a read of their own when they are left out.
const MIN_HOLE_PAGES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USED: [u8; 8] = (1_u64 << 63).to_ne_bytes();
    const SWAPPED: [u8; 8] = (1_u64 << 62 | 5).to_ne_bytes();
    const UNUSED: [u8; 8] = (1_u64 << 55).to_ne_bytes();

    fn own() -> ProcessMemory {
        ProcessMemory::open(std::process::id()).unwrap()
    }

    #[test]
    fn short_holes_are_part_of_what_is_used() {
        let pages = |parts: &[([u8; 8], usize)]| {
            let entries: Vec<_> = parts.iter().flat_map(|(entry, count)| vec![*entry; *count]).collect();
            first_pages(&entries)
        };
        assert_eq!(pages(&[(USED, 3), (UNUSED, 15), (SWAPPED, 1), (UNUSED, 16)]), Extent::Used(19));
        assert_eq!(pages(&[(UNUSED, 16), (USED, 1)]), Extent::Unused(16));
        assert_eq!(pages(&[(UNUSED, 15)]), Extent::Used(15));
    }

    #[test]
    fn both_ways_of_reading_give_the_same() {
        let marker: Vec<u8> = (0..10_000_u32).map(|number| (number % 251) as u8).collect();
        let address = marker.as_ptr().addr() as u64;
        for by_call in [true, false] {
            let mut memory = own();
            if !by_call {
                memory.pid = None;
            }
            let mut buffer = vec![0; marker.len()];
            assert_eq!(memory.read(address, &mut buffer).unwrap(), marker.len());
            assert_eq!(buffer, marker);
            assert!(matches!(memory.read(64, &mut buffer), Err(ReadError::Unreadable(_))));
        }
    }

    #[test]
    fn memory_that_was_never_used_is_known() {
        let mut block = Vec::<u8>::with_capacity(64 << 20);
        block.push(1);
        let address = block.as_ptr().addr() as u64;
        let range = address..address + (64 << 20);
        let Extent::Used(used) = own().extent(&range) else { panic!("the first page was written") };
        assert!(used < 8 << 20, "{used}");
        let rest = range.start + used..range.end;
        let Extent::Unused(unused) = own().extent(&rest) else { panic!("nothing else was written") };
        assert!(unused >= 16 << 20, "{unused}");
    }

    #[test]
    fn a_process_that_ended_is_told_from_memory_that_can_not_be_read() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut memory = ProcessMemory::open(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(memory.read(4096, &mut [0; 8]), Err(ReadError::Ended)));
        memory.pid = None;
        assert!(matches!(memory.read(4096, &mut [0; 8]), Err(ReadError::Ended)));
        assert!(matches!(ProcessMemory::open(child.id()), Err(MemoryError::Ended)));
    }

    proptest! {
        #[test]
        fn the_first_pages_are_some_of_those_that_are_there(used in prop::collection::vec(any::<bool>(), 1..200)) {
            let entries: Vec<_> = used.iter().map(|used| if *used { USED } else { UNUSED }).collect();
            let (Extent::Used(count) | Extent::Unused(count)) = first_pages(&entries);
            prop_assert!(count > 0 && count <= entries.len() as u64);
        }
    }
}
