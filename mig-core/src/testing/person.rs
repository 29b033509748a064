//! A person with a key, for tests of whoever checks signatures.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::{
    acl::Acl,
    action::{Action, Operation},
    agent::Policy,
    json::Value,
    sign::{KeyAlgorithm, Keyring, SecretKey, Signer as _},
    time::Time,
};
use std::time::Duration;

/// An investigator with a new key.
#[derive(Debug)]
pub struct Person {
    /// Both halves of the key.
    pub key: SecretKey,
}

impl Person {
    /// Makes a key.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { key: SecretKey::generate(name, KeyAlgorithm::Ed25519, None).unwrap() }
    }

    /// The policy of an agent that lets this person have everything run, and nobody else anything.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let mut keyring = Keyring::default();
        let fingerprint = keyring.add(&self.key.public_armored().unwrap()).unwrap();
        Policy::new(keyring, Acl::allowing(&[("person", &fingerprint)]))
    }

    /// Adds this person's signature.
    #[must_use]
    pub fn sign(&self, mut action: Action) -> Action {
        let signature = self.key.sign(action.signing_string().unwrap().as_bytes()).unwrap();
        action.signatures.get_or_insert_default().push(signature);
        action
    }

    /// A signed action for every agent, valid for an hour from a minute ago. The name should be unique: nothing else makes
    /// the signed bytes so.
    #[must_use]
    pub fn ask(&self, name: &str, operations: Vec<Operation>) -> Action {
        let start = Time::now().whole_seconds().minus(Duration::from_secs(60));
        self.sign(Action {
            name: name.to_owned(),
            target: "TRUE".to_owned(),
            valid_from: start,
            expire_after: start.plus(Duration::from_secs(3600)),
            operations: Some(operations),
            syntax_version: 2,
            ..Action::default()
        })
    }
}

/// A call of a module with parameters in JSON.
#[must_use]
pub fn operation(module: &str, parameters: &str) -> Operation {
    let parameters: Value = crate::json::from_str(parameters).unwrap();
    Operation { module: module.to_owned(), parameters, ..Operation::default() }
}
