//! The pages of an SQLite database, with what its write-ahead log says of them.

use crate::pkg::{
    fields::Fields,
    rpm::{
        failure::{Damage, Failure},
        wal::Log,
    },
};
use mig_core::module::Session;
use std::io::{self, Read, Seek, SeekFrom};

/// The header of the database, at the beginning of its first page.
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Reads pages.
#[derive(Debug)]
pub(super) struct Pager<Source> {
    database: Source,
    log: Option<Log<Source>>,
    page_bytes: usize,
    /// Bytes at the end of each page that are not SQLite's.
    reserved: usize,
}

impl<Source: Read + Seek> Pager<Source> {
    pub(super) fn open(
        mut database: Source,
        log: Option<Source>,
        session: &dyn Session,
    ) -> Result<Self, Failure> {
        let log = log.map(|log| Log::open(log, session)).transpose()?.flatten();
        let page_bytes = match &log {
            Some(log) => log.page_bytes(),
            None => page_bytes_of(&mut database)?,
        };
        let mut pager = Self { database, log, page_bytes, reserved: 0 };
        let first = pager.read(1)?;
        if !first.bytes.starts_with(MAGIC) {
            return Err(Damage::Format("not an SQLite database").into());
        }
        pager.reserved = Fields::big(&first.bytes).u8(20).unwrap_or(0).into();
        // SQLite demands as much; with less, values would have no room in a page.
        if pager.usable_bytes() < 480 {
            return Err(Damage::Format("an impossible size of pages").into());
        }
        Ok(pager)
    }

    /// Bytes of a page that hold rows and values.
    pub(super) fn usable_bytes(&self) -> usize {
        self.page_bytes.saturating_sub(self.reserved)
    }

    /// Reads a page; the first is 1.
    pub(super) fn read(&mut self, number: u32) -> Result<Page, Damage> {
        let before = number.checked_sub(1).ok_or(Damage::Page { page: number, reason: "there is none" })?;
        let mut bytes = match self.log.as_mut().map(|log| log.read(number)).transpose()?.flatten() {
            Some(bytes) => bytes,
            None => read_at(&mut self.database, u64::from(before) * self.page_bytes as u64, self.page_bytes)?,
        };
        bytes.truncate(self.usable_bytes());
        Ok(Page { number, bytes })
    }
}

fn page_bytes_of(database: &mut (impl Read + Seek)) -> Result<usize, Damage> {
    let header = read_at(database, 0, HEADER_BYTES)?;
    let page_bytes: usize = match Fields::big(&header).u16(16) {
        Some(1) => 64 << 10,
        bytes => bytes.unwrap_or(0).into(),
    };
    if !header.starts_with(MAGIC) {
        return Err(Damage::Format("not an SQLite database"));
    }
    if page_bytes < 512 || !page_bytes.is_power_of_two() {
        return Err(Damage::Format("an impossible size of pages"));
    }
    Ok(page_bytes)
}

fn read_at(source: &mut (impl Read + Seek), place: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    source.seek(SeekFrom::Start(place))?;
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A page, without what is reserved at its end.
#[derive(Debug)]
pub(super) struct Page {
    number: u32,
    /// All of it: cells are found by their place from its beginning.
    pub(super) bytes: Vec<u8>,
}

impl Page {
    /// What follows the header of the database, which only the first page has.
    pub(super) fn body(&self) -> &[u8] {
        let skipped = if self.number == 1 { HEADER_BYTES } else { 0 };
        self.bytes.get(skipped..).unwrap_or_default()
    }

    pub(super) fn damage(&self, reason: &'static str) -> Damage {
        Damage::Page { page: self.number, reason }
    }
}
