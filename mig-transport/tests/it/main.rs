//! Integration tests of the transports, and of the agent over them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agent;
mod memory;
