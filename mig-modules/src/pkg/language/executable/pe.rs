//! Sections of PE files, of both sizes: Microsoft's "PE Format", chapters "COFF File Header" to "Section Table".

use super::{Section, name, read_at};
use crate::pkg::fields::Fields;
use std::io::{self, Read, Seek};

pub(super) const MAGIC: &[u8] = b"MZ";
const SIGNATURE: &[u8] = b"PE\0\0";
/// Where the place of the signature is written.
const SIGNATURE_POINTER: usize = 0x3c;
/// The signature, the COFF header and as much of the next header as tells where the program is loaded.
const HEADERS_BYTES: u64 = 24 + 32;
const SECTION_BYTES: usize = 40;
/// First words of the optional header, by size of addresses.
const NARROW: u16 = 0x10b;
const WIDE: u16 = 0x20b;

/// The sections of a file that begins so; `None` if it has no table of them.
pub(super) fn sections(source: &mut (impl Read + Seek), header: &[u8]) -> io::Result<Option<Vec<Section>>> {
    let Some(place) = Fields::little(header).u32(SIGNATURE_POINTER).map(u64::from) else { return Ok(None) };
    let headers = read_at(source, place, HEADERS_BYTES)?;
    let Some(table) = Table::of(&headers) else { return Ok(None) };
    let bytes = read_at(source, place + table.into_headers, u64::from(table.entries) * SECTION_BYTES as u64)?;
    Ok(Some(bytes.chunks_exact(SECTION_BYTES).filter_map(|entry| table.section(entry)).collect()))
}

/// Where the table of sections is.
#[derive(Debug)]
struct Table {
    /// Counted from the signature.
    into_headers: u64,
    entries: u16,
    /// Where the file is loaded: other addresses count from there.
    base: u64,
}

impl Table {
    fn of(headers: &[u8]) -> Option<Self> {
        let fields = Fields::little(headers);
        let base = match fields.u16(24)? {
            NARROW => u64::from(fields.u32(52)?),
            WIDE => fields.u64(48)?,
            _ => return None,
        };
        let (entries, optional_bytes) = (fields.u16(6)?, fields.u16(20)?);
        let table = Self { into_headers: 24 + u64::from(optional_bytes), entries, base };
        headers.starts_with(SIGNATURE).then_some(table)
    }

    fn section(&self, entry: &[u8]) -> Option<Section> {
        let fields = Fields::little(entry);
        let (in_memory, in_file) = (fields.u32(8)?, fields.u32(16)?);
        // In the file sections are filled up to whole sectors.
        let length = if in_memory == 0 { in_file } else { in_memory.min(in_file) };
        Some(Section {
            name: name(entry.get(..8)?),
            address: self.base.saturating_add(u64::from(fields.u32(12)?)),
            place: u64::from(fields.u32(20)?),
            length: u64::from(length),
        })
    }
}
