use super::*;
use crate::{
    dialect::Pattern,
    memory::matcher::{Asked, Matcher},
};
use proptest::prelude::*;
use std::{collections::BTreeMap, io};

/// Memory made of blocks; everything else can not be read.
#[derive(Debug, Default)]
struct Fake {
    blocks: BTreeMap<u64, Vec<u8>>,
    /// Ranges that were never used.
    unused: Vec<Range<u64>>,
    /// Most bytes of one read; 0 has no limit.
    most: usize,
    /// Reads until the process ends.
    reads: Option<usize>,
}

impl Memory for Fake {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        if let Some(reads) = &mut self.reads {
            *reads = reads.checked_sub(1).ok_or(ReadError::Ended)?;
        }
        assert!(!self.unused.iter().any(|range| range.contains(&address)), "unused memory is not read");
        let block = self.blocks.range(..=address).next_back();
        let rest = block.and_then(|(start, bytes)| bytes.get(usize::try_from(address - start).ok()?..));
        let rest =
            rest.filter(|rest| !rest.is_empty()).ok_or(io::Error::from(io::ErrorKind::InvalidInput))?;
        let most = if self.most == 0 { usize::MAX } else { self.most };
        let count = rest.len().min(buffer.len()).min(most);
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn extent(&mut self, range: &Range<u64>) -> Extent {
        let next = self.unused.iter().find(|unused| unused.end > range.start);
        match next {
            Some(unused) if unused.contains(&range.start) => {
                Extent::Unused(unused.end.min(range.end) - range.start)
            }
            Some(unused) => Extent::Used(unused.start.min(range.end) - range.start),
            None => Extent::Used(range.end - range.start),
        }
    }
}

fn region(range: Range<u64>) -> Region {
    Region { range, is_readable: true, is_anonymous: true, file: None }
}

/// Searches as the module does, and notes what pieces it saw.
struct Searcher {
    matcher: Matcher,
    open: Vec<bool>,
    new_bytes: usize,
    unread: Vec<(Range<u64>, Unread)>,
}

impl Visitor for Searcher {
    fn piece(&mut self, piece: Piece<'_>) -> Result<Wanted, Stop> {
        self.new_bytes += piece.view.bytes.len() - piece.repeated;
        self.matcher.search(piece.view, &mut self.open, &|| Ok(()))?;
        Ok(Wanted::More)
    }

    fn unread(&mut self, range: Range<u64>, reason: Unread) {
        self.unread.push((range, reason));
    }
}

/// What was found, and what came of the walk.
fn walk(
    memory: &mut Fake,
    regions: &[Region],
    asked: Vec<Asked>,
) -> (Vec<bool>, Result<(), Break>, Searcher) {
    let matcher = Matcher::new(asked).unwrap();
    let overlap = matcher.overlap();
    let mut searcher =
        Searcher { open: vec![true; matcher.len()], matcher, new_bytes: 0, unread: Vec::new() };
    let end = Walk::new(memory, overlap, &mut searcher).run(regions, 0);
    (searcher.open.iter().map(|open| !open).collect(), end, searcher)
}

fn pattern(text: &str) -> Asked {
    Asked::pattern(&Pattern::new(text).unwrap())
}

/// What is found in one block of bytes at 0x10000.
fn found(bytes: &[u8], asked: Vec<Asked>) -> Vec<bool> {
    let mut memory = Fake { blocks: [(0x10000, bytes.to_vec())].into(), ..Fake::default() };
    let regions = [region(0x10000..0x10000 + bytes.len() as u64)];
    let (found, end, _) = walk(&mut memory, &regions, asked);
    assert_eq!(end, Ok(()));
    found
}

const MARK: &[u8] = b"MARKEr-split";

#[test]
fn a_mark_is_found_at_every_place_around_the_border_of_two_pieces() {
    let asked = || {
        vec![
            Asked::bytes(MARK),
            pattern("M[A]RKE[r]-split"),
            pattern("MARK[^\u{e9}]r-sp.it"),
            pattern("(?s)M.*t"),
        ]
    };
    let overlap = Matcher::new(asked()).unwrap().overlap();
    let mut bytes = vec![b'.'; PIECE_BYTES + overlap + 100_000];
    let length = bytes.len();
    let borders = [0, PIECE_BYTES, PIECE_BYTES + overlap, length - MARK.len()];
    for place in borders.into_iter().flat_map(|border| border.saturating_sub(16)..=border + 4) {
        let place = place.min(length - MARK.len());
        bytes[place..place + MARK.len()].copy_from_slice(MARK);
        assert_eq!(found(&bytes, asked()), [true; 4], "at {place}");
        bytes[place..place + MARK.len()].fill(b'.');
    }
    assert_eq!(found(&bytes, asked()), [false; 4]);
}

