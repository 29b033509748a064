//! The bytes that investigators sign.

use super::Action;
use crate::{
    json,
    sign::{Fingerprint, Keyring, VerifyError},
};
use sha2::{Digest, Sha256};
use std::time::SystemTime;

impl Action {
    /// The text that signatures cover: name, target, whole seconds of the window, and the operations in canonical JSON.
    ///
    /// The odd frame around the second time is part of the format: a format mistake of the first version, frozen by
    /// the signatures made over it. Compressed operations are signed compressed.
    ///
    /// # Errors
    /// If the parameters hold a number that is not finite, which no decoded document does.
    pub fn signing_string(&self) -> Result<String, json::Error> {
        Ok(format!(
            "name={};target={};validfrom={};expireafter=%!s(int64={});operations={};",
            self.name,
            self.target,
            self.valid_from.unix_seconds(),
            self.expire_after.unix_seconds(),
            json::to_string(&self.operations)?,
        ))
    }
}

/// The signed text of one action, to check signatures against.
#[derive(Clone, Debug)]
pub struct SignedText {
    text: String,
    /// With numbers as programs built with Go 1.7 or earlier wrote them, if that is another text.
    old: Option<String>,
}

impl SignedText {
    /// # Errors
    /// As [`Action::signing_string`].
    pub fn of(action: &Action) -> Result<Self, json::Error> {
        let text = action.signing_string()?;
        let operations = json::to_string(&action.operations)?;
        let old = json::with_old_numbers(&operations);
        // The operations stand at the end, before a semicolon.
        let before = text.strip_suffix(';').and_then(|text| text.strip_suffix(operations.as_str()));
        let old = before.filter(|_| old != operations).map(|before| format!("{before}{old};"));
        Ok(Self { text, old })
    }

    /// The text as we write it: what a new signature covers, and what names the action whoever signed it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text: by it a store knows an action again.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The text of programs built with Go 1.7 or earlier, if it is another one.
    #[must_use]
    pub fn old(&self) -> Option<&str> {
        self.old.as_deref()
    }

    /// Checks one signature at a time, and says whose it is. Only if it does not fit, the text of very old programs is tried.
    ///
    /// # Errors
    /// [`VerifyError`] says why the signature is not good.
    pub fn verify(&self, keyring: &Keyring, line: &str, now: SystemTime) -> Result<Fingerprint, VerifyError> {
        match (keyring.verify(self.text.as_bytes(), line, now), &self.old) {
            (Err(VerifyError::Bad(_)), Some(old)) => keyring.verify(old.as_bytes(), line, now),
            (verified, _) => verified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        action::Operation,
        sign::{KeyAlgorithm, SecretKey, Signer},
    };

    #[test]
    fn a_signature_over_old_numbers_is_good() {
        let operation = Operation { parameters: 1_000_000.0.into(), ..Operation::default() };
        let action =
            Action { name: "a=1000000".into(), operations: Some(vec![operation]), ..Action::default() };
        let text = SignedText::of(&action).unwrap();
        let old = action.signing_string().unwrap().replace(":1000000}", ":1e+06}");
        let key = SecretKey::generate("Ada <ada@example.org>", KeyAlgorithm::Ed25519, None).unwrap();
        let mut keyring = Keyring::default();
        keyring.add(&key.public_armored().unwrap()).unwrap();
        for (signed, good) in [(text.as_str(), true), (&*old, true), (&*old.replace("06", "07"), false)] {
            let line = key.sign(signed.as_bytes()).unwrap();
            assert_eq!(text.verify(&keyring, &line, SystemTime::now()).is_ok(), good, "{signed}");
        }
    }
}
