//! Semantic versions, and what Go and advisories write in their place.

use super::{Scheme, VersionError};
use semver::Version;
use std::{borrow::Cow, cmp::Ordering};

pub(super) fn compare(scheme: Scheme, left: &str, right: &str) -> Result<Ordering, VersionError> {
    // What is built from the same version is the same version.
    Ok(parse(scheme, left)?.cmp_precedence(&parse(scheme, right)?))
}

fn parse(scheme: Scheme, text: &str) -> Result<Version, VersionError> {
    let plain = if scheme == Scheme::Go { without_prefix(text) } else { Cow::Borrowed(text) };
    Version::parse(&complete(&plain))
        .map_err(|error| VersionError::new(scheme, text, format!("is refused: {error}")))
}

/// Modules are `v1.2.3`; Go itself is `go1.21`, and `go1.21rc2` is a version before it.
fn without_prefix(text: &str) -> Cow<'_, str> {
    let plain = text.strip_prefix("go").or_else(|| text.strip_prefix('v')).unwrap_or(text);
    for word in ["rc", "beta"] {
        if let Some((release, number)) = plain.split_once(word)
            && release.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return Cow::Owned(format!("{}-{word}.{number}", complete(release)));
        }
    }
    Cow::Borrowed(plain)
}

/// Missing parts are 0: `1` is `1.0.0`, and `1.2-rc` is `1.2.0-rc`.
fn complete(text: &str) -> String {
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let missing = 2_usize.saturating_sub(numbers.matches('.').count());
    format!("{numbers}{}{rest}", ".0".repeat(missing))
}