#[test]
fn the_longest_match_that_is_promised_is_found_across_a_border() {
    use crate::memory::matcher::MAX_REACH;
    let overlap = pattern_overlap("(?s)<.*>");
    let mut bytes = vec![b'.'; 2 * PIECE_BYTES + overlap];
    for begin in [PIECE_BYTES + overlap - MAX_REACH, PIECE_BYTES + overlap - 1, PIECE_BYTES] {
        bytes[begin] = b'<';
        bytes[begin + MAX_REACH - 1] = b'>';
        assert_eq!(found(&bytes, vec![pattern("(?s)<.*>")]), [true], "at {begin}");
        bytes[begin] = b'.';
        bytes[begin + MAX_REACH - 1] = b'.';
    }
}

fn pattern_overlap(text: &str) -> usize {
    Matcher::new(vec![pattern(text)]).unwrap().overlap()
}

#[test]
fn anchors_match_at_the_ends_of_readable_memory_only() {
    let mut bytes = vec![b'.'; 3 * PIECE_BYTES];
    let length = bytes.len();
    let asked = || {
        vec![pattern("^a"), pattern("b$"), pattern("(?m)^c"), pattern(r"\bd"), pattern(r"\Be"), pattern("^$")]
    };
    assert_eq!(found(&bytes, asked()), [false; 6]);
    for border in [0, PIECE_BYTES, 2 * PIECE_BYTES, length - 48] {
        for (place, byte) in bytes.iter_mut().enumerate().skip(border.saturating_sub(40)).take(80) {
            *byte = b"abxcxdxe"[place % 8];
        }
    }
    bytes[length - 1] = b'.';
    bytes[0] = b'.';
    assert_eq!(
        found(&bytes, asked()),
        [false, false, false, false, true, false],
        "neither an end nor a line"
    );
    (bytes[0], bytes[length - 1], bytes[PIECE_BYTES], bytes[PIECE_BYTES + 1]) = (b'a', b'b', b'\n', b'c');
    bytes[PIECE_BYTES + 2..PIECE_BYTES + 4].copy_from_slice(b" d");
    assert_eq!(found(&bytes, asked()), [true, true, true, true, true, false]);
}

#[test]
fn a_byte_that_is_not_text_is_a_replacement_character_and_one_inside_a_character_is_not() {
    let around = |middle: &[u8]| [&b"..a"[..], middle, b"b.."].concat();
    let asked = || vec![pattern("a\u{fffd}b"), pattern("a.b"), pattern("a[^x]{2}b"), pattern("a\u{e9}b")];
    assert_eq!(found(&around(b"\xff"), asked()), [true, true, false, false]);
    assert_eq!(found(&around("\u{e9}".as_bytes()), asked()), [false, true, false, true]);
    assert_eq!(found(&around(b"\xc3\xff"), asked()), [false, false, true, false]);
    let mut bytes = "\u{e9}".repeat(PIECE_BYTES).into_bytes();
    bytes.insert(0, b'.');
    assert_eq!(found(&bytes, vec![pattern("\u{fffd}")]), [false], "no border cuts a character");
}

#[test]
fn many_expressions_tell_which_of_them_match() {
    let asked: Vec<Asked> = (0..300).map(|number| pattern(&format!("word{number:03}[0-9]"))).collect();
    let found = found(b"...word0077..word2991..word123x", asked);
    let places: Vec<usize> = (0..300).filter(|place| found[*place]).collect();
    assert_eq!(places, [7, 299]);
}

#[test]
fn neighbours_are_one_text_and_gaps_are_not_crossed() {
    let blocks = [
        (0x1000, b"..MAR".to_vec()),
        (0x1005, b"KEr-split".to_vec()),
        (0x2000, b"MARKEr-".to_vec()),
        (0x3000, b"split".to_vec()),
    ];
    let mut memory = Fake { blocks: blocks.into(), most: 3, ..Fake::default() };
    let (found, ..) =
        walk(&mut memory, &[region(0x1000..0x1005), region(0x1005..0x100e)], vec![Asked::bytes(MARK)]);
    assert_eq!(found, [true]);
    let (found, ..) =
        walk(&mut memory, &[region(0x2000..0x2007), region(0x3000..0x3005)], vec![Asked::bytes(MARK)]);
    assert_eq!(found, [false]);
}

