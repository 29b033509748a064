//! Build information of Go programs, in a section of its own or, on Windows, at the beginning of the data: `src/debug/buildinfo`
//! of Go.
//!
//! It has the version of Go and a text that lists the modules. Since Go 1.18 both follow the header; before, it points to them.

use crate::pkg::{
    fields::{Fields, Order},
    language::{
        executable::{Executable, Format},
        named::Named,
    },
};
use memchr::memmem;
use mig_core::json;
use std::io::{self, Read, Seek};

const ELF_SECTION: &str = ".go.buildinfo";
const MACH_O_SECTION: &str = "__go_buildinfo";
const PE_SECTION: &str = ".data";
/// How far into the data of a program of Windows is looked: the linker of Go puts build information first, C code may come before.
const MAX_DATA_BYTES: usize = 1 << 20;
/// Where the header may begin: at multiples of this.
const ALIGNMENT: usize = 16;
const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER_BYTES: usize = 32;
/// The flag for texts that follow the header, and the one for big-endian pointers.
const INLINE: u8 = 2;
const BIG_ENDIAN: u8 = 1;
/// Largest build information, in bytes.
const MAX_BYTES: u64 = 4 << 20;
/// The text about modules lies between marks of this length.
const MARK_BYTES: usize = 16;
/// What databases of vulnerabilities call Go's own library.
const STANDARD_LIBRARY: &str = "stdlib";
/// What stands for the version of what was built from a directory.
const UNKNOWN_VERSION: &str = "(devel)";

/// The modules of a program, Go's own library first; none if it is not made of Go.
///
/// # Errors
/// If the source fails.
pub fn modules<Source: Read + Seek>(program: &mut Executable<Source>) -> io::Result<Vec<Named>> {
    let Some(information) = information(program)? else { return Ok(Vec::new()) };
    let texts = match information.get(15) {
        None => None,
        Some(flags) if flags & INLINE != 0 => inline(&information),
        Some(_) => pointed(&information, program)?,
    };
    let (version, modules) = texts.unwrap_or_default();
    let version = json::lossy(&version);
    let version = version.split(' ').next().and_then(|version| version.strip_prefix("go"));
    let mut found: Vec<Named> =
        version.and_then(|version| Named::new(STANDARD_LIBRARY, version)).into_iter().collect();
    found.extend(listed(&json::lossy(&modules)));
    Ok(found)
}

/// What begins with the header.
fn information<Source: Read + Seek>(program: &mut Executable<Source>) -> io::Result<Option<Vec<u8>>> {
    let section = match program.format() {
        Format::Elf => ELF_SECTION,
        Format::MachO => MACH_O_SECTION,
        Format::Pe => return information_in_data(program),
    };
    Ok(program.section(section, MAX_BYTES)?.filter(|section| section.starts_with(MAGIC)))
}

fn information_in_data<Source: Read + Seek>(program: &mut Executable<Source>) -> io::Result<Option<Vec<u8>>> {
    let Some(mut data) = program.section(PE_SECTION, MAX_DATA_BYTES as u64)? else { return Ok(None) };
    let Some(begin) = memmem::find_iter(&data, MAGIC).find(|place| place.is_multiple_of(ALIGNMENT)) else {
        return Ok(None);
    };
    // The texts may be longer than the part that was searched.
    if let Some(more) = program.section(PE_SECTION, MAX_DATA_BYTES as u64 + MAX_BYTES)? {
        data = more;
    }
    Ok(data.get(begin..).map(<[u8]>::to_vec))
}

type Texts = (Vec<u8>, Vec<u8>);

fn inline(section: &[u8]) -> Option<Texts> {
    let mut rest = section.get(HEADER_BYTES..)?;
    let version = counted(&mut rest)?.to_vec();
    let modules = counted(&mut rest)?;
    Some((version, between_marks(modules)))
}

/// A text after its length, seven bits of it in each byte, the lowest first.
fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut length = 0_usize;
    for shift in [0, 7, 14, 21] {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            let (text, after) = rest.split_at_checked(length)?;
            *rest = after;
            return Some(text);
        }
    }
    None
}

fn pointed<Source: Read + Seek>(
    section: &[u8],
    program: &mut Executable<Source>,
) -> io::Result<Option<Texts>> {
    let (Some(&[pointer_bytes, flags]), Some(pointers)) = (section.get(14..16), section.get(16..)) else {
        return Ok(None);
    };
    let order = if flags & BIG_ENDIAN != 0 { Order::Big } else { Order::Little };
    let layout = Pointers { order, is_wide: pointer_bytes == 8 };
    let (Some(version), Some(modules)) = (layout.read(pointers, 0), layout.read(pointers, 1)) else {
        return Ok(None);
    };
    let version = layout.text(version, program)?;
    let modules = layout.text(modules, program)?;
    Ok(Some((version, between_marks(&modules))))
}

#[derive(Debug)]
struct Pointers {
    order: Order,
    is_wide: bool,
}

impl Pointers {
    fn bytes(&self) -> usize {
        if self.is_wide { 8 } else { 4 }
    }

    fn read(&self, bytes: &[u8], index: usize) -> Option<u64> {
        let fields = Fields::new(bytes, self.order);
        let place = index * self.bytes();
        if self.is_wide { fields.u64(place) } else { fields.u32(place).map(u64::from) }
    }

    /// The text of a string header: where it is, and its length.
    fn text<Source: Read + Seek>(
        &self,
        address: u64,
        program: &mut Executable<Source>,
    ) -> io::Result<Vec<u8>> {
        let header = program.memory(address, 2 * self.bytes() as u64)?;
        match (self.read(&header, 0), self.read(&header, 1)) {
            (Some(text), Some(length)) => program.memory(text, length.min(MAX_BYTES)),
            _ => Ok(Vec::new()),
        }
    }
}

fn between_marks(text: &[u8]) -> Vec<u8> {
    let end = text.len().saturating_sub(MARK_BYTES);
    text.get(MARK_BYTES..end).unwrap_or_default().to_vec()
}

/// The modules of a list: lines of words between tabs. `=>` replaces the module before it.
fn listed(text: &str) -> Vec<Named> {
    let mut modules = Vec::new();
    for line in text.lines() {
        let mut words = line.split('\t');
        let kind = words.next().unwrap_or_default();
        let named = words.next().zip(words.next()).and_then(|(name, version)| Named::new(name, version));
        match (kind, named) {
            ("mod" | "dep", Some(named)) => modules.push(named),
            // A directory has no version: the module that was meant says more.
            ("=>", Some(named)) if named.version != UNKNOWN_VERSION => {
                modules.pop();
                modules.push(named);
            }
            _ => {}
        }
    }
    modules
}
