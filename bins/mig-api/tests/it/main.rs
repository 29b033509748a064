//! The API as its callers see it: requests against the router, and over a real socket.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::string_slice, reason = "a test fails by panicking")]

mod access;
mod actions;
mod follow;
mod hostile;
mod investigators;
mod program;
mod public;
mod replay;
mod searches;
mod socket;
mod support;
