//! Alpine's package database: records of lines `K:value`.

use super::{
    database::{self, Fault, Faults, MAX_DATABASE_BYTES},
    installed::{Installed, Source},
    package::Package,
};
use crate::sys::Files;
use mig_core::module::{Session, Stop};
use std::path::Path;

/// The later place first; one is a link to the other where both are.
const DATABASES: [&str; 2] = ["/usr/lib/apk/db/installed", "/lib/apk/db/installed"];

/// Tells of all packages.
pub(crate) fn read(
    files: Files<'_>,
    session: &dyn Session,
    found: &mut dyn FnMut(Installed),
) -> Result<(), Stop> {
    for path in DATABASES.map(Path::new) {
        if let Some(text) = database::read(files, path, MAX_DATABASE_BYTES, session) {
            let (installed, faults) = parse_records(&text);
            faults.report(path, session);
            installed.into_iter().for_each(found);
            break;
        }
    }
    session.checkpoint()
}

/// The packages of a database.
///
/// # Errors
/// The first [`Fault`] if a record is not understood.
pub fn parse(text: &[u8]) -> Result<Vec<Package>, Fault> {
    let (installed, faults) = parse_records(text);
    let packages = installed.into_iter().map(|installed| installed.package);
    faults.first().map_or_else(|| Ok(packages.collect()), Err)
}

fn parse_records(text: &[u8]) -> (Vec<Installed>, Faults) {
    database::parse_records(text, true, parse_record)
}

fn parse_record(record: &[u8]) -> Result<Installed, Fault> {
    let mut package = Package { kind: "apk", ..Package::default() };
    let mut origin = String::new();
    for line in database::lines(record) {
        let Some((key, value)) = line.split_first_chunk::<2>() else { continue };
        match key {
            b"P:" => package.name = database::value(value)?,
            b"V:" => package.version = database::value(value)?,
            b"A:" => package.arch = database::value(value)?,
            b"o:" => origin = database::value(value)?,
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
    let source = (!origin.is_empty()).then_some(Source { name: origin, version });
    Ok(Installed { package, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DATABASE: &str = "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nF:lib\nR:ld-musl-x86_64.so.1\n\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\no:openssl\n\n";

    #[test]
    fn a_package_knows_what_it_was_built_from() {
        let (installed, faults) = parse_records(DATABASE.as_bytes());
        assert_eq!(faults.first(), None);
        assert_eq!(installed.len(), 2);
        assert_eq!(
            (installed[1].package.name.as_str(), installed[1].package.arch.as_str()),
            ("libcrypto3", "x86_64")
        );
        assert_eq!(installed[1].source(), ("openssl", "3.1.4-r5"));
    }

    #[test]
    fn every_cut_of_a_database_is_noticed() {
        for end in 1..DATABASE.len() {
            let cut = &DATABASE.as_bytes()[..end];
            if parse(cut).is_ok() {
                assert!(cut.ends_with(b"\n"), "{end}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_bytes_are_packages_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            _ = parse(&bytes);
        }
    }
}
