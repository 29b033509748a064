//! Programs of Windows and macOS; those of Linux are tried where packages are looked for in them.

use super::*;
use crate::pkg::language::go;
use proptest::prelude::*;
use std::io::Cursor;

/// Where the bytes of the sections begin, in the file and in memory.
const PLACE: usize = 1024;
const ADDRESS: u32 = 0x1000;
const BASE: u64 = 0x1_4000_0000;

/// A program of Windows with these sections, one after the other.
fn pe(is_wide: bool, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let optional_bytes = if is_wide { 112_u16 } else { 96 };
    let mut file = b"MZ".to_vec();
    file.resize(0x3c, 0);
    file.extend(128_u32.to_le_bytes());
    file.resize(128, 0);
    file.extend(b"PE\0\0");
    file.extend([0_u16, u16::try_from(sections.len()).unwrap()].map(u16::to_le_bytes).concat());
    file.resize(128 + 20, 0);
    file.extend([optional_bytes, 0, if is_wide { 0x20b } else { 0x10b }].map(u16::to_le_bytes).concat());
    file.resize(128 + if is_wide { 48 } else { 52 }, 0);
    file.extend(&BASE.to_le_bytes()[..if is_wide { 8 } else { 4 }]);
    file.resize(128 + 24 + usize::from(optional_bytes), 0);
    let mut content = Vec::new();
    for (name, bytes) in sections {
        let into = u32::try_from(content.len()).unwrap();
        let length = u32::try_from(bytes.len()).unwrap();
        let mut entry = name.as_bytes().to_vec();
        entry.resize(8, 0);
        // In the file each is filled up with a sector.
        let numbers = [length, ADDRESS + into, length + 512, u32::try_from(PLACE).unwrap() + into];
        entry.extend(numbers.map(u32::to_le_bytes).concat());
        entry.resize(40, 0);
        file.extend(entry);
        content.extend([bytes, &[0; 512][..]].concat());
    }
    file.resize(PLACE, 0);
    [file, content].concat()
}

/// A program of macOS with these sections in a segment, after a command that says nothing of them.
fn mach_o(is_wide: bool, is_big: bool, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let number = |number: u32| if is_big { number.to_be_bytes() } else { number.to_le_bytes() };
    let address = |value: u64| {
        let wide = if is_big { value.to_be_bytes().to_vec() } else { value.to_le_bytes().to_vec() };
        if is_wide { wide } else { number(u32::try_from(value).unwrap()).to_vec() }
    };
    let (segment_bytes, section_bytes) = if is_wide { (72, 80) } else { (56, 68) };
    let mut content = Vec::new();
    let mut table = Vec::new();
    for (name, bytes) in sections {
        let mut entry = name.as_bytes().to_vec();
        entry.resize(32, 0);
        entry.extend(address(u64::from(ADDRESS) + content.len() as u64));
        entry.extend(address(bytes.len() as u64));
        entry.extend(number(u32::try_from(PLACE + content.len()).unwrap()));
        entry.resize(section_bytes, 0);
        table.extend(entry);
        content.extend(*bytes);
    }
    let mut segment = number(if is_wide { 0x19 } else { 1 }).to_vec();
    segment.extend(number(u32::try_from(segment_bytes + table.len()).unwrap()));
    segment.resize(segment_bytes - 8, 0);
    segment.extend([number(u32::try_from(sections.len()).unwrap()), [0; 4]].concat());
    let commands = [number(2).to_vec(), number(16).to_vec(), vec![0; 8], segment, table].concat();
    let mut file = number(if is_wide { 0xfeed_facf } else { 0xfeed_face }).to_vec();
    file.resize(16, 0);
    file.extend([number(2), number(u32::try_from(commands.len()).unwrap())].concat());
    file.resize(if is_wide { 32 } else { 28 }, 0);
    file.extend(commands);
    file.resize(PLACE, 0);
    [file, content].concat()
}

/// A file with one program for each of two processors.
fn fat(program: &[u8]) -> Vec<u8> {
    let mut file = [0xcafe_babe_u32, 2, 7, 3, 4096, 0, 12, 7, 0, 0].map(u32::to_be_bytes).concat();
    file.resize(4096, 0);
    [&file, program].concat()
}

