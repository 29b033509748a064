//! The token with which an investigator proves themselves to the API: `1;<time>;<nonce>;<one-line signature>`.
//!
//! It binds neither request nor server, and counts any number of times within its window: it is for HTTPS only.

use crate::{
    sign::{Fingerprint, Keyring, SignError, Signer, VerifyError},
    time::Time,
};
use std::time::{Duration, SystemTime};

/// Longest token that is read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 72 << 10;

/// Why a token does not count.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not four parts between semicolons, or too long.
    #[error("invalid token format")]
    Format,
    /// The first part is not `1`.
    #[error("invalid token version, must be 1")]
    Version,
    /// The second part is not a time in UTC.
    #[error("invalid token time: {0}")]
    Time(String),
    /// Too old, or too new.
    #[error("token timestamp is not within acceptable time limits")]
    Window,
    /// The signature is not good.
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

/// Makes a token. `nonce` is a decimal number that should not repeat.
///
/// # Errors
/// [`SignError`] if the key does not sign.
pub fn make(signer: &dyn Signer, now: Time, nonce: u64) -> Result<String, SignError> {
    let text = format!("1;{};{nonce}", now.whole_seconds());
    let signature = signer.sign(format!("{text}\n").as_bytes())?;
    Ok(format!("{text};{signature}"))
}

/// Checks a token and says whose it is. Its time may be off by `window`, both ends included.
///
/// # Errors
/// [`TokenError`] says why it does not count.
pub fn check(
    token: &str,
    keyring: &Keyring,
    now: SystemTime,
    window: Duration,
) -> Result<Fingerprint, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Format);
    }
    let [version, made, nonce, signature] =
        <[&str; 4]>::try_from(token.split(';').collect::<Vec<_>>()).map_err(|_| TokenError::Format)?;
    if version != "1" {
        return Err(TokenError::Version);
    }
    let time: Time =
        made.parse().map_err(|error: crate::time::TimeError| TokenError::Time(error.to_string()))?;
    if !made.ends_with('Z') {
        return Err(TokenError::Time(format!("'{made}' does not end in Z")));
    }
    let clock = Time::from(now);
    if time < clock.minus(window) || time > clock.plus(window) {
        return Err(TokenError::Window);
    }
    // The line feed is signed, but not part of the token.
    Ok(keyring.verify(format!("{version};{made};{nonce}\n").as_bytes(), signature, now)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{KeyAlgorithm, SecretKey};
    use proptest::prelude::*;

    const WINDOW: Duration = Duration::from_secs(600);

    fn signer() -> (SecretKey, Keyring) {
        let key = SecretKey::generate("Ann", KeyAlgorithm::Ed25519, None).unwrap();
        let mut keyring = Keyring::default();
        keyring.add(&key.public_armored().unwrap()).unwrap();
        (key, keyring)
    }

    #[test]
    fn a_token_counts_from_one_end_of_its_window_to_the_other() {
        let (key, keyring) = signer();
        let made = SystemTime::now();
        let token = make(&key, made.into(), 7).unwrap();
        let second = Time::from(made).whole_seconds();
        let check_at = |now: Time| check(&token, &keyring, now.into(), WINDOW);
        for now in [second, second.plus(WINDOW)] {
            assert_eq!(&check_at(now).unwrap(), key.fingerprint());
        }
        // Windows counts time in steps of 100 ns.
        let moment = Duration::from_nanos(100);
        for now in [second.minus(WINDOW + moment), second.plus(WINDOW + moment)] {
            assert!(matches!(check_at(now), Err(TokenError::Window)), "{now}");
        }
    }

    #[test]
    fn every_part_of_a_token_is_signed() {
        let (key, keyring) = signer();
        let now = SystemTime::now();
        let token = make(&key, now.into(), 7).unwrap();
        let other_time = make(&key, Time::from(now).plus(Duration::from_secs(1)), 7).unwrap();
        let parts = |token: &str| token.split(';').map(str::to_owned).collect::<Vec<_>>();
        let mut changed = parts(&token);
        changed[1] = parts(&other_time)[1].clone();
        assert!(matches!(check(&changed.join(";"), &keyring, now, WINDOW), Err(TokenError::Signature(_))));
        let mut changed = parts(&token);
        changed[2] = "8".to_owned();
        assert!(matches!(check(&changed.join(";"), &keyring, now, WINDOW), Err(TokenError::Signature(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn text_without_a_signature_is_refused(parts in proptest::collection::vec("[ -~]{0,40}", 0..6), seconds in 0_i64..1 << 40) {
            let (keyring, now) = (Keyring::default(), Time::from_unix(seconds));
            prop_assert!(check(&parts.join(";"), &keyring, now.into(), WINDOW).is_err());
            let signed = format!("1;{now};1;{}", parts.concat());
            prop_assert!(check(&signed, &keyring, now.into(), WINDOW).is_err());
        }
    }
}
