//! The write-ahead log of SQLite: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.
//!
//! It holds newer versions of pages that are committed and not yet copied into the database.

use crate::pkg::{
    fields::{Fields, Order},
    rpm::failure::{Damage, Failure},
};
use mig_core::module::Session;
use std::{
    collections::BTreeMap,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

/// Without its last bit, which tells the byte order of checksums.
const MAGIC: u32 = 0x377f_0682;
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// Most pages of a log that are remembered.
const MAX_PAGES: usize = 1 << 20;

/// The committed pages of a log.
#[derive(Debug)]
pub(super) struct Log<Source> {
    source: Source,
    page_bytes: usize,
    /// Where in the log each page is, by its number.
    places: BTreeMap<u32, u64>,
}

impl<Source: Read + Seek> Log<Source> {
    /// Finds the committed pages. `None` if there are none: a log is ended by the first frame that does not fit.
    pub(super) fn open(mut source: Source, session: &dyn Session) -> Result<Option<Self>, Failure> {
        let mut header = [0; HEADER_BYTES];
        source.seek(SeekFrom::Start(0))?;
        match source.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let Some(mut frames) = Frames::begin(&header) else { return Ok(None) };
        let page_bytes = frames.page_bytes;
        let places = frames.committed(&mut BufReader::with_capacity(64 << 10, &mut source), session)?;
        Ok((!places.is_empty()).then_some(Self { source, page_bytes, places }))
    }

    pub(super) fn page_bytes(&self) -> usize {
        self.page_bytes
    }

    /// A page, if the log has it.
    pub(super) fn read(&mut self, number: u32) -> io::Result<Option<Vec<u8>>> {
        let Some(place) = self.places.get(&number) else { return Ok(None) };
        let mut page = vec![0; self.page_bytes];
        self.source.seek(SeekFrom::Start(*place))?;
        self.source.read_exact(&mut page)?;
        Ok(Some(page))
    }
}

/// The frames of a log, which continue each other's checksum.
#[derive(Debug)]
struct Frames {
    order: Order,
    page_bytes: usize,
    salts: [u8; 8],
    checksum: (u32, u32),
}

impl Frames {
    fn begin(header: &[u8; HEADER_BYTES]) -> Option<Self> {
        let fields = Fields::big(header);
        let magic = fields.u32(0)?;
        let order = if magic & 1 == 0 { Order::Little } else { Order::Big };
        let page_bytes = usize::try_from(fields.u32(8)?).ok()?;
        let possible = page_bytes.is_power_of_two() && (512..=64 << 10).contains(&page_bytes);
        let checksum = (fields.u32(24)?, fields.u32(28)?);
        if magic & !1 != MAGIC || !possible || add((0, 0), header.get(..24)?, order) != checksum {
            return None;
        }
        Some(Self { order, page_bytes, salts: *header.get(16..)?.first_chunk()?, checksum })
    }

    fn committed(
        &mut self,
        source: &mut impl Read,
        session: &dyn Session,
    ) -> Result<BTreeMap<u32, u64>, Failure> {
        let (mut places, mut pending) = (BTreeMap::new(), BTreeMap::new());
        let mut place = HEADER_BYTES as u64;
        let mut frame = vec![0; FRAME_HEADER_BYTES + self.page_bytes];
        while read_whole(source, &mut frame)? {
            session.checkpoint()?;
            let Some((page, commits)) = self.next(&frame) else { break };
            pending.insert(page, place + FRAME_HEADER_BYTES as u64);
            place += frame.len() as u64;
            if commits {
                places.append(&mut pending);
            }
            if places.len() + pending.len() > MAX_PAGES {
                return Err(Damage::Format("the write-ahead log is too large").into());
            }
        }
        Ok(places)
    }

    /// The page that a frame holds, and whether it ends a transaction; `None` if the frame is left from an older log.
    fn next(&mut self, frame: &[u8]) -> Option<(u32, bool)> {
        let (header, page) = frame.split_at_checked(FRAME_HEADER_BYTES)?;
        let fields = Fields::big(header);
        let checksum = add(add(self.checksum, header.get(..8)?, self.order), page, self.order);
        if header.get(8..16)? != self.salts || (fields.u32(16)?, fields.u32(20)?) != checksum {
            return None;
        }
        self.checksum = checksum;
        Some((fields.u32(0)?, fields.u32(4)? != 0))
    }
}

/// False if the source ends before.
fn read_whole(source: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn add(checksum: (u32, u32), bytes: &[u8], order: Order) -> (u32, u32) {
    let (pairs, _) = bytes.as_chunks::<8>();
    pairs.iter().fold(checksum, |(first, second), pair| {
        let fields = Fields::new(pair, order);
        let (one, two) = (fields.u32(0).unwrap_or(0), fields.u32(4).unwrap_or(0));
        let first = first.wrapping_add(one).wrapping_add(second);
        (first, second.wrapping_add(two).wrapping_add(first))
    })
}
