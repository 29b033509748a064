//! Where our answers differ from the original's, and why.

/// A difference in some answers.
pub(super) struct Expected {
    /// How the names of the requests begin.
    cases: &'static str,
    /// Part of the difference.
    path: &'static str,
    /// Why it is right.
    #[expect(dead_code, reason = "for readers")]
    reason: &'static str,
}

impl Expected {
    pub(super) fn covers(&self, case: &str, difference: &str) -> bool {
        case.starts_with(self.cases) && difference.contains(self.path)
    }
}

/// Fields that differ.
pub(super) const EXPECTED: &[Expected] = &[];

/// Requests that are answered with another status: the status, and why.
pub(super) const ANSWERED_OTHERWISE: &[(&str, u16, &str)] = &[];
