//! Node.js: `package.json` of the packages in `node_modules`, with those nested below them.

use crate::pkg::language::{
    named::Named,
    walk::{Entry, Walk},
};
use mig_core::{json, module::Stop};
use serde::Deserialize;
use std::path::Path;

const MAX_MANIFEST_BYTES: u64 = 1 << 20;
/// Most members and elements of a manifest.
const MAX_VALUES: usize = 64 << 10;
/// How deep `node_modules` are followed into each other.
const MAX_DEPTH: usize = 32;
/// Where pnpm keeps what it links to.
const STORE: &str = ".pnpm";

/// Looks for packages in a `node_modules` directory. Links, as package managers make between packages, are not followed: what
/// they lead to is found where it is.
pub(super) fn look(walk: &mut Walk<'_>, directory: &Path) -> Result<(), Stop> {
    let mut waiting = vec![(directory.to_owned(), 0)];
    while let Some((directory, depth)) = waiting.pop() {
        if walk.is_link(&directory) {
            continue;
        }
        for entry in walk.entries(&directory)?.into_iter().filter(|entry| entry.is_directory) {
            match entry.name() {
                Some(STORE) => {
                    let stored = walk.entries(&entry.path)?.into_iter().filter(|entry| entry.is_directory);
                    waiting.extend(stored.map(|entry| (entry.path.join("node_modules"), depth + 1)));
                }
                Some(name) if name.starts_with('.') => {}
                // The packages of a scope.
                Some(name) if name.starts_with('@') => waiting.push((entry.path, depth)),
                _ => {
                    look_at_package(walk, &entry)?;
                    waiting.push((entry.path.join("node_modules"), depth + 1));
                }
            }
        }
        waiting.retain(|(_, depth)| *depth <= MAX_DEPTH);
    }
    Ok(())
}

fn look_at_package(walk: &mut Walk<'_>, entry: &Entry) -> Result<(), Stop> {
    walk.read_package(&entry.path, &entry.path.join("package.json"), "npm", MAX_MANIFEST_BYTES, &parse)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Manifest {
    name: String,
    version: String,
}

/// Reads name and version of a `package.json`.
#[must_use]
pub fn parse(manifest: &[u8]) -> Option<Named> {
    let text = manifest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(manifest);
    let manifest: Manifest = json::from_slice_within(text, MAX_VALUES).ok()?;
    Named::new(&manifest.name, &manifest.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_version_are_read_and_nothing_else_matters() {
        let manifest =
            b"\xef\xbb\xbf{\"author\":{\"name\":\"x\"},\"name\":\"@types/node\",\"version\":\"20.1.0\"}";
        assert_eq!(parse(manifest), Named::new("@types/node", "20.1.0"));
        assert_eq!(parse(br#"{"name":"x"}"#), None);
        assert_eq!(parse(br#"{"name":1,"version":"1"}"#), None);
        assert_eq!(parse(br#"{"name":"x","version":"1""#), None);
    }
}
