//! Text in which every byte that is not UTF-8 is replaced by U+FFFD, with the way back.

/// A text made valid.
#[derive(Debug)]
pub(super) struct Lossy {
    text: Vec<u8>,
    /// Where in `text` replaced bytes stand.
    replaced: Vec<usize>,
}

impl Lossy {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut lossy = Self { text: Vec::with_capacity(bytes.len() + 64), replaced: Vec::new() };
        for chunk in bytes.utf8_chunks() {
            lossy.text.extend_from_slice(chunk.valid().as_bytes());
            for _ in chunk.invalid() {
                lossy.replaced.push(lossy.text.len());
                lossy.text.extend_from_slice(REPLACEMENT);
            }
        }
        lossy
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The place in the original bytes of a place in the text.
    pub(super) fn original(&self, offset: usize) -> usize {
        let before = self.replaced.partition_point(|place| *place < offset);
        offset - before * (REPLACEMENT.len() - 1)
    }
}

/// U+FFFD.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_byte_is_one_replacement() {
        let lossy = Lossy::new(b"a\xe6\x97b\xed\xa0\x80");
        assert_eq!(lossy.text(), "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}\u{fffd}".as_bytes());
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let lossy = Lossy::new(b"a\xff\xfe\xc3\xa9z");
        let places: Vec<usize> = [0, 1, 4, 7, 9, 10].map(|offset| lossy.original(offset)).into();
        assert_eq!(places, [0, 1, 2, 3, 5, 6]);
    }
}
