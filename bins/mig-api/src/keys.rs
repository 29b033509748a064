//! Keys that were read and checked before, so that a request costs the same however many investigators there are.
//!
//! Neither decides who may call: that is asked of the store each time.

use mig_core::{
    loader,
    sign::{Fingerprint, Keyring, VerifyError},
    store::{Account, KeyHolder, Store, StoreError},
    token::{self, TokenError},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};

/// How often unknown signers make us read all keys again.
const REFRESH: Duration = Duration::from_secs(1);
/// API keys that are remembered; beyond, all are forgotten.
const MAX_API_KEYS: usize = 10_000;

/// The OpenPGP keys of the active investigators.
#[derive(Debug, Default)]
pub(crate) struct InvestigatorKeys {
    known: RwLock<Arc<Keyring>>,
    read: tokio::sync::Mutex<Option<Instant>>,
}

impl InvestigatorKeys {
    /// Whose token it is.
    pub(crate) async fn check_token(
        &self,
        store: &dyn Store,
        text: &str,
        now: SystemTime,
        window: Duration,
    ) -> Result<Result<Fingerprint, TokenError>, StoreError> {
        let known = self.current();
        let checked = token::check(text, &known, now, window);
        if !matches!(checked, Err(TokenError::Signature(VerifyError::UnknownSigner(_)))) {
            return Ok(checked);
        }
        // Perhaps the investigator is new.
        self.refresh(store, &known).await?;
        let newer = self.current();
        Ok(if Arc::ptr_eq(&known, &newer) { checked } else { token::check(text, &newer, now, window) })
    }

    /// Makes the next unknown signer count as a new one.
    pub(crate) async fn forget(&self) {
        *self.read.lock().await = None;
    }

    fn current(&self) -> Arc<Keyring> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys again, unless that was done a moment ago, or by another request while this one waited.
    async fn refresh(&self, store: &dyn Store, known: &Arc<Keyring>) -> Result<(), StoreError> {
        let mut read = self.read.lock().await;
        if read.is_some_and(|read| read.elapsed() < REFRESH) || !Arc::ptr_eq(known, &self.current()) {
            return Ok(());
        }
        let mut keyring = Keyring::default();
        for key in store.active_keys().await? {
            if let Err(error) = keyring.add(&key.public_key) {
                tracing::error!(investigator = %key.investigator, %error, "the key of an investigator can not be used");
            }
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
        *read = Some(Instant::now());
        Ok(())
    }
}

/// API keys that were right once: a salted hash takes a millisecond, by purpose.
#[derive(Default)]
pub(crate) struct ApiKeys {
    /// The digest of a key, and the stored hash that it fitted. A digest of 190 random bits gives nothing away.
    known: Mutex<HashMap<[u8; 32], Vec<u8>>>,
}

impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiKeys(…)")
    }
}

impl ApiKeys {
    /// Whose key it is, as things stand now.
    pub(crate) async fn check(&self, store: &dyn Store, key: &str) -> Result<Option<Account>, StoreError> {
        if loader::check_key(key).is_err() {
            return Ok(None);
        }
        let Some(prefix) = key.get(..loader::PREFIX_LENGTH) else { return Ok(None) };
        let holders = store.key_holders(prefix).await?;
        let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        if let Some(known) = self.known(&digest)
            && let Some(holder) = holders.iter().find(|holder| holder.hash == known)
        {
            return Ok(Some(holder.account.clone()));
        }
        let key = key.to_owned();
        // A millisecond for each holder; more than one are left over from the original only.
        let found = tokio::task::spawn_blocking(move || holder_of(&key, holders)).await;
        let Some(holder) = found.ok().flatten() else { return Ok(None) };
        self.remember(digest, holder.hash);
        Ok(Some(holder.account))
    }

    fn known(&self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    fn remember(&self, digest: [u8; 32], hash: Vec<u8>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_API_KEYS {
            known.clear();
        }
        known.insert(digest, hash);
    }
}

fn holder_of(key: &str, holders: Vec<KeyHolder>) -> Option<KeyHolder> {
    holders.into_iter().find(|holder| loader::is_key_of_hash(key, &holder.salt, &holder.hash))
}
