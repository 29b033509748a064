//! What the daemons of MIG share: where log lines go, what ends a program, and pages for people and programs on the machine.
//!
//! * [`logging`]: the section `[logging]` of a configuration, put to work.
//! * [`signals`]: a clean end on SIGTERM and SIGINT.
//! * [`pages`]: a small HTTP server for status, health and metrics.
#![forbid(unsafe_code)]

pub mod logging;
pub mod pages;
pub mod signals;
