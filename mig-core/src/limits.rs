//! Every limit on what others send us, in one place.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};
use zeroize::Zeroizing;

/// Largest action document that is parsed, in bytes.
pub const MAX_ACTION_BYTES: usize = 32 << 20;
/// Largest command document (an action and its results) that is parsed, in bytes.
pub const MAX_COMMAND_BYTES: usize = 128 << 20;
/// Largest command that an agent reads, in bytes: the largest action and what goes around it.
pub const MAX_INCOMING_COMMAND_BYTES: usize = MAX_ACTION_BYTES + (1 << 20);
/// Largest heartbeat, in bytes; the original's limit.
pub const MAX_HEARTBEAT_BYTES: usize = 102_400;
/// Longest host name of an agent, in bytes; the original's limit.
pub const MAX_AGENT_NAME_BYTES: usize = 1024;
/// Longest version of an agent, in bytes; the original's limit.
pub const MAX_AGENT_VERSION_BYTES: usize = 128;
/// Largest access control list, in bytes.
pub const MAX_ACL_BYTES: usize = 4 << 20;
/// Deepest nesting of a JSON document.
pub const MAX_JSON_DEPTH: usize = 200;
/// Most members and elements of a JSON document: a short text must not become a huge tree.
pub const MAX_JSON_VALUES: usize = 4 << 20;
/// Most members and elements of an action: what an agent takes from a platform that may be hostile.
pub const MAX_ACTION_VALUES: usize = 256 << 10;
/// Largest size of compressed parameters after expansion, in bytes.
pub const MAX_PARAMETERS_BYTES: usize = 32 << 20;
/// Largest message on a module's standard input, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 << 20;
/// Largest result that a module's process may print, in bytes.
pub const MAX_RESULT_BYTES: usize = 64 << 20;
/// Largest sum of the results of one command, in bytes of JSON.
pub const MAX_RESULTS_BYTES: usize = 64 << 20;
/// How much of what a module's process prints on standard error is kept, in bytes.
pub const MAX_ERROR_OUTPUT_BYTES: usize = 2 << 10;
/// Most operations, signatures, investigators or results of one document that are read at all: what has a few too many is
/// still answered with the reason.
pub const MAX_LISTED: usize = 16 << 10;
/// Most operations of one action.
pub const MAX_OPERATIONS: usize = 1024;
/// Most signatures of one action.
pub const MAX_SIGNATURES: usize = 64;
/// Largest manifest archive after expansion, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 512 << 20;
/// Largest program of an agent that is downloaded to replace the one that runs, in bytes.
pub const MAX_AGENT_PROGRAM_BYTES: usize = 128 << 20;
/// Longest target, in bytes.
pub const MAX_TARGET_BYTES: usize = 64 << 10;
/// Deepest nesting of conditions in a target.
pub const MAX_TARGET_DEPTH: usize = 16;
/// Most words and operators in a target; literals, commas and brackets do not count.
pub const MAX_TARGET_OPERATORS: usize = 1000;
/// Longest pattern of `LIKE` in a target, in bytes.
pub const MAX_LIKE_BYTES: usize = 1024;
/// Most regular expressions in a target.
pub const MAX_TARGET_PATTERNS: usize = 16;
/// Largest compiled regular expression of a target, in bytes.
pub const MAX_TARGET_PATTERN_BYTES: usize = 256 << 10;

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// If the file can not be read, or is larger ([`io::ErrorKind::FileTooLarge`]).
pub fn read_file(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    read(File::open(path)?, limit)
}

/// [`read_file`] for keys and passphrases: what was read is erased from memory when dropped, and nowhere else. Reserves `limit`
/// bytes at once.
///
/// # Errors
/// As [`read_file`].
pub fn read_secret(path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    read_secret_from(File::open(path)?, limit)
}

/// [`read_secret`] from any source, such as standard input.
///
/// # Errors
/// As [`read`].
pub fn read_secret_from(source: impl Read, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // Larger than all that is read: a buffer that grows, or a reader that probes for the end, would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit.saturating_add(64)));
    read_into(&mut bytes, source, limit)?;
    Ok(bytes)
}

/// Reads everything, at most `limit` bytes.
///
/// # Errors
/// If the source fails, or has more ([`io::ErrorKind::FileTooLarge`]).
pub fn read(source: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(&mut bytes, source, limit)?;
    Ok(bytes)
}

fn read_into(bytes: &mut Vec<u8>, source: impl Read, limit: usize) -> io::Result<()> {
    let cap = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    source.take(cap).read_to_end(bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::read_secret_from;
    use std::io;

    #[test]
    fn a_secret_is_read_into_a_buffer_that_never_grows() {
        for length in [0, 1, 31, 32, 99, 100] {
            let secret = read_secret_from(vec![b's'; length].as_slice(), 100).unwrap();
            assert_eq!((secret.len(), secret.capacity()), (length, 164));
        }
        let error = read_secret_from([0; 101].as_slice(), 100).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
