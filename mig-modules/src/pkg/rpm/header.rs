//! The header of a package, as databases keep it: `lib/header.c` of rpm.
//!
//! A header is an index of fixed-size entries and a store of values; all numbers are big-endian. The wanted values lie near
//! the beginning of the store, before the lists of files, so most of a header is never read; only the name of the source package
//! lies behind these.

use crate::pkg::{fields::Fields, rpm::failure::Damage};
use mig_core::json;
use std::io::{self, BufRead, BufReader, Read};

/// Most entries of an index, as rpm has it.
const MAX_ENTRIES: u32 = 0xffff;
/// How far into the store a wanted value may lie, in bytes.
const MAX_OFFSET: u32 = 4 << 20;
/// The same for what lies behind the lists of files.
const MAX_SOURCE_OFFSET: u32 = 32 << 20;
/// Longest wanted value, in bytes.
const MAX_VALUE_BYTES: u64 = 256;

const ENTRY_BYTES: usize = 16;
const INT32: u32 = 4;
const STRING: u32 = 6;

/// What names a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// `[epoch:]version-release`, as `%{EVR}` shows it.
    pub evr: String,
    /// Its architecture; `(none)` for keys.
    pub arch: String,
    /// The file name of its source package, as `bash-5.1.8-9.el9.src.rpm`; `None` if it has none, or it was not asked for.
    pub source: Option<String>,
}

/// The values of an index that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Name,
    Version,
    Release,
    Epoch,
    Arch,
    Source,
}

impl Tag {
    fn of(number: u32) -> Option<Self> {
        Some(match number {
            1000 => Self::Name,
            1001 => Self::Version,
            1002 => Self::Release,
            1003 => Self::Epoch,
            1022 => Self::Arch,
            1044 => Self::Source,
            _ => return None,
        })
    }

    fn kind(self) -> u32 {
        if self == Self::Epoch { INT32 } else { STRING }
    }

    fn max_offset(self) -> u32 {
        if self == Self::Source { MAX_SOURCE_OFFSET } else { MAX_OFFSET }
    }
}

/// Reads the header that a blob begins with, as far as needed, and without the source package.
///
/// # Errors
/// [`Damage`] if it ends too early, a wanted value is missing, or lies where it can not.
pub fn read(blob: &mut dyn Read) -> Result<Header, Damage> {
    read_tags(blob, |tag| tag != Tag::Source)
}

/// Reads the header that a blob begins with, and what it was built from.
///
/// # Errors
/// As [`read`].
pub fn read_with_source(blob: &mut dyn Read) -> Result<Header, Damage> {
    read_tags(blob, |_| true)
}

fn read_tags(blob: &mut dyn Read, is_wanted: fn(Tag) -> bool) -> Result<Header, Damage> {
    let mut blob = BufReader::new(blob);
    let wanted = read_index(&mut blob, is_wanted)?;
    let mut values = Values::default();
    let mut position = 0;
    for (offset, tag) in wanted {
        let distance = u32::checked_sub(offset, position).ok_or(Damage::Header("values that overlap"))?;
        io::copy(&mut (&mut blob).take(distance.into()), &mut io::sink())?;
        position = offset + values.read(tag, &mut blob)?;
    }
    values.header()
}

/// The wanted values and where in the store they lie, in that order.
fn read_index(blob: &mut impl Read, is_wanted: fn(Tag) -> bool) -> Result<Vec<(u32, Tag)>, Damage> {
    let mut sizes = [0; 8];
    blob.read_exact(&mut sizes)?;
    let sizes = Fields::big(&sizes);
    let (entries, store_bytes) = (sizes.u32(0).unwrap_or(0), sizes.u32(4).unwrap_or(0));
    if entries == 0 || entries > MAX_ENTRIES {
        return Err(Damage::Header("an impossible number of entries"));
    }
    let mut wanted: Vec<(u32, Tag)> = Vec::new();
    let mut entry = [0; ENTRY_BYTES];
    for _ in 0..entries {
        blob.read_exact(&mut entry)?;
        let Some((offset, tag)) = wanted_entry(&entry, is_wanted)? else { continue };
        if offset >= store_bytes.min(tag.max_offset()) {
            return Err(Damage::Header("a value outside of its store"));
        }
        if !wanted.iter().any(|(_, other)| *other == tag) {
            wanted.push((offset, tag));
        }
    }
    wanted.sort_by_key(|(offset, _)| *offset);
    Ok(wanted)
}

fn wanted_entry(entry: &[u8], is_wanted: fn(Tag) -> bool) -> Result<Option<(u32, Tag)>, Damage> {
    let entry = Fields::big(entry);
    let tag = entry.u32(0).and_then(Tag::of).filter(|tag| is_wanted(*tag));
    let Some(tag) = tag else { return Ok(None) };
    if entry.u32(4) != Some(tag.kind()) || entry.u32(12) != Some(1) {
        return Err(Damage::Header("a value of the wrong type"));
    }
    Ok(entry.u32(8).map(|offset| (offset, tag)))
}

#[derive(Debug, Default)]
struct Values {
    name: Option<String>,
    version: Option<String>,
    release: Option<String>,
    epoch: Option<u32>,
    arch: Option<String>,
    source: Option<String>,
}

impl Values {
    /// Reads a value, and tells its length in the store.
    fn read(&mut self, tag: Tag, store: &mut impl BufRead) -> Result<u32, Damage> {
        let text = match tag {
            Tag::Name => &mut self.name,
            Tag::Version => &mut self.version,
            Tag::Release => &mut self.release,
            Tag::Arch => &mut self.arch,
            Tag::Source => &mut self.source,
            Tag::Epoch => {
                let mut number = [0; 4];
                store.read_exact(&mut number)?;
                self.epoch = Some(u32::from_be_bytes(number));
                return Ok(4);
            }
        };
        let (value, length) = read_text(store)?;
        *text = Some(value);
        Ok(length)
    }

    fn header(self) -> Result<Header, Damage> {
        let missing = |what| move || Damage::Header(what);
        let name = self.name.filter(|name| !name.is_empty()).ok_or_else(missing("no name"))?;
        let version = self.version.ok_or_else(missing("no version"))?;
        let epoch = self.epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
        let release = self.release.map(|release| format!("-{release}")).unwrap_or_default();
        let evr = format!("{epoch}{version}{release}");
        let arch = self.arch.unwrap_or_else(|| "(none)".to_owned());
        Ok(Header { name, evr, arch, source: self.source })
    }
}

/// Reads a text up to and with the zero that ends it.
fn read_text(store: &mut impl BufRead) -> Result<(String, u32), Damage> {
    let mut bytes = Vec::new();
    store.take(MAX_VALUE_BYTES + 1).read_until(0, &mut bytes)?;
    let length = u32::try_from(bytes.len()).map_err(|_| Damage::Header("an endless value"))?;
    match bytes.pop() {
        Some(0) => Ok((json::lossy(&bytes), length)),
        _ => Err(Damage::Header("a value that is too long or does not end")),
    }
}
