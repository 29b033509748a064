//! Crates in Rust programs that were built by `cargo auditable`: the section `.dep-v0` of any format, zlib-compressed JSON.
//! See `PARSING.md` of cargo-auditable.

use crate::pkg::language::{executable::Executable, named::Named};
use flate2::read::ZlibDecoder;
use mig_core::{json, limits};
use serde::Deserialize;
use std::io::{self, Read, Seek};

const SECTION: &str = ".dep-v0";
/// Largest section, and largest document in it, in bytes; the second as its description recommends.
const MAX_SECTION_BYTES: u64 = 1 << 20;
const MAX_DOCUMENT_BYTES: usize = 8 << 20;
/// Most members and elements of the document.
const MAX_VALUES: usize = 256 << 10;
/// What is needed to build a program, and is not in it.
const BUILD: &str = "build";

#[derive(Debug, Deserialize)]
struct Document {
    packages: Vec<Crate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Crate {
    name: String,
    version: String,
    kind: String,
}

/// The crates of a program, whatever their source; none if it does not list them.
///
/// # Errors
/// If the source fails, or the section is damaged.
pub fn crates<Source: Read + Seek>(program: &mut Executable<Source>) -> io::Result<Vec<Named>> {
    match program.section(SECTION, MAX_SECTION_BYTES)? {
        Some(section) => parse(&section),
        None => Ok(Vec::new()),
    }
}

/// Reads the section.
///
/// # Errors
/// If it is not compressed JSON of that form, or too large.
pub fn parse(section: &[u8]) -> io::Result<Vec<Named>> {
    let document = limits::read(ZlibDecoder::new(section), MAX_DOCUMENT_BYTES)?;
    let document: Document = json::from_slice_within(&document, MAX_VALUES).map_err(io::Error::other)?;
    let inside = document.packages.into_iter().filter(|package| package.kind != BUILD);
    Ok(inside.filter_map(|package| Named::new(&package.name, &package.version)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;

    fn compressed(text: &str) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn crates_are_listed_without_those_of_the_build() {
        let text = r#"{"packages":[{"name":"cc","version":"1.0","source":"crates.io","kind":"build"},
            {"name":"adler","version":"0.2.3","source":"registry","dependencies":[0],"root":true}]}"#;
        let wanted: Vec<Named> = Named::new("adler", "0.2.3").into_iter().collect();
        assert_eq!(parse(&compressed(text)).unwrap(), wanted);
    }

    #[test]
    fn what_is_damaged_or_a_bomb_is_an_error() {
        assert!(parse(b"x").is_err());
        assert!(parse(&compressed("{}")).is_err());
        let bomb = compressed(&" ".repeat(MAX_DOCUMENT_BYTES + 1));
        assert_eq!(parse(&bomb).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
