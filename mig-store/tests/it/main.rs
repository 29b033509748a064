//! Integration tests of the stores.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod intake;
#[cfg(feature = "postgres")]
mod postgres;
mod relay;
mod scheduler;
mod sqlite;
