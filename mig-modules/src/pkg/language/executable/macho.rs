//! Sections of Mach-O files, of both sizes and byte orders, and of the first program in a file with one for each processor:
//! `mach-o/loader.h` and `mach-o/fat.h`.

use super::{HEADER_BYTES, Section, name, read_at};
use crate::pkg::fields::{Fields, Order};
use std::io::{self, Read, Seek};

/// First words of a program, as big-endian numbers, and of a file with several.
const NARROW: u32 = 0xfeed_face;
const WIDE: u32 = 0xfeed_facf;
const SEVERAL: u32 = 0xcafe_babe;
const SEVERAL_WIDE: u32 = 0xcafe_babf;
/// More programs in a file than there are processors: classes of Java begin with the same word.
const MAX_PROGRAMS: u32 = 32;
/// Longest list of load commands that is read, in bytes.
const MAX_COMMANDS_BYTES: u32 = 1 << 20;
/// The type of sections without bytes in the file.
const NO_BYTES: u8 = 1;

/// The sections of a file that begins so; `None` if it has none.
pub(super) fn sections(source: &mut (impl Read + Seek), header: &[u8]) -> io::Result<Option<Vec<Section>>> {
    let Some(begin) = first_program(header) else { return Ok(None) };
    let inner = if begin == 0 { None } else { Some(read_at(source, begin, HEADER_BYTES)?) };
    let Some(program) = Program::of(inner.as_deref().unwrap_or(header), begin) else { return Ok(None) };
    let place = begin.saturating_add(program.layout.header_bytes);
    let commands = read_at(source, place, u64::from(program.commands_bytes.min(MAX_COMMANDS_BYTES)))?;
    Ok(Some(program.sections(&commands)))
}

/// Where the first program of a file begins.
fn first_program(header: &[u8]) -> Option<u64> {
    let fields = Fields::big(header);
    let magic = fields.u32(0)?;
    if !matches!(magic, SEVERAL | SEVERAL_WIDE) {
        return Some(0);
    }
    let place = if magic == SEVERAL { fields.u32(16).map(u64::from) } else { fields.u64(16) };
    place.filter(|place| *place > 0 && fields.u32(4).is_some_and(|programs| programs <= MAX_PROGRAMS))
}

/// A program in a file.
#[derive(Debug)]
struct Program {
    /// Where it begins: places count from there.
    begin: u64,
    order: Order,
    layout: &'static Layout,
    commands_bytes: u32,
}

/// Where fields are, by size of addresses.
#[derive(Debug)]
struct Layout {
    is_wide: bool,
    header_bytes: u64,
    /// The load command for a segment, where it has its number of sections, and the length of what is before them.
    segment: u32,
    section_count: usize,
    segment_bytes: usize,
    section_bytes: usize,
    /// Fields of a section.
    length: usize,
    place: usize,
    flags: usize,
}

const NARROW_LAYOUT: Layout = Layout {
    is_wide: false,
    header_bytes: 28,
    segment: 1,
    section_count: 48,
    segment_bytes: 56,
    section_bytes: 68,
    length: 36,
    place: 40,
    flags: 56,
};

const WIDE_LAYOUT: Layout = Layout {
    is_wide: true,
    header_bytes: 32,
    segment: 0x19,
    section_count: 64,
    segment_bytes: 72,
    section_bytes: 80,
    length: 40,
    place: 48,
    flags: 64,
};

impl Program {
    fn of(header: &[u8], begin: u64) -> Option<Self> {
        let magic = Fields::big(header).u32(0)?;
        let order = if matches!(magic, NARROW | WIDE) { Order::Big } else { Order::Little };
        let fields = Fields::new(header, order);
        let layout = match fields.u32(0)? {
            NARROW => &NARROW_LAYOUT,
            WIDE => &WIDE_LAYOUT,
            _ => return None,
        };
        Some(Self { begin, order, layout, commands_bytes: fields.u32(20)? })
    }

    fn sections(&self, mut commands: &[u8]) -> Vec<Section> {
        let mut sections = Vec::new();
        loop {
            let fields = Fields::new(commands, self.order);
            let (Some(kind), Some(length)) = (fields.u32(0), fields.u32(4)) else { return sections };
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            // A command is at least as long as what says so.
            let Some((command, rest)) = commands.split_at_checked(length.max(8)) else { return sections };
            if kind == self.layout.segment {
                sections.extend(self.sections_of(command));
            }
            commands = rest;
        }
    }

    fn sections_of(&self, segment: &[u8]) -> Vec<Section> {
        let count = Fields::new(segment, self.order).u32(self.layout.section_count).unwrap_or_default();
        let entries = segment.get(self.layout.segment_bytes..).unwrap_or_default();
        let entries = entries.chunks_exact(self.layout.section_bytes);
        let counted = entries.take(usize::try_from(count).unwrap_or(usize::MAX));
        counted.filter_map(|entry| self.section(entry)).collect()
    }

    fn section(&self, entry: &[u8]) -> Option<Section> {
        let fields = Fields::new(entry, self.order);
        let number = |place: usize| {
            if self.layout.is_wide { fields.u64(place) } else { fields.u32(place).map(u64::from) }
        };
        let [.., kind] = fields.u32(self.layout.flags)?.to_be_bytes();
        let section = Section {
            name: name(entry.get(..16)?),
            address: number(32)?,
            place: self.begin.saturating_add(u64::from(fields.u32(self.layout.place)?)),
            length: number(self.layout.length)?,
        };
        (kind != NO_BYTES).then_some(section)
    }
}
