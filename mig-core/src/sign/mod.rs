//! OpenPGP: who signed what.
//!
//! The `pgp` crate supplies packets and mathematics; what counts as a good signature is decided in `policy.rs`.

mod armor;
mod certificate;
mod fingerprint;
mod keyring;
pub mod line;
mod packets;
mod policy;
mod secret;

pub use armor::{KeyError, rearmor_public_key};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use keyring::{Keyring, Skipped};
pub use policy::VerifyError;
pub use secret::{KeyAlgorithm, Passphrase, SecretKey, SignError, Signer};
