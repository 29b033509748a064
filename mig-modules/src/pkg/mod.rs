//! Packages that are installed.

mod fields;
pub mod language;
pub mod package;
pub mod rpm;
