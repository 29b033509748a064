//! Sections of ELF files, of both sizes and byte orders: the System V ABI, chapter 4.

use super::{Section, name, read_at};
use crate::pkg::fields::{Fields, Order};
use std::io::{self, Read, Seek};

pub(super) const MAGIC: &[u8] = b"\x7fELF";
const MAX_NAMES_BYTES: u64 = 1 << 20;
/// The type of sections without bytes in the file.
const NO_BYTES: u32 = 8;

/// The sections of a file that begins so; `None` if it has no table of them.
pub(super) fn sections(source: &mut (impl Read + Seek), header: &[u8]) -> io::Result<Option<Vec<Section>>> {
    let Some(table) = Table::of(header) else { return Ok(None) };
    let bytes = read_at(source, table.place, table.entry_bytes as u64 * u64::from(table.entries))?;
    let raw: Vec<RawSection> =
        bytes.chunks_exact(table.entry_bytes).filter_map(|entry| table.section(entry)).collect();
    let names = match raw.get(usize::from(table.names)) {
        Some(names) => read_at(source, names.place, names.length.min(MAX_NAMES_BYTES))?,
        None => Vec::new(),
    };
    Ok(Some(raw.into_iter().filter_map(|section| section.named(&names)).collect()))
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
        (usual && place != 0).then_some(Self { order, is_wide, place, entry_bytes, entries, names })
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
        let name = name(names.get(usize::try_from(self.name).ok()?..)?);
        let Self { address, place, length, .. } = self;
        (self.kind != NO_BYTES).then_some(Section { name, address, place, length })
    }
}
