//! Sections of programs, in the formats of Linux (ELF), Windows (PE) and macOS (Mach-O): whichever system looks at an image.
//!
//! Nothing is mapped or read but the table of sections, their names and the few sections that are asked for, each up to a limit:
//! the reader is pointed at every program of a machine, of which some are hostile.

mod elf;
mod macho;
mod pe;

use std::io::{self, Read, Seek, SeekFrom};

/// More than the beginning of a program has to say of its format, in bytes.
const HEADER_BYTES: u64 = 64;
/// Longest name of a section that is kept: longer than any that is asked for, in bytes.
const MAX_NAME_BYTES: usize = 32;

/// An open program.
#[derive(Debug)]
pub struct Executable<Source> {
    source: Source,
    format: Format,
    sections: Vec<Section>,
}

/// The format of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Of Linux and other Unix systems.
    Elf,
    /// Of Windows.
    Pe,
    /// Of macOS.
    MachO,
}

/// A section that has bytes in the file.
#[derive(Debug)]
struct Section {
    name: Vec<u8>,
    /// Where it lies in memory once the program is loaded.
    address: u64,
    place: u64,
    length: u64,
}

impl<Source: Read + Seek> Executable<Source> {
    /// Reads the table of sections; `None` if it is no program, or has no such table.
    ///
    /// # Errors
    /// If the source fails.
    pub fn open(mut source: Source) -> io::Result<Option<Self>> {
        let header = read_at(&mut source, 0, HEADER_BYTES)?;
        let (format, sections) = if header.starts_with(elf::MAGIC) {
            (Format::Elf, elf::sections(&mut source, &header)?)
        } else if header.starts_with(pe::MAGIC) {
            (Format::Pe, pe::sections(&mut source, &header)?)
        } else {
            (Format::MachO, macho::sections(&mut source, &header)?)
        };
        Ok(sections.map(|sections| Self { source, format, sections }))
    }

    /// Its format.
    pub fn format(&self) -> Format {
        self.format
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

/// A name that ends with the field, or at its first zero.
fn name(field: &[u8]) -> Vec<u8> {
    let name = field.split(|byte| *byte == 0).next().unwrap_or_default();
    name.get(..name.len().min(MAX_NAME_BYTES)).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests;
