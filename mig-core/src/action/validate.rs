//! What makes an action acceptable, apart from its signatures.

use super::Action;
use crate::{limits, time::Time};

/// The first fault of an action. The texts are the original's where it has one.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// No name.
    #[error("action name is empty")]
    NoName,
    /// No target.
    #[error("action target is empty")]
    NoTarget,
    /// Not format 2.
    #[error("wrong syntax version {0}, expected 2")]
    SyntaxVersion(u16),
    /// The window ends before it begins.
    #[error("action expireafter is set before action validfrom")]
    WindowReversed,
    /// The window is over.
    #[error("action expireafter is in the past: {0}")]
    Expired(Time),
    /// No list of operations.
    #[error("action operations is empty")]
    NoOperations,
    /// No signature.
    #[error("action pgpsignatures is empty")]
    NoSignatures,
    /// More operations than an agent accepts.
    #[error("action has {0} operations, more than {max}", max = limits::MAX_OPERATIONS)]
    TooManyOperations(usize),
    /// More signatures than an agent accepts.
    #[error("action has {0} signatures, more than {max}", max = limits::MAX_SIGNATURES)]
    TooManySignatures(usize),
    /// The signed text could be split in another way.
    #[error("action {0} contains ';target=', which makes the signed text ambiguous")]
    AmbiguousText(&'static str),
}

impl Action {
    /// Checks the rules of format 2 that need no key. Signatures, validity window start and access control are not
    /// looked at.
    ///
    /// # Errors
    /// The first fault, in the original's order.
    pub fn validate(&self, now: Time) -> Result<(), ActionError> {
        self.validate_unsigned(now)?;
        match self.signatures.as_ref().map_or(0, Vec::len) {
            0 => Err(ActionError::NoSignatures),
            count if count > limits::MAX_SIGNATURES => Err(ActionError::TooManySignatures(count)),
            _ => Ok(()),
        }
    }

    /// [`validate`](Self::validate) for an action that is yet to be signed.
    ///
    /// # Errors
    /// The first fault.
    pub fn validate_unsigned(&self, now: Time) -> Result<(), ActionError> {
        if self.name.is_empty() {
            return Err(ActionError::NoName);
        }
        if self.target.is_empty() {
            return Err(ActionError::NoTarget);
        }
        if self.syntax_version != 2 {
            return Err(ActionError::SyntaxVersion(self.syntax_version));
        }
        if self.expire_after < self.valid_from {
            return Err(ActionError::WindowReversed);
        }
        if now > self.expire_after {
            return Err(ActionError::Expired(self.expire_after));
        }
        match self.operations.as_ref().map(Vec::len) {
            None => Err(ActionError::NoOperations),
            Some(count) if count > limits::MAX_OPERATIONS => Err(ActionError::TooManyOperations(count)),
            Some(_) => Ok(()),
        }
    }

    /// Refuses names and targets whose signed text could be split in two ways. For creators; verifiers accept them.
    ///
    /// # Errors
    /// [`ActionError::AmbiguousText`] names the field.
    pub fn refuse_ambiguous_text(&self) -> Result<(), ActionError> {
        for (field, text) in [("name", &self.name), ("target", &self.target)] {
            if text.contains(";target=") {
                return Err(ActionError::AmbiguousText(field));
            }
        }
        Ok(())
    }
}
