//! Blocks of base64 between `-----BEGIN` and `-----END` lines (RFC 7468, and RFC 1421 for the headers of encrypted ones).

use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memmem;
use zeroize::Zeroizing;

/// One block of a file.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// What stands behind `BEGIN`, such as `RSA PRIVATE KEY`.
    pub(super) label: &'a [u8],
    headers: &'a [u8],
    base64: &'a [u8],
}

impl<'a> Block<'a> {
    /// The blocks of a file, in their order. What is no complete block is skipped. Goes over the bytes a fixed number of times,
    /// however many lines look like the begin of a block.
    pub(super) fn all(content: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut from = 0;
        memmem::find_iter(content, END).filter_map(move |at| {
            let text = content.get(std::mem::replace(&mut from, at)..at)?;
            Self::parse(text, content.get(at + END.len()..)?)
        })
    }

    /// Reads the text before an end line, and that line from its label on.
    fn parse(text: &'a [u8], end: &[u8]) -> Option<Self> {
        let begin = memmem::rfind(text, BEGIN)?;
        let (before, block) = text.split_at(begin);
        if !matches!(before, [] | [.., b'\n']) {
            return None;
        }
        let line_end = memchr::memchr(b'\n', block).unwrap_or(block.len());
        let (line, body) = block.split_at(line_end);
        let label = line.get(BEGIN.len()..)?.trim_ascii_end().strip_suffix(b"-----")?;
        end.strip_prefix(label)?.strip_prefix(b"-----")?;
        let (headers, base64) = split_headers(body);
        Some(Self { label, headers, base64 })
    }

    /// Whether the headers say that the content is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        memmem::find(self.headers, b"ENCRYPTED").is_some()
    }

    /// The content; erased when dropped.
    pub(super) fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let is_text = |byte: &u8| !byte.is_ascii_whitespace();
        let text: Zeroizing<Vec<u8>> = Zeroizing::new(self.base64.iter().copied().filter(is_text).collect());
        let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
        let length = STANDARD.decode_slice(&*text, &mut bytes).ok()?;
        bytes.truncate(length);
        Some(bytes)
    }
}

/// Headers are lines with a colon, which base64 has not; they end with an empty line.
fn split_headers(body: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memrchr(b':', body)
        .map_or(0, |colon| colon + memchr::memchr(b'\n', &body[colon..]).unwrap_or(body.len() - colon));
    body.split_at(end)
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
