//! Work in progress.

pub mod dialect;
#[cfg(feature = "file")]
pub mod file;
