//! Invitations: secrets that are good for the enrolment of one agent.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::{fmt, io, str::FromStr};
use zeroize::Zeroizing;

/// What every invitation begins with, so that it is recognised where it should not be.
const PREFIX: &str = "mig-invitation-";
/// Random bytes in an invitation.
const SECRET_BYTES: usize = 32;

/// A secret that is good for the enrolment of one agent. Platforms keep its [digest](Self::digest) only.
#[derive(Clone)]
pub struct Invitation(Zeroizing<String>);

/// SHA-256 of an invitation's text. The secret is random, so nobody finds it by trying.
pub type InvitationDigest = [u8; 32];

/// What was given is no invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an invitation: one begins with '{PREFIX}' and has 43 letters, digits, '-' and '_' behind that")]
pub struct InvitationError;

impl Invitation {
    /// A new one.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn generate() -> io::Result<Self> {
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(&mut *secret).map_err(io::Error::other)?;
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.as_slice()));
        Ok(Self(Zeroizing::new(format!("{PREFIX}{}", *encoded))))
    }

    /// By what a platform recognises it.
    #[must_use]
    pub fn digest(&self) -> InvitationDigest {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The text that is handed to whoever enrols an agent.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Invitation {
    type Err = InvitationError;

    fn from_str(text: &str) -> Result<Self, InvitationError> {
        let secret = text.strip_prefix(PREFIX).ok_or(InvitationError)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret).map_err(|_| InvitationError)?);
        if bytes.len() != SECRET_BYTES {
            return Err(InvitationError);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Invitation {
    /// Without the secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Invitation").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invitation_is_another_and_is_read_back() {
        let one = Invitation::generate().unwrap();
        let other = Invitation::generate().unwrap();
        assert_ne!(one.expose(), other.expose());
        let read: Invitation = one.expose().parse().unwrap();
        assert_eq!(read.digest(), one.digest());
        assert!(!format!("{one:?}").contains(one.expose()));
    }

    #[test]
    fn other_text_is_no_invitation() {
        let good = Invitation::generate().unwrap();
        let mut cut = good.expose().to_owned();
        cut.pop();
        for text in ["", "mig-invitation-", "mig-invitation-AAAA", &cut, &format!("{} ", good.expose())] {
            assert_eq!(text.parse::<Invitation>().unwrap_err(), InvitationError, "{text}");
        }
    }
}
