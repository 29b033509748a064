//! Arch Linux's package database: a directory for each package, with a file of `%NAME%` lines and their values.

use super::{
    database::{self, Fault, Faults, MAX_ENTRY_BYTES},
    installed::{Installed, Source},
    package::Package,
};
use crate::sys::Files;
use mig_core::module::{Session, Stop};
use std::path::Path;

const DATABASE: &str = "/var/lib/pacman/local";
/// A file beside the packages.
const FORMAT: &str = "ALPM_DB_VERSION";

/// Tells of all packages.
pub(crate) fn read(
    files: Files<'_>,
    session: &dyn Session,
    found: &mut dyn FnMut(Installed),
) -> Result<(), Stop> {
    let directory = Path::new(DATABASE);
    for name in database::names(files, directory, session) {
        session.checkpoint()?;
        if name == FORMAT {
            continue;
        }
        let path = directory.join(name).join("desc");
        match files.read(&path, MAX_ENTRY_BYTES) {
            Err(error) => session.soft_error(format!("{}: {error}", path.display())),
            Ok(text) => match parse_description(&text) {
                Ok(installed) => found(installed),
                Err(fault) => {
                    let mut faults = Faults::default();
                    faults.note(1, fault);
                    faults.report(&path, session);
                }
            },
        }
    }
    Ok(())
}

/// The package that a file `desc` is about.
///
/// # Errors
/// [`Fault`] if the name or the version is missing.
pub fn parse(text: &[u8]) -> Result<Package, Fault> {
    parse_description(text).map(|installed| installed.package)
}

fn parse_description(text: &[u8]) -> Result<Installed, Fault> {
    let mut package = Package { kind: "pacman", ..Package::default() };
    let mut base = String::new();
    for (_, record) in database::records(text) {
        let mut lines = database::lines(record);
        let (Some(name), Some(value)) = (lines.next(), lines.next()) else { continue };
        match name.trim_ascii() {
            b"%NAME%" => package.name = database::value(value)?,
            b"%VERSION%" => package.version = database::value(value)?,
            b"%ARCH%" => package.arch = database::value(value)?,
            b"%BASE%" => base = database::value(value)?,
            _ => {}
        }
    }
    if package.name.is_empty() {
        return Err(Fault::NoName);
    }
    if package.version.is_empty() {
        return Err(Fault::NoVersion);
    }
    let version = package.version.clone();
    let source = (!base.is_empty()).then_some(Source { name: base, version });
    Ok(Installed { package, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_description_names_the_package_and_its_base() {
        let text = b"%NAME%\ngcc-libs\n\n%VERSION%\n13.2.1-3\n\n%BASE%\ngcc\n\n%ARCH%\nx86_64\n\n%LICENSE%\nGPL3\nLGPL\n\n";
        let installed = parse_description(text).unwrap();
        let expected = Package {
            name: "gcc-libs".to_owned(),
            version: "13.2.1-3".to_owned(),
            kind: "pacman",
            arch: "x86_64".to_owned(),
            path: None,
        };
        assert_eq!(installed.package, expected);
        assert_eq!(installed.source(), ("gcc", "13.2.1-3"));
        assert_eq!(parse(b"%NAME%\nx\n"), Err(Fault::NoVersion));
        assert_eq!(parse(b""), Err(Fault::NoName));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_bytes_are_a_package_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            _ = parse(&bytes);
        }
    }
}
