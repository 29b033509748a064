//! rpm's own format, `Packages.db`: `lib/backend/ndb/rpmpkg.c` of rpm.
//!
//! A table of slots tells where the blob of each package lies; all numbers are little-endian.

use crate::pkg::{
    fields::Fields,
    rpm::failure::{Damage, Failure, Visit},
};
use mig_core::module::Session;
use std::io::{Read, Seek, SeekFrom};

const DATABASE_MAGIC: u32 = u32::from_le_bytes(*b"RpmP");
const SLOT_MAGIC: u32 = u32::from_le_bytes(*b"Slot");
const BLOB_MAGIC: u32 = u32::from_le_bytes(*b"BlbS");

const PAGE_BYTES: u64 = 4096;
/// The first page begins with the header of the database, in place of slots.
const HEADER_BYTES: usize = 32;
const SLOT_BYTES: usize = 16;
const BLOCK_BYTES: u64 = 16;
/// Largest table of slots: for a million packages.
const MAX_SLOT_PAGES: u32 = 4096;

/// Where the table says that a blob is.
#[derive(Clone, Copy, Debug)]
struct Slot {
    package: u32,
    first_block: u32,
    blocks: u32,
}

/// Visits the blob of every package.
///
/// # Errors
/// [`Failure`] if it is no such database, its table can not be read, or the session stops the run.
pub fn for_each(
    database: &mut (impl Read + Seek),
    session: &dyn Session,
    visit: &mut Visit<'_>,
) -> Result<(), Failure> {
    let table = read_table(database)?;
    for slot in table.as_chunks::<SLOT_BYTES>().0.iter().skip(HEADER_BYTES / SLOT_BYTES) {
        session.checkpoint()?;
        match slot_of(slot) {
            Ok(None) => {}
            Ok(Some(slot)) => match blob(database, slot) {
                Ok(mut blob) => visit(Ok(&mut blob))?,
                Err(damage) => visit(Err(damage))?,
            },
            Err(damage) => visit(Err(damage))?,
        }
    }
    Ok(())
}

/// The pages of the table of slots, with the header of the database.
fn read_table(database: &mut (impl Read + Seek)) -> Result<Vec<u8>, Damage> {
    let mut header = [0; HEADER_BYTES];
    database.seek(SeekFrom::Start(0))?;
    database.read_exact(&mut header)?;
    let header = Fields::little(&header);
    if header.u32(0) != Some(DATABASE_MAGIC) {
        return Err(Damage::Format("not a database of the kind ndb"));
    }
    if header.u32(4) != Some(0) {
        return Err(Damage::Format("an unknown version of ndb"));
    }
    let pages = header.u32(12).filter(|pages| (1..=MAX_SLOT_PAGES).contains(pages));
    let length = PAGE_BYTES * u64::from(pages.ok_or(Damage::Format("an impossible table of packages"))?);
    database.seek(SeekFrom::Start(0))?;
    let mut table = Vec::new();
    if database.take(length).read_to_end(&mut table)? as u64 != length {
        return Err(Damage::Format("the table of packages is cut off"));
    }
    Ok(table)
}

/// `None` for a slot that is free.
fn slot_of(bytes: &[u8]) -> Result<Option<Slot>, Damage> {
    let fields = Fields::little(bytes);
    let (Some(SLOT_MAGIC), Some(package), Some(first_block), Some(blocks)) =
        (fields.u32(0), fields.u32(4), fields.u32(8), fields.u32(12))
    else {
        return Err(Damage::Format("a damaged entry in the table of packages"));
    };
    Ok((first_block != 0).then_some(Slot { package, first_block, blocks }))
}

fn blob(database: &mut (impl Read + Seek), slot: Slot) -> Result<impl Read, Damage> {
    let mut head = [0; 16];
    database.seek(SeekFrom::Start(u64::from(slot.first_block) * BLOCK_BYTES))?;
    database.read_exact(&mut head)?;
    let head = Fields::little(&head);
    let length = head.u32(12).map(u64::from).unwrap_or_default();
    if head.u32(0) != Some(BLOB_MAGIC) || head.u32(4) != Some(slot.package) {
        return Err(Damage::Format("a package is not where the table says"));
    }
    if length > u64::from(slot.blocks) * BLOCK_BYTES {
        return Err(Damage::Format("a package is longer than its place"));
    }
    Ok(database.take(length))
}
