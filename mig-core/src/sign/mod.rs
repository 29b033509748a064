//! OpenPGP: who signed what.
//!
//! The `pgp` crate supplies packets and mathematics; what counts as a good signature is decided in `policy.rs`.

mod armor;
mod certificate;
mod fingerprint;
mod generate;
mod gnupg;
mod keyring;
pub mod line;
mod packets;
mod passphrase;
mod policy;
mod secret;
mod signature;
mod signer;
mod transferable;
mod unlock;

pub use armor::ArmorError;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use generate::KeyAlgorithm;
pub use gnupg::{Gnupg, GnupgError, GnupgSigner};
pub use keyring::{Keyring, Skipped};
pub use passphrase::{PASSPHRASE_VARIABLE, Passphrase};
pub use policy::VerifyError;
pub use secret::SecretKey;
pub use signer::{SignError, Signer};
pub use transferable::{KeyError, rearmor_public_key};
