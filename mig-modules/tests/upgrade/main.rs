//! Upgrades of small agents, downloaded from a server for HTTPS, signed with real keys.
#![cfg(unix)]

mod by_script;
mod download;
mod refused;
mod replaced;
mod rolled_back;
mod server;
mod world;
