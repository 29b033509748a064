//! Investigators in the store.

use super::StoreError;
use crate::{
    id::InvestigatorId, investigator::Investigator, scheduler::flow::UnknownStatus, sign::Fingerprint,
};
use async_trait::async_trait;
use std::{fmt::Debug, str::FromStr, time::SystemTime};

/// An investigator on the way into the store.
#[derive(Clone, Debug)]
pub struct NewInvestigator {
    /// Label for people.
    pub name: String,
    /// Of the primary key.
    pub fingerprint: Fingerprint,
    /// The armored public key.
    pub public_key: String,
}

/// Whether an investigator may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvestigatorStatus {
    /// May act.
    Active,
    /// Has lost access.
    Disabled,
}

impl InvestigatorStatus {
    /// The word of documents and databases.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for InvestigatorStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err(UnknownStatus::new(word, "an investigator")),
        }
    }
}

/// The key of an investigator who may act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveKey {
    /// Whose key.
    pub investigator: InvestigatorId,
    /// Of the primary key.
    pub fingerprint: Fingerprint,
    /// The armored public key.
    pub public_key: String,
}

/// Investigators in the store.
#[async_trait]
pub trait InvestigatorStore: Debug + Send + Sync {
    /// Adds an active investigator. If the fingerprint is known, nothing is written and the known id is returned.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn insert_investigator(
        &self,
        new: &NewInvestigator,
        now: SystemTime,
    ) -> Result<InvestigatorId, StoreError>;

    /// One investigator, with public key and rights; of an API key only that there is one.
    ///
    /// # Errors
    /// [`StoreError::InvestigatorNotFound`].
    async fn investigator(&self, id: InvestigatorId) -> Result<Investigator, StoreError>;

    /// Gives or takes access, at once.
    ///
    /// # Errors
    /// [`StoreError::InvestigatorNotFound`].
    async fn set_investigator_status(
        &self,
        id: InvestigatorId,
        status: InvestigatorStatus,
        now: SystemTime,
    ) -> Result<(), StoreError>;

    /// The keys of all active investigators.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn active_keys(&self) -> Result<Vec<ActiveKey>, StoreError>;
}
