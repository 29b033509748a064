//! Help for tests of this crate, its companions and embedders: vectors and a session.

pub mod vectors;
