//! Python: `*.dist-info/METADATA` (PEP 566), `*.egg-info` as a file or with `PKG-INFO`, and `*.egg/EGG-INFO/PKG-INFO`.

use crate::pkg::language::{
    named::Named,
    walk::{Entry, Walk},
};
use mig_core::{json, module::Stop};
use std::path::Path;

/// How much of a file is read: what names the package stands before its description.
const MAX_METADATA_BYTES: u64 = 64 << 10;

/// Looks for packages in a `site-packages` directory.
pub(super) fn look(walk: &mut Walk<'_>, directory: &Path) -> Result<(), Stop> {
    for entry in walk.entries(directory)? {
        let Some(metadata) = metadata_of(&entry) else { continue };
        walk.read_package(&entry.path, &entry.path.join(metadata), "pypi", MAX_METADATA_BYTES, &parse)?;
    }
    Ok(())
}

/// Where in an entry the metadata are; an empty path for the entry itself.
fn metadata_of(entry: &Entry) -> Option<&'static str> {
    let extension = entry.path.extension()?.to_str()?;
    Some(match (extension, entry.is_directory) {
        ("dist-info", true) => "METADATA",
        ("egg-info", true) => "PKG-INFO",
        ("egg-info", false) => "",
        ("egg", true) => "EGG-INFO/PKG-INFO",
        _ => return None,
    })
}

/// Reads the fields `Name` and `Version` of metadata.
#[must_use]
pub fn parse(metadata: &[u8]) -> Option<Named> {
    let text = json::lossy(metadata);
    let fields = || text.lines().take_while(|line| !line.is_empty());
    let value = |wanted: &str| {
        fields().filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    Named::new(value("Name")?.1, value("Version")?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_up_to_the_description() {
        let metadata = b"Metadata-Version: 2.1\r\nname: PyYAML\r\nLicense: a\r\n Name: folded\r\nVersion: 6.0.1\r\n\r\nx";
        assert_eq!(parse(metadata), Named::new("PyYAML", "6.0.1"));
        assert_eq!(parse(b"Name: x\n\nVersion: 1\n"), None);
        assert_eq!(parse(b"Name: \nVersion: 1\n"), None);
        assert_eq!(parse(b"\xff\xfe"), None);
    }
}
