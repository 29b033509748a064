//! The memory of a process in pieces that overlap, each byte read once.
//!
//! Readable regions that follow each other without a gap are one area. A piece knows whether it begins or ends one; what can not
//! be read ends one too. Anonymous memory that was never used is zeros: so many of them as pieces overlap are handed on, the
//! rest is skipped without being read, because reading would make the process larger.

use super::matcher::View;
use crate::sys::{Extent, Memory, ReadError, Region};
use mig_core::module::Stop;
use std::ops::Range;

/// New bytes of a piece.
pub(super) const PIECE_BYTES: usize = 1 << 20;

/// Pages of a region that are tried one by one after one could not be read.
const MAX_UNREADABLE_PAGES: usize = 1024;

/// A piece, and where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) view: View<'a>,
    /// The address behind its last byte.
    pub(crate) end: u64,
    /// How many bytes at its begin were part of the piece before.
    pub(crate) repeated: usize,
}

/// What takes the pieces.
pub(crate) trait Visitor {
    /// Takes a piece, and says whether more are wanted.
    ///
    /// # Errors
    /// If the run has to end.
    fn piece(&mut self, piece: Piece<'_>) -> Result<Wanted, Stop>;

    /// Hears of a range that is not read.
    fn unread(&mut self, range: Range<u64>, reason: Unread);
}

/// Whether the walk shall go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    More,
    Nothing,
}

/// Why a range is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The process itself may not read it.
    Protected,
    /// Reading failed.
    Failed,
}

/// Why a walk ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// The visitor wants nothing more.
    Unwanted,
    /// The process has ended.
    Ended,
    /// The run has to end.
    Stopped(Stop),
}

/// A walk over a process.
pub(crate) struct Walk<'m> {
    memory: &'m mut dyn Memory,
    visitor: &'m mut dyn Visitor,
    buffer: Buffer,
    /// The range that could not be read so far.
    unreadable: Range<u64>,
    bytes_read: u64,
}

impl<'m> Walk<'m> {
    /// A walk whose pieces overlap by so many bytes.
    pub(crate) fn new(memory: &'m mut dyn Memory, overlap: usize, visitor: &'m mut dyn Visitor) -> Self {
        let buffer = Buffer::new(overlap);
        Self { memory, visitor, buffer, unreadable: 0..0, bytes_read: 0 }
    }

    /// Bytes that were read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Walks over all regions from an address on.
    pub(crate) fn run(&mut self, regions: &[Region], from: u64) -> Result<(), Break> {
        for region in regions {
            let range = region.range.start.max(from)..region.range.end;
            if range.is_empty() {
                continue;
            }
            if range.start != self.buffer.end {
                self.end_area()?;
            }
            if region.is_readable {
                self.region(range, region.is_anonymous)?;
            } else {
                self.end_area()?;
                self.report_unreadable();
                self.visitor.unread(range, Unread::Protected);
            }
        }
        self.end_area()?;
        self.report_unreadable();
        Ok(())
    }

    fn region(&mut self, mut rest: Range<u64>, is_anonymous: bool) -> Result<(), Break> {
        let mut failures = 0;
        while !rest.is_empty() {
            let whole = Extent::Used(rest.end - rest.start);
            let extent = if is_anonymous { self.memory.extent(&rest) } else { whole };
            let (Extent::Used(length) | Extent::Unused(length)) = extent;
            let part = rest.start..rest.start.saturating_add(length.max(1)).min(rest.end);
            rest.start = part.end;
            match extent {
                Extent::Used(_) => self.used(part, &mut failures)?,
                Extent::Unused(_) => self.zeros(part)?,
            }
            if failures > MAX_UNREADABLE_PAGES {
                return self.lose(rest);
            }
        }
        Ok(())
    }

    /// Reads a range; pages that can not be read are left out.
    fn used(&mut self, mut range: Range<u64>, failures: &mut usize) -> Result<(), Break> {
        while !range.is_empty() {
            if self.buffer.is_full() {
                self.emit(false)?;
            }
            self.buffer.go_on_at(range.start);
            let room = self.buffer.room(range.end - range.start);
            match self.memory.read(range.start, room) {
                Ok(count) if count > 0 => {
                    let count = self.buffer.advance(count);
                    self.bytes_read += count;
                    range.start += count;
                }
                Err(ReadError::Ended) => return Err(Break::Ended),
                Ok(_) | Err(ReadError::Unreadable(_)) => {
                    *failures += 1;
                    let page = self.memory.page_bytes();
                    let next = (range.start / page).saturating_add(1).saturating_mul(page).min(range.end);
                    let lost = if *failures > MAX_UNREADABLE_PAGES { range.end } else { next };
                    self.lose(range.start..lost)?;
                    range.start = lost;
                }
            }
        }
        Ok(())
    }

