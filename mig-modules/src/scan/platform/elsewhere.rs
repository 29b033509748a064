//! Files whose content is not on this machine, although their names are.

use std::fs::Metadata;

/// Whether reading the file would have its content fetched from another machine, and kept on this one.
#[cfg(windows)]
pub(super) fn is_fetched(metadata: &Metadata) -> bool {
    use std::os::windows::fs::MetadataExt;
    /// `FILE_ATTRIBUTE_OFFLINE`, `..._RECALL_ON_OPEN` and `..._RECALL_ON_DATA_ACCESS`.
    const FETCHED: u32 = 0x1000 | 0x4_0000 | 0x40_0000;
    metadata.file_attributes() & FETCHED != 0
}

#[cfg(not(windows))]
pub(super) fn is_fetched(_metadata: &Metadata) -> bool {
    false
}
