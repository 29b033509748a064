//! Who may call a platform, and with what rights.

use super::{InvestigatorStatus, StoreError};
use crate::{id::InvestigatorId, permissions::Permissions, sign::Fingerprint};
use async_trait::async_trait;
use std::{fmt::Debug, time::SystemTime};

/// What decides whether somebody may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Names the investigator.
    pub id: InvestigatorId,
    /// Label for people.
    pub name: String,
    /// Whether they may act at all.
    pub status: InvestigatorStatus,
    /// What they may ask for.
    pub permissions: Permissions,
}

/// An investigator on the way into the store, with rights, and perhaps without a key of their own.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Label for people.
    pub name: String,
    /// The primary key's fingerprint and the armored public key; `None` for who only reads, with an API key.
    pub key: Option<(Fingerprint, String)>,
    /// What they may ask for.
    pub permissions: Permissions,
}

/// What is kept of an API key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyHash {
    /// The first [`PREFIX_LENGTH`](crate::loader::PREFIX_LENGTH) characters of the key, by which it is found.
    pub prefix: String,
    /// Of the whole key: [`hash_key`](crate::loader::hash_key).
    pub hash: [u8; 32],
    /// Random.
    pub salt: [u8; 16],
}

impl Debug for ApiKeyHash {
    /// Without hash and salt.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ApiKeyHash").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Somebody whose API key may be the one that a caller shows.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// Whose key.
    pub account: Account,
    /// The stored hash.
    pub hash: Vec<u8>,
    /// Its salt.
    pub salt: Vec<u8>,
}

impl Debug for KeyHolder {
    /// Without hash and salt.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyHolder").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Who may call a platform. What is read is how things stand now: who lost access or rights has lost them for the next call.
#[async_trait]
pub trait AccessStore: Debug + Send + Sync {
    /// The investigator with this key, whatever their status.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn account_of_key(&self, fingerprint: &Fingerprint) -> Result<Option<Account>, StoreError>;

    /// The investigator with this id, whatever their status.
    ///
    /// # Errors
    /// [`StoreError::InvestigatorNotFound`].
    async fn account(&self, id: InvestigatorId) -> Result<Account, StoreError>;

    /// Active investigators whose API key begins with `prefix`, and those with a key of the original, of which nobody knows how
    /// it begins.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn key_holders(&self, prefix: &str) -> Result<Vec<KeyHolder>, StoreError>;

    /// The armored public key with this fingerprint, whatever the status of its owner.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn public_key(&self, fingerprint: &Fingerprint) -> Result<Option<String>, StoreError>;

    /// Adds an active investigator with rights. `None`, and nothing is written, if somebody has that key.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn create_account(
        &self,
        new: &NewAccount,
        now: SystemTime,
    ) -> Result<Option<InvestigatorId>, StoreError>;

    /// Replaces somebody's rights. False, and nothing is written, if no active investigator would be left who may change others
    /// ([`Permissions::investigator_update`]) where there was one.
    ///
    /// # Errors
    /// [`StoreError::InvestigatorNotFound`].
    async fn set_permissions(
        &self,
        id: InvestigatorId,
        permissions: Permissions,
        now: SystemTime,
    ) -> Result<bool, StoreError>;

    /// Replaces somebody's API key; `None` takes it away.
    ///
    /// # Errors
    /// [`StoreError::InvestigatorNotFound`].
    async fn set_api_key(
        &self,
        id: InvestigatorId,
        key: Option<&ApiKeyHash>,
        now: SystemTime,
    ) -> Result<(), StoreError>;
}
