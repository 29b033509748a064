//! What tests of this workspace and of other implementations share (feature `testing`).

pub mod obedient;
pub mod person;
mod script;
#[cfg(feature = "engine")]
pub mod search_contract;
mod session;
#[cfg(feature = "engine")]
pub mod store_contract;
#[cfg(feature = "engine")]
pub mod store_history;
#[cfg(feature = "engine")]
pub mod transport_contract;
pub mod vectors;

pub use script::Script;
pub use session::TestSession;

use crate::clock::Clock;
use std::{
    sync::Mutex,
    time::{Duration, SystemTime},
};

/// A clock that a test turns.
#[derive(Debug)]
pub struct ManualClock(Mutex<SystemTime>);

impl ManualClock {
    /// A clock that stands at this time.
    #[must_use]
    pub const fn new(now: SystemTime) -> Self {
        Self(Mutex::new(now))
    }

    /// Turns it.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
