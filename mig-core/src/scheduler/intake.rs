//! What an action must be before a platform takes it.
//!
//! Agents check everything again: this is for the author, who learns at once what is wrong, and for the platform, which works
//! for its active investigators only.

use crate::{
    action::{Action, ActionError, SignedText},
    id::{ActionId, InvestigatorId},
    json,
    sign::{Fingerprint, Keyring, VerifyError},
    store::{ActiveKey, Insertion, Lease, NewAction, Store, StoreError},
    target::{Target, TargetError},
    time::Time,
};
use std::{collections::BTreeMap, time::SystemTime};

/// Why an action was not taken.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It breaks a rule for all actions.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// The end of its window can be written with its offset only, which is not kept.
    #[error("action {field} is outside of the years 0 to 9999 in UTC: {time}")]
    Time {
        /// Which end.
        field: &'static str,
        /// What it says.
        time: Time,
    },
    /// Its id is not one that the platform can name.
    #[error("action id is {}, a whole number from 0 to 2^53 is needed", json::to_string(.0).unwrap_or_default())]
    Id(ActionId),
    /// Its target is outside the language.
    #[error("the target of the action can not be read")]
    Target(#[from] TargetError),
    /// Its signed text can not be written.
    #[error("the action can not be written as JSON")]
    Unwritable(#[from] json::Error),
    /// A signature is not one of an active investigator over this action.
    #[error("signature {number} of the action is not a good one of an active investigator")]
    Signature {
        /// The position of the signature; the first is 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        source: VerifyError,
    },
    /// Agents want distinct signers.
    #[error("the action is signed twice with the key {0}")]
    SignedTwice(Fingerprint),
    /// Actions need random ids.
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks an action and keeps it for the schedulers; gives it an id if it has none. The same signed bytes are kept once: to
/// submit them again gives the id of the first time. With a lease, the action is left to that owner while it lives.
///
/// # Errors
/// [`IntakeError`] says which rule it breaks; then nothing was kept.
pub async fn submit(
    store: &dyn Store,
    mut action: Action,
    lease: Option<&Lease>,
    now: SystemTime,
) -> Result<Insertion, IntakeError> {
    check_form(&action, now)?;
    let text = SignedText::of(&action)?;
    let signers = check_signatures(&action, &text, &store.active_keys().await?, now)?;
    if action.id.is_zero() {
        action.id = ActionId::unique()?;
    }
    let digest = text.digest();
    Ok(store.insert_action(&NewAction { action, digest, signers }, lease).await?)
}

/// Everything that needs no keys.
fn check_form(action: &Action, now: SystemTime) -> Result<(), IntakeError> {
    action.validate(Time::from(now))?;
    action.refuse_ambiguous_text()?;
    if !action.id.is_exact() {
        return Err(IntakeError::Id(action.id));
    }
    for (field, time) in [("validfrom", action.valid_from), ("expireafter", action.expire_after)] {
        if !time.is_writable_in_utc() {
            return Err(IntakeError::Time { field, time });
        }
    }
    Target::parse(&action.target)?;
    Ok(())
}

/// Who made each signature; all are good, each by another active investigator.
fn check_signatures(
    action: &Action,
    text: &SignedText,
    keys: &[ActiveKey],
    now: SystemTime,
) -> Result<Vec<InvestigatorId>, IntakeError> {
    let keyring = keyring(keys);
    let mut unused: BTreeMap<_, _> = keys.iter().map(|key| (&key.fingerprint, key.investigator)).collect();
    let mut signers = Vec::new();
    for (number, signature) in (1..).zip(action.signatures.iter().flatten()) {
        let verified = text.verify(&keyring, signature, now);
        let fingerprint = verified.map_err(|source| IntakeError::Signature { number, source })?;
        let signer = unused.remove(&fingerprint).ok_or(IntakeError::SignedTwice(fingerprint))?;
        signers.push(signer);
    }
    Ok(signers)
}

/// One bad key must not keep the other investigators from work.
fn keyring(keys: &[ActiveKey]) -> Keyring {
    let mut keyring = Keyring::default();
    for key in keys {
        if let Err(error) = keyring.add(&key.public_key) {
            tracing::error!(investigator = %key.investigator, %error, "the key of an investigator can not be used");
        }
    }
    keyring
}