    /// Hands on as many zeros as matter, and skips the others.
    fn zeros(&mut self, range: Range<u64>) -> Result<(), Break> {
        self.buffer.go_on_at(range.start);
        let length = range.end - range.start;
        let zeros = self.buffer.zeros.saturating_add(length);
        let mut wanted = self.buffer.zeros_wanted(length);
        let is_skipping = wanted < length;
        while wanted > 0 {
            if self.buffer.is_full() {
                self.emit(false)?;
            }
            let room = self.buffer.room(wanted);
            room.fill(0);
            let count = room.len();
            wanted -= self.buffer.advance(count);
        }
        self.buffer.zeros = zeros;
        if is_skipping {
            self.emit(false)?;
            self.buffer.end = range.end;
        }
        Ok(())
    }

    /// Reading a range failed.
    fn lose(&mut self, range: Range<u64>) -> Result<(), Break> {
        self.end_area()?;
        if range.is_empty() {
            return Ok(());
        }
        if self.unreadable.end != range.start {
            self.report_unreadable();
            self.unreadable.start = range.start;
        }
        self.unreadable.end = range.end;
        Ok(())
    }

    fn report_unreadable(&mut self) {
        let range = std::mem::take(&mut self.unreadable);
        if !range.is_empty() {
            self.visitor.unread(range, Unread::Failed);
        }
    }

    fn end_area(&mut self) -> Result<(), Break> {
        if !self.buffer.is_empty() {
            self.emit(true)?;
        }
        self.buffer.restart(0);
        Ok(())
    }

    fn emit(&mut self, is_last: bool) -> Result<(), Break> {
        let wanted = self.visitor.piece(self.buffer.piece(is_last)).map_err(Break::Stopped)?;
        self.buffer.keep_overlap();
        if wanted == Wanted::More { Ok(()) } else { Err(Break::Unwanted) }
    }
}

/// Bytes of an area that were read.
#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    repeated: usize,
    overlap: usize,
    is_first: bool,
    /// The address behind the last byte.
    end: u64,
    /// How many zeros of unused memory lie before this address.
    zeros: u64,
}

impl Buffer {
    fn new(overlap: usize) -> Self {
        let bytes = Vec::new();
        Self { bytes, length: 0, repeated: 0, overlap, is_first: true, end: 0, zeros: 0 }
    }

    /// Begins with an area.
    fn restart(&mut self, address: u64) {
        (self.length, self.repeated, self.is_first) = (0, 0, true);
        (self.end, self.zeros) = (address, 0);
    }

    /// Begins with an area, unless the next bytes belong to this one.
    fn go_on_at(&mut self, address: u64) {
        if address != self.end {
            self.restart(address);
        }
    }

    fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn is_full(&self) -> bool {
        self.length == self.overlap + PIECE_BYTES
    }

    /// Where the next bytes go, at most `wanted`.
    fn room(&mut self, wanted: u64) -> &mut [u8] {
        let end = self.overlap + PIECE_BYTES;
        let wanted = usize::try_from(wanted).unwrap_or(end);
        let end = self.length.saturating_add(wanted).min(end);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        &mut self.bytes[self.length..end]
    }

    /// So many bytes were put into the room.
    fn advance(&mut self, count: usize) -> u64 {
        let count = count.min(self.bytes.len() - self.length);
        self.length += count;
        self.end += count as u64;
        self.zeros = 0;
        count as u64
    }

    /// How many zeros of a range that begins here make a difference.
    fn zeros_wanted(&self, length: u64) -> u64 {
        length.min((self.overlap as u64).saturating_sub(self.zeros))
    }

    fn piece(&self, is_last: bool) -> Piece<'_> {
        let bytes = &self.bytes[..self.length];
        let view = View { bytes, is_first: self.is_first, is_last };
        Piece { view, end: self.end, repeated: self.repeated }
    }

    /// Drops all but the end that the next piece repeats.
    fn keep_overlap(&mut self) {
        if self.length > self.overlap {
            self.bytes.copy_within(self.length - self.overlap..self.length, 0);
            self.length = self.overlap;
            self.is_first = false;
        }
        self.repeated = self.length;
    }
}

#[cfg(test)]
mod tests;
