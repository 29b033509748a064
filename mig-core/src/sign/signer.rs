//! Whoever can sign, wherever the key lives.

use super::{Fingerprint, GnupgError, VerifyError};
use std::fmt;

/// Somebody who can sign, wherever the key lives.
pub trait Signer: fmt::Debug + Send + Sync {
    /// The primary key.
    fn fingerprint(&self) -> &Fingerprint;

    /// Signs a message and gives the one-line form.
    ///
    /// # Errors
    /// [`SignError`] if the key is locked or can not sign.
    fn sign(&self, message: &[u8]) -> Result<String, SignError>;
}

/// Why nothing was signed.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The passphrase is missing or wrong.
    #[error("key {0} does not open: the passphrase is missing or wrong")]
    Locked(Fingerprint),
    /// Everybody else would refuse the signature.
    #[error("nobody would accept a signature now: {0}")]
    Refused(VerifyError),
    /// The user's GnuPG did not sign.
    #[error(transparent)]
    Gnupg(#[from] GnupgError),
    /// The key can not sign.
    #[error("key {fingerprint} cannot sign: {reason}")]
    Failed {
        /// Which key.
        fingerprint: Fingerprint,
        /// What the library says.
        reason: String,
    },
}
