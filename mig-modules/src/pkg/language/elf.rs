//! Sections of ELF files, of both sizes and byte orders: the System V ABI, chapter 4.
//!
//! Nothing is mapped or read but the table of sections, their names and the few sections that are asked for, each up to a limit:
//! the reader is pointed at every program of a machine, of which some are hostile.

use crate::pkg::fields::{Fields, Order};
use std::io::{self, Read, Seek, SeekFrom};

const MAGIC: &[u8] = b"\x7fELF";
const HEADER_BYTES: u64 = 64;
const MAX_NAMES_BYTES: u64 = 1 << 20;
/// The type of sections without bytes in the file.
const NO_BYTES: u32 = 8;

/// An open ELF file.
#[derive(Debug)]
pub struct Elf<Source> {
    source: Source,
    sections: Vec<Section>,
}

/// A section that has bytes in the file.
#[derive(Debug)]
struct Section {
    name: Vec<u8>,
    address: u64,
    place: u64,
    length: u64,
}

impl<Source: Read + Seek> Elf<Source> {
    /// Reads the table of sections; `None` if it is no ELF file, or has no such table.
    ///
    /// # Errors
    /// If the source fails.
    pub fn open(mut source: Source) -> io::Result<Option<Self>> {
        let header = read_at(&mut source, 0, HEADER_BYTES)?;
        let Some(table) = Table::of(&header) else { return Ok(None) };
        let bytes = read_at(&mut source, table.place, table.entry_bytes as u64 * u64::from(table.entries))?;
        let raw: Vec<RawSection> =
            bytes.chunks_exact(table.entry_bytes).filter_map(|entry| table.section(entry)).collect();
        let names = match raw.get(usize::from(table.names)) {
            Some(names) => read_at(&mut source, names.place, names.length.min(MAX_NAMES_BYTES))?,
            None => Vec::new(),
        };
        let sections = raw.into_iter().filter_map(|section| section.named(&names)).collect();
        Ok(Some(Self { source, sections }))
    }

    /// The beginning of a section; `None` if there is none of this name.
    ///
    /// # Errors
    /// If the source fails.
    pub fn section(&mut self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let section = self.sections.iter().find(|section| section.name == name.as_bytes());
        let Some((place, length)) = section.map(|section| (section.place, section.length)) else {
            return Ok(None);
        };
        read_at(&mut self.source, place, length.min(limit)).map(Some)
    }

    /// The bytes that lie at an address once the program is loaded; fewer where its section ends before.
    ///
    /// # Errors
    /// If the source fails.
    pub fn memory(&mut self, address: u64, length: u64) -> io::Result<Vec<u8>> {
        let inside = |section: &&Section| {
            section.address != 0
                && address.checked_sub(section.address).is_some_and(|into| into < section.length)
        };
        let Some(section) = self.sections.iter().find(inside) else { return Ok(Vec::new()) };
        let into = address - section.address;
        let place = section.place.saturating_add(into);
        read_at(&mut self.source, place, length.min(section.length - into))
    }
}

/// Up to `length` bytes.
fn read_at(source: &mut (impl Read + Seek), place: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.seek(SeekFrom::Start(place.min(i64::MAX.unsigned_abs())))?;
    source.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the table of sections is.
#[derive(Debug)]
struct Table {
    order: Order,
    is_wide: bool,
    place: u64,
    entry_bytes: usize,
    entries: u16,
    /// The section with the names.
    names: u16,
}

impl Table {
    fn of(header: &[u8]) -> Option<Self> {
        let is_wide = header.get(4)? == &2;
        let order = if header.get(5)? == &2 { Order::Big } else { Order::Little };
        let fields = Fields::new(header, order);
        let (place, counts) = if is_wide { (fields.u64(40)?, 58) } else { (u64::from(fields.u32(32)?), 46) };
        let entry_bytes = usize::from(fields.u16(counts)?);
        let (entries, names) = (fields.u16(counts + 2)?, fields.u16(counts + 4)?);
        let usual = entry_bytes == if is_wide { 64 } else { 40 };
        let known = header.starts_with(MAGIC) && usual && place != 0;
        known.then_some(Self { order, is_wide, place, entry_bytes, entries, names })
    }

    fn section(&self, entry: &[u8]) -> Option<RawSection> {
        let fields = Fields::new(entry, self.order);
        let (name, kind) = (fields.u32(0)?, fields.u32(4)?);
        let narrow = |place| fields.u32(place).map(u64::from);
        let (address, place, length) = if self.is_wide {
            (fields.u64(16)?, fields.u64(24)?, fields.u64(32)?)
        } else {
            (narrow(12)?, narrow(16)?, narrow(20)?)
        };
        Some(RawSection { name, kind, address, place, length })
    }
}

/// A section whose name is a place in another one.
#[derive(Debug)]
struct RawSection {
    name: u32,
    kind: u32,
    address: u64,
    place: u64,
    length: u64,
}

impl RawSection {
    fn named(self, names: &[u8]) -> Option<Section> {
        let name = names.get(usize::try_from(self.name).ok()?..)?.split(|byte| *byte == 0).next()?;
        let Self { address, place, length, .. } = self;
        // Longer names than any that is asked for need no memory.
        let name = name.get(..name.len().min(32))?.to_vec();
        (self.kind != NO_BYTES).then_some(Section { name, address, place, length })
    }
}
