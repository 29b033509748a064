//! Work in progress.

#[cfg(feature = "file")]
pub mod file;
