//! Which distribution a machine runs: os-release(5).

use super::database;
use crate::sys::Files;
use mig_core::{json, module::Session};
use std::path::Path;

const PLACES: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];
/// Longest such file, in bytes.
const MAX_BYTES: usize = 64 << 10;

/// Debian's testing release has a name, but no number yet.
const DEBIAN_NAMES: [(&str, &str); 5] =
    [("buster", "10"), ("bullseye", "11"), ("bookworm", "12"), ("trixie", "13"), ("forky", "14")];

/// A distribution and its release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Release {
    /// Such as `debian`.
    pub(super) id: String,
    /// Such as `12`, `22.04` or `3.18.4`; empty for a distribution without releases.
    pub(super) version: String,
}

impl Release {
    /// That of a machine, if it says so.
    pub(super) fn read(files: Files<'_>, session: &dyn Session) -> Option<Self> {
        let mut places = PLACES.iter().map(Path::new);
        places.find_map(|path| Self::parse(&database::read(files, path, MAX_BYTES, session)?))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let id = value(text, "ID")?;
        let name = value(text, "VERSION_CODENAME").unwrap_or_default();
        let named = || DEBIAN_NAMES.iter().find(|(debian, _)| *debian == name && id == "debian");
        let version = value(text, "VERSION_ID")
            .or_else(|| named().map(|(_, number)| (*number).to_owned()))
            .unwrap_or_default();
        Some(Self { id, version })
    }
}

/// The value of a line such as `VERSION_ID="12"`.
fn value(text: &[u8], name: &str) -> Option<String> {
    let lines = text.split(|byte| *byte == b'\n');
    let mut values = lines.filter_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let text = json::lossy(values.next_back()?);
    let plain = text.trim().trim_matches(['"', '\'']);
    (!plain.is_empty()).then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> (String, String) {
        let release = Release::parse(text.as_bytes()).unwrap();
        (release.id, release.version)
    }

    #[test]
    fn quotes_do_not_matter() {
        let text = "NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID='9.3'\n";
        assert_eq!(release(text), ("rocky".to_owned(), "9.3".to_owned()));
        assert_eq!(Release::parse(b"NAME=x\n"), None);
    }

    #[test]
    fn the_name_of_a_debian_release_gives_its_number() {
        assert_eq!(release("ID=debian\nVERSION_CODENAME=trixie\n").1, "13");
        assert_eq!(release("ID=arch\n").1, "");
    }
}
