//! Gzip (RFC 1952), pushed: compressed pieces go in, expanded ones come out, in bounded memory.

use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::ops::ControlFlow;

/// Expansion that needs no explanation, in bytes.
const FREE_BYTES: u64 = 64 << 20;

/// Largest expansion beyond that, relative to the compressed size. Text reaches 20; a bomb 1,000.
const MAX_RATIO: u64 = 128;

/// Longest header: its name and comment are text of any length.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// What is wrong with gzip data, worded as by Go where it has the same error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum GunzipError {
    #[error("gzip: invalid header")]
    Header,
    #[error("gzip: invalid checksum")]
    Checksum,
    #[error("flate: corrupt input")]
    Corrupt,
    #[error("unexpected EOF")]
    Truncated,
    #[error("gzip: expands to more than {MAX_RATIO} times its size")]
    TooLarge,
}

/// What the begin of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Not gzip.
    Plain,
    /// A valid gzip header.
    Gzip,
    /// Begins like gzip, but is not: plain data, and worth a word.
    BrokenGzip,
}

impl Format {
    /// Looks at the first bytes of a file: all of it, or more than [`MAX_HEADER_BYTES`].
    pub(super) fn of(begin: &[u8]) -> Self {
        match (begin.starts_with(&MAGIC), header_length(begin)) {
            (false, _) => Self::Plain,
            (true, Ok(Some(_))) => Self::Gzip,
            (true, _) => Self::BrokenGzip,
        }
    }
}

/// Expands gzip data of any number of members.
#[derive(Debug)]
pub(super) struct Gunzip {
    part: Part,
    inflate: Decompress,
    crc: Crc,
    output: Box<[u8]>,
    members: u64,
    taken: u64,
    given: u64,
}

