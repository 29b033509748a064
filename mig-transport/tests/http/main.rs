//! The transport over HTTP: a gateway on a socket of its own, in front of the relay in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod enrolment;
mod faults;
mod hostile;
mod server;
