//! Rows of SQLite: cells, which may continue in overflow pages, and the records in them.

use crate::pkg::rpm::{
    failure::Damage,
    pager::{Page, Pager},
};
use std::io::{self, Read, Seek};

/// Most columns of a table that are understood; `Packages` has two, the table of tables five.
const MAX_RECORD_HEADER_BYTES: u64 = 64;
/// Longest name of a table that is understood, in bytes.
const MAX_NAME_BYTES: u64 = 256;
/// Kinds of value from here on are blobs if even, texts if odd.
const FIRST_BLOB: u64 = 12;

/// The payload of a row: the part that is in the page, and where the rest is.
#[derive(Debug)]
pub(super) struct Cell<'a> {
    page: &'a Page,
    payload_bytes: u64,
    /// The payload and whatever follows in the page.
    here: &'a [u8],
}

impl<'a> Cell<'a> {
    /// Of a leaf of a table.
    pub(super) fn read(page: &'a Page, place: usize) -> Option<Self> {
        let mut here = page.bytes.get(place..)?;
        let payload_bytes = varint(&mut here).ok()?;
        varint(&mut here).ok()?;
        Some(Self { page, payload_bytes, here })
    }

    /// The payload, from its beginning.
    fn payload<'p, Source: Read + Seek>(
        self,
        pager: &'p mut Pager<Source>,
    ) -> Result<Payload<'p, Source>, Damage> {
        let local = local_bytes(self.payload_bytes, pager.usable_bytes() as u64);
        let split = usize::try_from(local).ok().and_then(|local| self.here.split_at_checked(local));
        let (page, rest) = split.ok_or_else(|| self.page.damage("a row that ends outside of the page"))?;
        let next = match rest.first_chunk() {
            _ if local == self.payload_bytes => 0,
            Some(next) => u32::from_be_bytes(*next),
            None => return Err(self.page.damage("a row without its continuation")),
        };
        Ok(Payload { pager, page: page.to_vec(), used: 0, next, left: self.payload_bytes })
    }
}

/// How much of a payload is in its own page.
fn local_bytes(payload: u64, usable: u64) -> u64 {
    let most = usable - 35;
    let least = (usable - 12) * 32 / 255 - 23;
    let fitting = least + payload.saturating_sub(least) % (usable - 4);
    match payload {
        _ if payload <= most => payload,
        _ if fitting <= most => fitting,
        _ => least,
    }
}

/// The bytes of a row, wherever they are.
#[derive(Debug)]
pub(super) struct Payload<'p, Source> {
    pager: &'p mut Pager<Source>,
    page: Vec<u8>,
    used: usize,
    next: u32,
    left: u64,
}

impl<Source: Read + Seek> Read for Payload<'_, Source> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used >= self.page.len() && self.next != 0 && self.left > 0 {
            let page = self.pager.read(self.next).map_err(io::Error::other)?;
            let next = page.bytes.first_chunk().copied().unwrap_or_default();
            (self.next, self.used, self.page) = (u32::from_be_bytes(next), 4, page.bytes);
        }
        let here = self.page.get(self.used..).unwrap_or_default();
        let read = here.take(self.left).read(buffer)?;
        self.used += read;
        self.left -= read as u64;
        Ok(read)
    }
}

/// A row of the table of tables.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: Vec<u8>,
    pub(super) root: u32,
}

/// Reads a row of the table of tables: type, name, table, root page, SQL.
pub(super) fn table<Source: Read + Seek>(cell: Cell<'_>, pager: &mut Pager<Source>) -> Result<Table, Damage> {
    let mut payload = cell.payload(pager)?;
    let kinds = kinds(&mut payload)?;
    let &[kind, name, _, root, _] = kinds.as_slice() else {
        return Err(Damage::Format("a table of tables with other columns"));
    };
    let is_table = value(kind, &mut payload)? == b"table";
    let name = value(name, &mut payload)?;
    value(kinds.get(2).copied().unwrap_or(0), &mut payload)?;
    let root = value(root, &mut payload)?;
    let root = root.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let name = if is_table { name } else { Vec::new() };
    Ok(Table { name, root: u32::try_from(root).unwrap_or(0) })
}

/// The blob of a row of `Packages`, which follows a number.
pub(super) fn blob<'p, Source: Read + Seek>(
    cell: Cell<'_>,
    pager: &'p mut Pager<Source>,
) -> Result<impl Read + use<'p, Source>, Damage> {
    let mut payload = cell.payload(pager)?;
    let kinds = kinds(&mut payload)?;
    let &[number, blob] = kinds.as_slice() else {
        return Err(Damage::Format("a row with other columns"));
    };
    if blob < FIRST_BLOB || blob % 2 != 0 {
        return Err(Damage::Format("a row without a header"));
    }
    value(number, &mut payload)?;
    Ok(payload.take(length_of(blob)))
}

/// The kinds of the values of a record, which say their lengths too.
fn kinds(payload: &mut impl Read) -> Result<Vec<u64>, Damage> {
    let (header_bytes, own_bytes) = counted_varint(payload)?;
    let rest = header_bytes.checked_sub(own_bytes).filter(|_| header_bytes <= MAX_RECORD_HEADER_BYTES);
    let mut header = Vec::new();
    payload.take(rest.ok_or(Damage::Format("a row with other columns"))?).read_to_end(&mut header)?;
    let (mut header, mut kinds) = (header.as_slice(), Vec::new());
    while !header.is_empty() {
        kinds.push(varint(&mut header)?);
    }
    Ok(kinds)
}

/// Reads a short value.
fn value(kind: u64, payload: &mut impl Read) -> Result<Vec<u8>, Damage> {
    let length = length_of(kind);
    if length > MAX_NAME_BYTES {
        return Err(Damage::Format("a value that is too long"));
    }
    let mut value = Vec::new();
    payload.take(length).read_to_end(&mut value)?;
    Ok(value)
}

fn length_of(kind: u64) -> u64 {
    match kind {
        0 | 8..FIRST_BLOB => 0,
        1..=4 => kind,
        5 => 6,
        6 | 7 => 8,
        _ => (kind - FIRST_BLOB) / 2,
    }
}

fn varint(source: &mut impl Read) -> io::Result<u64> {
    counted_varint(source).map(|(number, _)| number)
}

/// A number of one to nine bytes, and how many it took: seven bits in each but the ninth, which has eight.
fn counted_varint(source: &mut impl Read) -> io::Result<(u64, u64)> {
    let mut number = 0_u64;
    let mut byte = [0];
    for count in 1..9 {
        source.read_exact(&mut byte)?;
        number = number << 7 | u64::from(byte[0] & 0x7f);
        if byte[0] < 0x80 {
            return Ok((number, count));
        }
    }
    source.read_exact(&mut byte)?;
    Ok((number << 8 | u64::from(byte[0]), 9))
}