#[derive(Debug)]
enum Part {
    Header(Vec<u8>),
    Body,
    Trailer(Vec<u8>),
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self {
            part: Part::Header(Vec::new()),
            inflate: Decompress::new(false),
            crc: Crc::new(),
            output: vec![0; 64 << 10].into_boxed_slice(),
            members: 0,
            taken: 0,
            given: 0,
        }
    }

    /// Expands a piece of compressed data into calls of `sink`, which may break to end it.
    pub(super) fn feed(
        &mut self,
        mut data: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, GunzipError> {
        self.taken += data.len() as u64;
        while !data.is_empty() {
            let flow = match &mut self.part {
                Part::Header(_) => self.header(&mut data)?,
                Part::Body => self.body(&mut data, sink)?,
                Part::Trailer(_) => self.trailer(&mut data)?,
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The compressed data ends.
    pub(super) fn finish(&self) -> Result<(), GunzipError> {
        match &self.part {
            Part::Header(begin) if begin.is_empty() && self.members > 0 => Ok(()),
            _ => Err(GunzipError::Truncated),
        }
    }

    fn header(&mut self, data: &mut &[u8]) -> Result<ControlFlow<()>, GunzipError> {
        if let Part::Header(header) = &mut self.part {
            let before = header.len();
            let more = data.len().min(MAX_HEADER_BYTES - before);
            header.extend_from_slice(data.get(..more).unwrap_or_default());
            if let Some(length) = header_length(header)? {
                take(data, length - before);
                self.part = Part::Body;
            } else if header.len() == MAX_HEADER_BYTES {
                return Err(GunzipError::Header);
            } else {
                take(data, more);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn body(
        &mut self,
        data: &mut &[u8],
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, GunzipError> {
        loop {
            let (status, output) = self.inflate(data)?;
            if status == Status::StreamEnd {
                self.part = Part::Trailer(Vec::new());
            }
            let output = self.output.get(..output).unwrap_or_default();
            if !output.is_empty() && sink(output).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if status == Status::StreamEnd || output.len() < self.output.len() {
                return Ok(ControlFlow::Continue(()));
            }
        }
    }

    /// Fills the output once; says how much of it is new.
    fn inflate(&mut self, data: &mut &[u8]) -> Result<(Status, usize), GunzipError> {
        let (taken, given) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(data, &mut self.output, FlushDecompress::None);
        let status = status.map_err(|_| GunzipError::Corrupt)?;
        let taken = length(self.inflate.total_in() - taken);
        let given = length(self.inflate.total_out() - given);
        if taken == 0 && given == 0 && !data.is_empty() && status != Status::StreamEnd {
            return Err(GunzipError::Corrupt);
        }
        take(data, taken);
        self.crc.update(self.output.get(..given).unwrap_or_default());
        self.given += given as u64;
        if self.given > FREE_BYTES + self.taken * MAX_RATIO {
            return Err(GunzipError::TooLarge);
        }
        Ok((status, given))
    }

    fn trailer(&mut self, data: &mut &[u8]) -> Result<ControlFlow<()>, GunzipError> {
        if let Part::Trailer(trailer) = &mut self.part {
            let missing = TRAILER_BYTES - trailer.len();
            trailer.extend_from_slice(take(data, missing));
            if trailer.len() == TRAILER_BYTES {
                let expected = [self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes()];
                if *trailer != expected.concat() {
                    return Err(GunzipError::Checksum);
                }
                self.part = Part::Header(Vec::new());
                self.inflate.reset(false);
                self.crc.reset();
                self.members += 1;
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Cuts up to `count` bytes off the begin of `data`.
fn take<'a>(data: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = data.split_at(count.min(data.len()));
    *data = rest;
    taken
}

/// Length of a header; `None` while it is not complete.
fn header_length(begin: &[u8]) -> Result<Option<usize>, GunzipError> {
    let fixed = begin.get(..FIXED_HEADER_BYTES);
    if !begin.iter().zip(&MAGIC_DEFLATE).all(|(byte, magic)| byte == magic) {
        return Err(GunzipError::Header);
    }
    let Some(flags) = fixed.map(|fixed| fixed[3]) else { return Ok(None) };
    let mut length = FIXED_HEADER_BYTES;
    if flags & HAS_EXTRA != 0 {
        let Some(extra) = begin.get(length..length + 2) else { return Ok(None) };
        length += 2 + usize::from(u16::from_le_bytes([extra[0], extra[1]]));
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            let Some(end) = begin.get(length..).and_then(|rest| memchr::memchr(0, rest)) else {
                return Ok(None);
            };
            length += end + 1;
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        let Some((header, rest)) = begin.split_at_checked(length) else { return Ok(None) };
        let Some(checksum) = rest.first_chunk() else { return Ok(None) };
        if u32::from(u16::from_le_bytes(*checksum)) != low_half_of_checksum(header) {
            return Err(GunzipError::Header);
        }
        length += 2;
    }
    Ok((begin.len() >= length).then_some(length))
}

fn low_half_of_checksum(bytes: &[u8]) -> u32 {
    let mut checksum = flate2::Crc::new();
    checksum.update(bytes);
    checksum.sum() & 0xFFFF
}

fn length(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

const MAGIC: [u8; 2] = [0x1F, 0x8B];
/// The magic number and the only method there is.
const MAGIC_DEFLATE: [u8; 3] = [0x1F, 0x8B, 8];
const FIXED_HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;
const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder, write::GzEncoder};
    use proptest::prelude::*;
    use std::io::Write as _;

    fn member(data: &[u8]) -> Vec<u8> {
        let mut encoder: GzEncoder<Vec<u8>> = GzBuilder::new()
            .filename("name")
            .comment("comment")
            .extra("extra")
            .write(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_header_with_a_wrong_checksum_is_none() {
        let mut header = MAGIC_DEFLATE.to_vec();
        header.extend([HAS_CHECKSUM, 0, 0, 0, 0, 0, 0xFF]);
        let checksum = low_half_of_checksum(&header).to_le_bytes();
        let with = |bytes: [u8; 2]| [&header[..], &bytes].concat();
        assert!(matches!(header_length(&with([checksum[0], checksum[1]])), Ok(Some(12))));
        assert!(header_length(&with([checksum[0], !checksum[1]])).is_err());
        assert!(matches!(header_length(&header), Ok(None)));
    }

    fn expand(compressed: &[u8], piece: usize) -> (Vec<u8>, Result<(), GunzipError>) {
        let mut gunzip = Gunzip::new();
        let mut expanded = Vec::new();
        for piece in compressed.chunks(piece) {
            let fed = gunzip.feed(piece, &mut |data| {
                expanded.extend_from_slice(data);
                ControlFlow::Continue(())
            });
            if let Err(error) = fed {
                return (expanded, Err(error));
            }
        }
        let end = gunzip.finish();
        (expanded, end)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn members_in_pieces_expand_to_what_was_compressed(
            parts in proptest::collection::vec(proptest::collection::vec(0..4_u8, 0..2000), 1..4),
            piece in 1..300_usize,
        ) {
            let compressed: Vec<u8> = parts.iter().flat_map(|part| member(part)).collect();
            prop_assert_eq!(Format::of(&compressed), Format::Gzip);
            prop_assert_eq!(expand(&compressed, piece), (parts.concat(), Ok(())));
        }

        #[test]
        fn any_data_is_expanded_or_refused(data in proptest::collection::vec(any::<u8>(), 0..200), piece in 1..50_usize) {
            let begins_well = [&MAGIC_DEFLATE[..], &data].concat();
            let _expanded = expand(&begins_well, piece);
            let _format = Format::of(&begins_well);
        }
    }

    #[test]
    fn what_stands_before_the_break_is_given() {
        let data: Vec<u8> = (0..200_000_u32).flat_map(|number| number.to_le_bytes()).collect();
        let compressed = member(&data);
        let (expanded, end) = expand(&compressed[..compressed.len() / 2], 1000);
        assert_eq!(end, Err(GunzipError::Truncated));
        assert!(expanded.len() > data.len() / 4 && data.starts_with(&expanded), "{}", expanded.len());
    }

    #[test]
    fn faults_are_told_apart() {
        let good = member(b"hello");
        let mut bad_sum = good.clone();
        let place = bad_sum.len() - 8;
        bad_sum[place] ^= 1;
        let cases = [
            (bad_sum, GunzipError::Checksum),
            ([&good[..], b"garbage"].concat(), GunzipError::Header),
            (good[..good.len() - 1].to_vec(), GunzipError::Truncated),
            (good[..5].to_vec(), GunzipError::Truncated),
            ([&good[..36], &[0xFF; 40]].concat(), GunzipError::Corrupt),
        ];
        for (data, error) in cases {
            assert_eq!(expand(&data, 7).1, Err(error));
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 16 << 20]).unwrap();
        let bomb = encoder.finish().unwrap().repeat(20);
        let mut given = 0;
        let mut gunzip = Gunzip::new();
        let end = gunzip.feed(&bomb, &mut |data| {
            given += data.len() as u64;
            ControlFlow::Continue(())
        });
        assert_eq!(end, Err(GunzipError::TooLarge));
        assert!(given <= FREE_BYTES + MAX_RATIO * bomb.len() as u64);
    }

    #[test]
    fn what_only_begins_like_gzip_is_plain() {
        assert_eq!(Format::of(b""), Format::Plain);
        assert_eq!(Format::of(b"\x1F"), Format::Plain);
        assert_eq!(Format::of(b"\x1F\x8B\0\0garbage"), Format::BrokenGzip);
        assert_eq!(Format::of(&member(b"")[..12]), Format::BrokenGzip);
    }
}