fn open(program: &[u8]) -> Executable<Cursor<&[u8]>> {
    Executable::open(Cursor::new(program)).unwrap().expect("a program")
}

const SECTIONS: [(&str, &[u8]); 2] = [("first", b"what comes first"), (".dep-v0", b"and then")];

#[test]
fn sections_of_programs_of_windows_are_found_by_name_and_by_address() {
    for is_wide in [false, true] {
        let program = pe(is_wide, &SECTIONS);
        let mut program = open(&program);
        assert_eq!(program.format(), Format::Pe);
        assert_eq!(program.section("first", 99).unwrap().unwrap(), b"what comes first");
        assert_eq!(program.section(".dep-v0", 3).unwrap().unwrap(), b"and");
        assert_eq!(program.section("none", 3).unwrap(), None);
        let base = if is_wide { BASE } else { BASE & 0xffff_ffff };
        assert_eq!(program.memory(base + u64::from(ADDRESS) + 5, 5).unwrap(), b"comes");
        assert_eq!(program.memory(u64::from(ADDRESS), 5).unwrap(), b"");
    }
}

#[test]
fn sections_of_programs_of_macos_are_found_by_name_and_by_address() {
    for (is_wide, is_big) in [(true, false), (true, true), (false, false), (false, true)] {
        let program = mach_o(is_wide, is_big, &SECTIONS);
        let mut program = open(&program);
        assert_eq!(program.format(), Format::MachO);
        assert_eq!(program.section("first", 99).unwrap().unwrap(), b"what comes first", "{is_wide} {is_big}");
        assert_eq!(program.section(".dep-v0", 3).unwrap().unwrap(), b"and");
        assert_eq!(program.memory(u64::from(ADDRESS) + 11, 9).unwrap(), b"first");
    }
    let program = fat(&mach_o(true, false, &SECTIONS));
    assert_eq!(open(&program).section(".dep-v0", 99).unwrap().unwrap(), b"and then");
}

#[test]
fn build_information_of_go_is_found_in_the_data_of_a_program_of_windows() {
    let mut data = vec![7; 4096];
    // A place where none begins, then the information itself.
    data.extend(b"x\xff Go buildinf:x");
    data.extend(b"\xff Go buildinf:\x08\x02");
    data.resize(4096 + 16 + 32, 0);
    data.extend(b"\x08go1.22.1");
    data.extend(b"\x00");
    let programs = [
        pe(true, &[(".text", b"x"), (".data", &data)]),
        mach_o(true, false, &[("__go_buildinfo", &data[4096 + 16..])]),
    ];
    for program in programs {
        let found = go::modules(&mut open(&program)).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].version.as_str()), ("stdlib", "1.22.1"));
    }
    let without = pe(true, &[(".text", b"x"), (".data", &data[..4096])]);
    assert!(go::modules(&mut open(&without)).unwrap().is_empty());
}

#[test]
fn what_is_no_program_is_none() {
    let class = [b"\xca\xfe\xba\xbe\0\0\0\x41\0\0\0\x10".as_slice(), &[1; 64]].concat();
    for bytes in [b"".as_slice(), b"MZ", b"#!/bin/sh\n", &[0; 100], &class, b"\xca\xfe\xba\xbe\0\0\0\x01"] {
        assert!(Executable::open(Cursor::new(bytes)).unwrap().is_none(), "{bytes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn changed_programs_never_panic(
        kind in 0..3,
        changes in proptest::collection::vec((0..200_usize, any::<u8>()), 0..20),
        length: prop::sample::Index,
    ) {
        let mut bytes = match kind {
            0 => pe(true, &SECTIONS),
            1 => mach_o(true, false, &SECTIONS),
            _ => fat(&mach_o(false, true, &SECTIONS)),
        };
        changes.iter().for_each(|(place, byte)| bytes[*place] = *byte);
        for bytes in [&bytes[..], &bytes[..length.index(bytes.len())]] {
            if let Some(mut program) = Executable::open(Cursor::new(bytes)).unwrap() {
                _ = (program.section(".dep-v0", 100).is_ok(), program.memory(0x1000, 100).is_ok());
            }
        }
    }
}
