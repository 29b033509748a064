//! Keys that were read and checked before, so that a request costs the same however many investigators there are.
//!
//! Neither decides who may call: that is asked of the store each time.

use mig_core::{
    loader,
    sign::{Fingerprint, Keyring, VerifyError},
    store::{Account, KeyHolder, Store, StoreError},
    time::Time,
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
/// How long a signature that was good counts without another look: clients send a token many times. A key that expires or was revoked
/// meanwhile counts so much longer; who is disabled loses access at once.
const TOKEN_AGE: Duration = Duration::from_secs(30);
/// Tokens that are remembered; beyond, all are forgotten.
const MAX_TOKENS: usize = 10_000;
/// API keys that are remembered; beyond, all are forgotten.
const MAX_API_KEYS: usize = 10_000;

/// The OpenPGP keys of the active investigators.
#[derive(Debug, Default)]
pub(crate) struct InvestigatorKeys {
    known: RwLock<Arc<Keyring>>,
    read: tokio::sync::Mutex<Option<Instant>>,
    /// Tokens with a good signature by their digests: whose, and until when that counts.
    tokens: Mutex<HashMap<[u8; 32], (Fingerprint, Instant)>>,
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
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(fingerprint) = self.remembered(&digest)
            && is_in_window(text, now, window)
        {
            return Ok(Ok(fingerprint));
        }
        let checked = self.verify(store, text, now, window).await?;
        if let Ok(fingerprint) = &checked {
            self.remember(digest, fingerprint.clone());
        }
        Ok(checked)
    }

    fn remembered(&self, digest: &[u8; 32]) -> Option<Fingerprint> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let (fingerprint, until) = tokens.get(digest)?;
        (*until > Instant::now()).then(|| fingerprint.clone())
    }

    fn remember(&self, digest: [u8; 32], fingerprint: Fingerprint) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        tokens.insert(digest, (fingerprint, Instant::now() + TOKEN_AGE));
    }

    async fn verify(
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

/// Of a token whose form is known to be right.
fn is_in_window(text: &str, now: SystemTime, window: Duration) -> bool {
    let made = text.split(';').nth(1).and_then(|made| made.parse::<Time>().ok());
    let clock = Time::from(now);
    made.is_some_and(|made| made >= clock.minus(window) && made <= clock.plus(window))
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

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::{
        permissions::Permissions,
        sign::{KeyAlgorithm, SecretKey, Signer as _},
        store::NewAccount,
    };

    #[tokio::test]
    async fn a_remembered_token_is_still_too_old_when_its_window_is_over() {
        let store = mig_store::open("sqlite::memory:").await.unwrap();
        let key = SecretKey::generate("Ann", KeyAlgorithm::Ed25519, None).unwrap();
        let public = (key.fingerprint().clone(), key.public_armored().unwrap());
        let permissions = Permissions::default();
        let now = SystemTime::now();
        let new = NewAccount { name: "Ann".to_owned(), key: Some(public), permissions };
        store.create_account(&new, now).await.unwrap();
        let (keys, window) = (InvestigatorKeys::default(), Duration::from_secs(600));
        let token = token::make(&key, Time::from(now), 1).unwrap();
        let check = async |token: &str, now| keys.check_token(&*store, token, now, window).await.unwrap();
        for _ in 0..2 {
            assert_eq!(&check(&token, now).await.unwrap(), key.fingerprint());
        }
        for moved in [now + Duration::from_secs(602), now - Duration::from_secs(602)] {
            assert!(matches!(check(&token, moved).await, Err(TokenError::Window)));
        }
        assert!(check(&token.replace(";1;", ";2;"), now).await.is_err(), "another text is another token");
    }
}
