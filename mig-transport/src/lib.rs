//! How MIG messages travel: adapters of [`mig_core::transport::Transport`].
//!
//! * [`memory`]: the relay inside one process; what a platform needs whose scheduler and agent share a process.
#![forbid(unsafe_code)]

pub mod memory;
