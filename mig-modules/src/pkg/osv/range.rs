//! Whether a version lies in a range: the evaluation that the format describes.

use super::{Affected, Event, Range};
use crate::version::{Scheme, VersionError};
use std::cmp::Ordering;

/// What an advisory says of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is affected; the next version that is not, if there is one.
    Affected { fixed: Option<String> },
    /// It is not.
    NotAffected,
}

/// Judges a version.
///
/// # Errors
/// [`VersionError`] if it, or a version that decides, is none by the rules of its kind, and no other range holds it.
pub(super) fn judge(affected: &Affected, scheme: Scheme, version: &str) -> Result<Verdict, VersionError> {
    let mut failure = None;
    for range in &affected.ranges {
        match judge_range(range, scheme, version) {
            Ok(Verdict::NotAffected) => {}
            Ok(verdict) => return Ok(verdict),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    // Other spellings of one version are the same, as far as they are versions at all.
    let is_same =
        |listed: &String| listed == version || scheme.compare(version, listed).is_ok_and(Ordering::is_eq);
    if affected.versions.iter().any(is_same) {
        return Ok(Verdict::Affected { fixed: None });
    }
    failure.map_or(Ok(Verdict::NotAffected), Err)
}

fn judge_range(range: &Range, scheme: Scheme, version: &str) -> Result<Verdict, VersionError> {
    let order = |other: &str| scheme.compare(version, other);
    let mut state = State { scheme, latest: None, is_affected: false };
    let mut limits = Limits::None;
    let mut fixed: Option<&str> = None;
    for event in &range.events {
        match ends(event) {
            End::Introduced("0") => state.reach(None, true)?,
            End::Introduced(first) if order(first)?.is_ge() => state.reach(Some(first), true)?,
            End::Fixed(first) if order(first)?.is_ge() => state.reach(Some(first), false)?,
            End::Fixed(first) => {
                if fixed.map_or(Ok(true), |fixed| Ok(scheme.compare(first, fixed)?.is_lt()))? {
                    fixed = Some(first);
                }
            }
            End::LastAffected(last) if order(last)?.is_gt() => state.reach(Some(last), false)?,
            End::Limit(limit) => limits = limits.or(limit == "*" || order(limit)?.is_lt()),
            End::Introduced(_) | End::LastAffected(_) => {}
        }
    }
    if state.is_affected && limits != Limits::AllReached {
        Ok(Verdict::Affected { fixed: fixed.map(str::to_owned) })
    } else {
        // A version that can not be compared is no version outside the range.
        order(version).map(|_| Verdict::NotAffected)
    }
}

/// What the last event up to a version made of it; of several at one version the later in the list counts.
struct State<'a> {
    scheme: Scheme,
    /// `None` is before all versions.
    latest: Option<&'a str>,
    is_affected: bool,
}

impl<'a> State<'a> {
    fn reach(&mut self, event: Option<&'a str>, is_affected: bool) -> Result<(), VersionError> {
        let is_later = match (event, self.latest) {
            (Some(event), Some(latest)) => self.scheme.compare(event, latest)?.is_ge(),
            (None, Some(_)) => false,
            (_, None) => true,
        };
        if is_later {
            (self.latest, self.is_affected) = (event, is_affected);
        }
        Ok(())
    }
}

/// One limit that is not reached is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limits {
    None,
    AllReached,
    OneAhead,
}

impl Limits {
    fn or(self, is_ahead: bool) -> Self {
        if is_ahead || self == Self::OneAhead { Self::OneAhead } else { Self::AllReached }
    }
}

enum End<'a> {
    Introduced(&'a str),
    Fixed(&'a str),
    LastAffected(&'a str),
    Limit(&'a str),
}

/// An event is one thing; it was checked that it is one.
fn ends(event: &Event) -> End<'_> {
    match event {
        Event { introduced: Some(version), .. } => End::Introduced(version),
        Event { fixed: Some(version), .. } => End::Fixed(version),
        Event { last_affected: Some(version), .. } => End::LastAffected(version),
        Event { limit, .. } => End::Limit(limit.as_deref().unwrap_or("*")),
    }
}
