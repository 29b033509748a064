//! Who may have what run: the access control list an agent keeps in `acl.cfg`.
//!
//! One JSON object: module name (or `default`) to an entry of a minimum weight and weighted investigators.
//! Module names are case sensitive; a module with an entry of its own never falls back to `default`.

use crate::{json, limits, sign::Fingerprint};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An access control list. The empty list denies everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Acl(BTreeMap<String, AclEntry>);

/// What one module asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AclEntry {
    /// Least sum of weights; below 1 the entry denies everybody.
    #[serde(rename = "MinimumWeight")]
    pub minimum_weight: i64,
    /// Label to investigator.
    pub investigators: Option<BTreeMap<String, AclInvestigator>>,
}

/// One weighted investigator. The label is for people, only the fingerprint counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct AclInvestigator {
    /// Fingerprint of the primary key, any letter case. Text of another form matches nobody.
    pub fingerprint: String,
    /// What this signature is worth; a negative weight subtracts.
    pub weight: i64,
}

/// A list that does not load.
#[derive(Debug, thiserror::Error)]
pub enum AclError {
    /// Larger than [`limits::MAX_ACL_BYTES`].
    #[error("the access control list has {0} bytes, more than {max}", max = limits::MAX_ACL_BYTES)]
    TooLarge(usize),
    /// Not the JSON of an access control list.
    #[error("the access control list does not load: {0}")]
    Syntax(#[from] json::Error),
}

/// Why a module may not be run for these signers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Neither the module nor `default` has an entry.
    #[error("no entry for module '{module}' and no default entry")]
    NoEntry {
        /// Name in the operation.
        module: String,
    },
    /// The entry has no minimum weight of at least 1.
    #[error("the minimum weight {minimum} for module '{module}' is below 1, which denies everybody")]
    MinimumBelowOne {
        /// Name in the operation.
        module: String,
        /// What the entry says.
        minimum: i64,
    },
    /// One key signed twice.
    #[error("key {fingerprint} signed more than once")]
    DuplicateSigner {
        /// The key.
        fingerprint: Fingerprint,
    },
    /// The signers together weigh too little.
    #[error("the signers weigh {weight} for module '{module}', {minimum} is needed")]
    TooLight {
        /// Name in the operation.
        module: String,
        /// Sum of the signers' weights.
        weight: i64,
        /// What the entry asks for.
        minimum: i64,
    },
}

impl Acl {
    /// Reads a list.
    ///
    /// # Errors
    /// [`AclError`] if the text is too large or not an access control list.
    pub fn from_slice(text: &[u8]) -> Result<Self, AclError> {
        if text.len() > limits::MAX_ACL_BYTES {
            return Err(AclError::TooLarge(text.len()));
        }
        Ok(json::from_slice(text)?)
    }

    /// A list in which each of these keys alone may have every module run, except those named in `entries` of its own.
    #[must_use]
    pub fn allowing(signers: &[(&str, &Fingerprint)]) -> Self {
        let investigators = signers.iter().map(|(name, fingerprint)| {
            ((*name).to_owned(), AclInvestigator { fingerprint: fingerprint.to_upper(), weight: 1 })
        });
        let entry = AclEntry { minimum_weight: 1, investigators: Some(investigators.collect()) };
        Self(BTreeMap::from([("default".to_owned(), entry)]))
    }

    /// Lets one more key, with the weight 1, have a module run (or, for `default`, all modules without an entry).
    pub fn allow(&mut self, module: &str, fingerprint: &Fingerprint) {
        let entry = self.0.entry(module.to_owned()).or_default();
        entry.minimum_weight = entry.minimum_weight.max(1);
        let investigator = AclInvestigator { fingerprint: fingerprint.to_upper(), weight: 1 };
        entry.investigators.get_or_insert_default().insert(fingerprint.to_upper(), investigator);
    }

    /// Decides whether these signers may have this module run.
    ///
    /// # Errors
    /// [`Denied`] says why not.
    pub fn check(&self, module: &str, signers: &[Fingerprint]) -> Result<(), Denied> {
        let entry = self
            .0
            .get(module)
            .or_else(|| self.0.get("default"))
            .ok_or_else(|| Denied::NoEntry { module: module.to_owned() })?;
        let minimum = entry.minimum_weight;
        if minimum < 1 {
            return Err(Denied::MinimumBelowOne { module: module.to_owned(), minimum });
        }
        let mut distinct = BTreeSet::new();
        if let Some(twice) = signers.iter().find(|signer| !distinct.insert(*signer)) {
            return Err(Denied::DuplicateSigner { fingerprint: twice.clone() });
        }
        let weight = entry.weight_of(&distinct);
        if weight < minimum {
            return Err(Denied::TooLight { module: module.to_owned(), weight, minimum });
        }
        Ok(())
    }
}

impl AclEntry {
    /// Unlisted signers add nothing; two entries of one key both count. Saturates.
    fn weight_of(&self, signers: &BTreeSet<&Fingerprint>) -> i64 {
        let listed = self.investigators.iter().flat_map(BTreeMap::values);
        let counted = listed.filter(|investigator| {
            investigator
                .fingerprint
                .parse()
                .is_ok_and(|fingerprint: Fingerprint| signers.contains(&fingerprint))
        });
        counted.fold(0_i64, |sum, investigator| sum.saturating_add(investigator.weight))
    }
}
