//! What opens a locked key.

use pgp::types::Password;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The environment variable in which the original's clients take a passphrase. Programs that we start must not inherit it.
pub const PASSPHRASE_VARIABLE: &str = "MIGPGPPASSPHRASE";

/// What opens a locked key. Erased from memory when dropped, never printed.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

impl Passphrase {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Passphrase {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&Passphrase> for Password {
    fn from(passphrase: &Passphrase) -> Self {
        passphrase.as_str().into()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}
