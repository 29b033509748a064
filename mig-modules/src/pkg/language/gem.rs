//! Ruby: `specifications/*.gemspec`, as RubyGems writes them.
//!
//! They are programs, which are not run: RubyGems begins them with a comment that says what they say, and writes one plain
//! assignment a line.

use crate::pkg::language::{named::Named, walk::Walk};
use mig_core::{json, module::Stop};
use std::path::Path;

/// How much of a file is read; lists of files, which come later, may be long.
const MAX_SPECIFICATION_BYTES: u64 = 256 << 10;
/// What begins the comment: `# stub: name version platform directories`.
const STUB: &str = "# stub: ";
/// The platform of gems that run everywhere.
const ANY_PLATFORM: &str = "ruby";

/// Looks for gems in a `specifications` directory, and in its `default`, for those that come with Ruby.
pub(super) fn look(walk: &mut Walk<'_>, directory: &Path) -> Result<(), Stop> {
    for directory in [directory.to_owned(), directory.join("default")] {
        for entry in walk.entries(&directory)? {
            if entry.path.extension().is_some_and(|extension| extension == "gemspec") {
                walk.read_package(&entry.path, &entry.path, "gem", MAX_SPECIFICATION_BYTES, &parse)?;
            }
        }
    }
    Ok(())
}

/// Reads name, version and platform of a gemspec.
#[must_use]
pub fn parse(specification: &[u8]) -> Option<Named> {
    let text = json::lossy(specification);
    from_stub(&text).or_else(|| from_assignments(&text))
}

fn from_stub(text: &str) -> Option<Named> {
    let stub = text.lines().take(5).find_map(|line| line.strip_prefix(STUB))?;
    let mut words = stub.split(' ');
    let named = Named::new(words.next()?, words.next()?)?;
    Some(Named { platform: platform(words.next()?), ..named })
}

fn from_assignments(text: &str) -> Option<Named> {
    let value = |field: &str| text.lines().find_map(|line| assigned(line, field));
    let named = Named::new(value(".name")?, value(".version")?)?;
    Some(Named { platform: value(".platform").map(platform).unwrap_or_default(), ..named })
}

/// The first quoted text of a line such as `s.version = "1.0".freeze`.
fn assigned<'a>(line: &'a str, field: &str) -> Option<&'a str> {
    let (target, value) = line.split_once('=')?;
    let quote = value.find(['"', '\'']).and_then(|place| value.get(place..))?;
    let mark = quote.chars().next()?;
    let (text, _) = quote.strip_prefix(mark)?.split_once(mark)?;
    target.trim_end().ends_with(field).then_some(text)
}

fn platform(platform: &str) -> String {
    if platform == ANY_PLATFORM { String::new() } else { platform.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, version: &str, platform: &str) -> Option<Named> {
        Named::new(name, version).map(|named| Named { platform: platform.to_owned(), ..named })
    }

    #[test]
    fn the_comment_or_the_assignments_name_the_gem() {
        let stub =
            b"# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.15.4 x86_64-linux lib\n\nGem::Specification.new";
        assert_eq!(parse(stub), named("nokogiri", "1.15.4", "x86_64-linux"));
        assert_eq!(parse(b"# stub: rake 13.0.6 ruby lib\n"), named("rake", "13.0.6", ""));
        let old = b"Gem::Specification.new do |s|\n  s.name = %q{x}\n  s.name = 'rack'\n  s.version = Gem::Version.new(\"2.2\")\n";
        assert_eq!(parse(old), named("rack", "2.2", ""));
        assert_eq!(parse(b"s.name = \"x\"\ns.rubygems_version = \"3\"\n"), None);
    }
}
