//! Packages that are installed.

mod fields;

pub mod package;
pub mod rpm;
