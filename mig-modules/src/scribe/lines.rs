//! The lines of files in which groups are looked for.

use crate::sys::Files;
use mig_core::module::{Session, Stop};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// Longest line in which groups are looked for, in bytes.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Bytes that are read of a file that says it is shorter: files of `/proc` say that they are empty, and some never end.
const MIN_FILE_BYTES: u64 = 16 << 20;

/// Why lines could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinesError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("no regular file")]
    NoFile,
    #[error("a line is longer than {MAX_LINE_BYTES} bytes")]
    LongLine,
}

/// Calls `take` with each line of a file. Too long ones are left out, which is an error at the end.
pub(super) fn each(
    files: &Files<'_>,
    path: &Path,
    session: &dyn Session,
    take: &mut dyn FnMut(&[u8]),
) -> Result<Result<(), LinesError>, Stop> {
    let mut lines = match open(files, path) {
        Ok(source) => Lines { source, line: Vec::new(), in_long: false },
        Err(error) => return Ok(Err(error)),
    };
    let mut outcome = Ok(());
    loop {
        session.checkpoint()?;
        match lines.next() {
            Ok(None) => return Ok(outcome),
            Err(error) => return Ok(Err(error.into())),
            Ok(Some(None)) => outcome = Err(LinesError::LongLine),
            Ok(Some(Some(line))) => take(line),
        }
    }
}

fn open(files: &Files<'_>, path: &Path) -> Result<BufReader<io::Take<File>>, LinesError> {
    // Looked at before it is opened: opening a FIFO would wait for its other end.
    if !files.locate(path)?.metadata()?.is_file() {
        return Err(LinesError::NoFile);
    }
    let file = files.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(LinesError::NoFile);
    }
    Ok(BufReader::new(file.take(metadata.len().max(MIN_FILE_BYTES))))
}

/// Lines without their ends.
struct Lines<R> {
    source: R,
    line: Vec<u8>,
    /// The last piece belonged to a line that is too long, and did not end it.
    in_long: bool,
}

impl<R: BufRead> Lines<R> {
    /// The next line; `Some(None)` is a piece of one that is too long.
    fn next(&mut self) -> io::Result<Option<Option<&[u8]>>> {
        self.line.clear();
        let limit = MAX_LINE_BYTES as u64 + 2;
        let count = self.source.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if count == 0 {
            return Ok(None);
        }
        let whole = self.line.strip_suffix(b"\n");
        let line = whole.unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_long = line.len() > MAX_LINE_BYTES || self.in_long;
        self.in_long = is_long && whole.is_none();
        Ok(Some((!is_long).then_some(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines { source: text, line: Vec::new(), in_long: false };
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line.map(<[u8]>::to_vec));
        }
        all
    }

    #[test]
    fn lines_end_at_lf_and_lose_a_cr() {
        let some = |line: &[u8]| Some(line.to_vec());
        assert_eq!(lines(b"a\r\n\nb\rc\r"), [some(b"a"), some(b""), some(b"b\rc")]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_line_beyond_the_limit_is_left_out_as_a_whole() {
        let mut text = vec![b'x'; MAX_LINE_BYTES];
        text.extend_from_slice(b"\r\ny");
        assert_eq!(lines(&text), [Some(vec![b'x'; MAX_LINE_BYTES]), Some(b"y".to_vec())]);
        text.splice(0..0, vec![b'x'; 2 * MAX_LINE_BYTES]);
        let found = lines(&text);
        assert_eq!(found.iter().flatten().collect::<Vec<_>>(), [b"y"], "no piece of the long one");
        assert_eq!(found.last(), Some(&Some(b"y".to_vec())));
    }
}
