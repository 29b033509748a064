//! OpenPGP: who signed what.

mod fingerprint;

pub use fingerprint::{Fingerprint, FingerprintError};