#[test]
fn pages_that_can_not_be_read_are_left_out_and_told_once() {
    let mut memory = Fake::default();
    memory.blocks.insert(0x10000, [&[b'.'; 4096 - 12][..], MARK].concat());
    memory.blocks.insert(0x14000, [MARK, b"."].concat());
    let mut protected = region(0x20000..0x21000);
    protected.is_readable = false;
    let regions = [region(0x10000..0x15000), protected];
    let (found, end, searcher) = walk(&mut memory, &regions, vec![pattern("split$"), pattern("^MARK")]);
    assert_eq!((found, end), (vec![true, true], Ok(())));
    let unread = [
        (0x11000..0x14000, Unread::Failed),
        (0x14000 + 13..0x15000, Unread::Failed),
        (0x20000..0x21000, Unread::Protected),
    ];
    assert_eq!(searcher.unread, unread);
}

#[test]
fn a_huge_region_that_can_not_be_read_does_not_take_long() {
    let mut memory = Fake::default();
    let (_, end, searcher) = walk(&mut memory, &[region(0x1000..1 << 46)], vec![Asked::bytes(MARK)]);
    assert_eq!((end, searcher.unread), (Ok(()), vec![(0x1000..1 << 46, Unread::Failed)]));
}

#[test]
fn the_middle_of_unused_memory_is_neither_read_nor_searched_but_its_ends_are_zeros() {
    let unused = 0x11000..1 << 40;
    let mut memory = Fake { unused: vec![unused], ..Fake::default() };
    memory.blocks.insert(0x10000, [&[b'.'; 4094][..], b"AB"].concat());
    memory.blocks.insert(1 << 40, [&b"CD"[..], &[b'.'; 4094]].concat());
    let asked = vec![
        Asked::bytes(b"AB\0\0"),
        Asked::bytes(b"\0\0CD"),
        Asked::bytes(&[0; 1000]),
        Asked::bytes(b"ABC"),
    ];
    let (found, end, searcher) = walk(&mut memory, &[region(0x10000..(1 << 40) + 4096)], asked);
    assert_eq!((found, end), (vec![true, true, true, false], Ok(())));
    assert!(searcher.new_bytes < 20_000, "{}", searcher.new_bytes);
}

#[test]
fn what_was_found_before_the_process_ended_stays_found() {
    let mut bytes = vec![b'.'; 4 * PIECE_BYTES];
    bytes[100..100 + MARK.len()].copy_from_slice(MARK);
    let mut memory =
        Fake { blocks: [(0x1000, bytes)].into(), reads: Some(3), most: PIECE_BYTES, ..Fake::default() };
    let regions = [region(0x1000..0x1000 + 4 * PIECE_BYTES as u64)];
    let (found, end, _) = walk(&mut memory, &regions, vec![Asked::bytes(MARK), Asked::bytes(b"never")]);
    assert_eq!((found, end), (vec![true, false], Err(Break::Ended)));
}

/// Small memory of few letters: blocks side by side or with gaps, of which some were never used.
fn layouts() -> impl Strategy<Value = Vec<(u64, Vec<u8>, bool)>> {
    let block =
        (0_u64..3, prop::collection::vec(prop::sample::select(&b"ab\0\xc3\xa9\n"[..]), 1..40), any::<bool>());
    prop::collection::vec(block, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_walk_finds_what_one_look_at_each_area_finds(layout in layouts(), most in 0_usize..20) {
        let patterns = ["a\\x00+b", "^[ab]", "a$", "\u{e9}", "\u{fffd}", "(?m)^b", "a[^b]a", "\\bab\\b", "a{3}", "^.{0,3}$"];
        let mut memory = Fake { most, ..Fake::default() };
        let (mut regions, mut areas) = (Vec::new(), Vec::<Vec<u8>>::new());
        let mut address = 0x1000;
        for (gap, mut bytes, is_unused) in layout {
            address += gap;
            let range = address..address + bytes.len() as u64;
            if is_unused {
                bytes.fill(0);
                memory.unused.push(range.clone());
            } else {
                memory.blocks.insert(address, bytes.clone());
            }
            address = range.end;
            regions.push(region(range));
            match areas.last_mut() {
                Some(area) if gap == 0 => area.extend(bytes),
                _ => areas.push(bytes),
            }
        }
        let (found, end, _) = walk(&mut memory, &regions, patterns.iter().map(|text| pattern(text)).collect());
        prop_assert_eq!(end, Ok(()));
        for (text, found) in patterns.iter().zip(found) {
            let whole = Pattern::new(text).unwrap();
            prop_assert_eq!(found, areas.iter().any(|area| whole.is_match(area)), "{} in {:?}", text, areas);
        }
    }
}
