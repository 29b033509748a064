//! The orders of versions.

pub mod evr;
