//! Who works on what, and for how long without a sign of life.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// Names one instance of a scheduler: a new instance, also in the same process, needs a new name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerId(pub String);

impl fmt::Display for OwnerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The right to work on what one has claimed. All claims of an owner share its latest lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub owner: OwnerId,
    /// Until when; afterwards the owner counts as dead and others may take over.
    pub until: SystemTime,
}

impl Lease {
    /// A lease that begins now.
    #[must_use]
    pub fn new(owner: OwnerId, now: SystemTime, length: Duration) -> Self {
        Self { owner, until: now + length }
    }
}
