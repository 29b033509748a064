//! Loaders and the keys that identify them and API clients.

use crate::{id::LoaderId, time::Time};
use hmac::Hmac;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// A loader, as the platform knows it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoaderEntry {
    /// Small number from a sequence.
    pub id: LoaderId,
    /// Its name.
    pub name: String,
    /// Public half of its key: [`PREFIX_LENGTH`] characters.
    pub prefix: String,
    /// Secret half; only in the answer that makes it.
    pub key: String,
    /// Host name of the agent it installed.
    #[serde(rename = "agentname")]
    pub agent_name: String,
    /// Last request.
    #[serde(rename = "lastseen")]
    pub last_seen: Time,
    /// Whether it is served.
    pub enabled: bool,
    /// Condition on its environment.
    #[serde(rename = "expectenv")]
    pub expect_environment: String,
}

impl std::fmt::Debug for LoaderEntry {
    /// Without the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LoaderEntry")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// Characters of the prefix that finds a loader.
pub const PREFIX_LENGTH: usize = 8;
/// Characters of the key that proves it, and of an API key.
pub const KEY_LENGTH: usize = 32;

/// What is wrong with a loader key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoaderKeyError {
    /// Not prefix and key together.
    #[error("loader key is incorrect length")]
    Length,
    /// The prefix is not 8 letters and digits.
    #[error("loader prefix format is invalid")]
    Prefix,
    /// The key is not 32 letters and digits.
    #[error("loader key format is invalid")]
    Key,
}

/// Checks a prefix: 8 ASCII letters and digits.
///
/// # Errors
/// [`LoaderKeyError::Prefix`].
pub fn check_prefix(prefix: &str) -> Result<(), LoaderKeyError> {
    if letters_and_digits(prefix, PREFIX_LENGTH) { Ok(()) } else { Err(LoaderKeyError::Prefix) }
}

/// Checks a key: 32 ASCII letters and digits.
///
/// # Errors
/// [`LoaderKeyError::Key`].
pub fn check_key(key: &str) -> Result<(), LoaderKeyError> {
    if letters_and_digits(key, KEY_LENGTH) { Ok(()) } else { Err(LoaderKeyError::Key) }
}

/// Splits what a loader sends into prefix and key, and checks both.
///
/// # Errors
/// [`LoaderKeyError`] names the part that is wrong.
pub fn split_loader_key(text: &str) -> Result<(&str, &str), LoaderKeyError> {
    if text.len() != PREFIX_LENGTH + KEY_LENGTH {
        return Err(LoaderKeyError::Length);
    }
    let (prefix, key) = text.split_at_checked(PREFIX_LENGTH).ok_or(LoaderKeyError::Prefix)?;
    check_prefix(prefix)?;
    check_key(key)?;
    Ok((prefix, key))
}

fn letters_and_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Makes random letters and digits from the system's generator.
///
/// # Errors
/// If the system has no random numbers.
pub fn random_key(length: usize) -> Result<String, getrandom::Error> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut key = String::with_capacity(length);
    let mut block = [0_u8; 64];
    while key.len() < length {
        getrandom::fill(&mut block)?;
        // Only bytes below a multiple of 62 are used: each character is equally likely.
        let fair =
            block.iter().filter(|byte| **byte < 248).filter_map(|byte| ALPHABET.get(usize::from(*byte) % 62));
        key.extend(fair.map(|byte| char::from(*byte)).take(length - key.len()));
    }
    Ok(key)
}

/// The salted hash under which loader keys and API keys are stored: PBKDF2-HMAC-SHA256, 4096 rounds.
#[must_use]
pub fn hash_key(key: &str, salt: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    // Fails only for keys that HMAC can not take, and it takes any length.
    let derived = pbkdf2::pbkdf2::<Hmac<Sha256>>(key.as_bytes(), salt, 4096, &mut hash);
    debug_assert!(derived.is_ok());
    hash
}

/// True if a stored hash is that of this key; takes the same time wherever they differ.
#[must_use]
pub fn is_key_of_hash(key: &str, salt: &[u8], hash: &[u8]) -> bool {
    let found = hash_key(key, salt);
    let difference = found.iter().zip(hash).fold(0, |difference, (left, right)| difference | (left ^ right));
    found.len() == hash.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_keys_pass_their_own_check_and_do_not_repeat() {
        let (first, second) = (random_key(KEY_LENGTH).unwrap(), random_key(KEY_LENGTH).unwrap());
        assert_ne!(first, second);
        let sent = random_key(PREFIX_LENGTH).unwrap() + &first;
        assert_eq!(split_loader_key(&sent).unwrap().1, first);
    }

    #[test]
    fn only_the_right_key_has_the_hash() {
        let hash = hash_key("key", b"salt");
        assert!(is_key_of_hash("key", b"salt", &hash));
        assert!(!is_key_of_hash("key", b"pepper", &hash));
        assert!(!is_key_of_hash("yek", b"salt", &hash));
        assert!(!is_key_of_hash("key", b"salt", &hash[..31]));
        assert!(!is_key_of_hash("key", b"salt", b""));
    }
}
