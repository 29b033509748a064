//! Upgrades of an agent whose own child does them. Under the name of an agent this test program is that agent.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what an agent answers, and how far the kills went"
)]
#![cfg_attr(not(unix), allow(unused, reason = "nothing is installed there"))]

#[cfg(unix)]
mod agent;
#[cfg(unix)]
#[path = "../upgrade/server.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod server;
#[cfg(unix)]
mod trials;
#[cfg(unix)]
#[path = "../upgrade/world.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod world;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    agent::run().unwrap_or_else(trials::run)
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}
