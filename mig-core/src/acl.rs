//! Who may have what run: the access control list an agent keeps in `acl.cfg`.
//!
//! One JSON object: module name (or `default`) to an entry of a minimum weight and weighted investigators.
//! Module names are case sensitive; a module with an entry of its own never falls back to `default`.

use crate::{json, limits, sign::Fingerprint};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// An access control list. The empty list denies everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Acl(BTreeMap<String, AclEntry>);

/// What one module asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AclEntry {
    /// Least sum of weights; below 1 the entry denies everybody.
    pub minimum_weight: i64,
    /// Label to investigator.
    pub investigators: Option<BTreeMap<String, AclInvestigator>>,
}

/// One weighted investigator. The label is for people, only the fingerprint counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
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
        weight: i128,
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
        if weight < i128::from(minimum) {
            return Err(Denied::TooLight { module: module.to_owned(), weight, minimum });
        }
        Ok(())
    }
}

impl AclEntry {
    /// Unlisted signers add nothing; two entries of one key both count.
    fn weight_of(&self, signers: &BTreeSet<&Fingerprint>) -> i128 {
        let listed = self.investigators.iter().flat_map(BTreeMap::values);
        let counted = listed.filter(|investigator| {
            investigator
                .fingerprint
                .parse()
                .is_ok_and(|fingerprint: Fingerprint| signers.contains(&fingerprint))
        });
        counted.map(|investigator| i128::from(investigator.weight)).sum()
    }
}

// A list is the agent's own file and no stranger's: a field that is given twice does not keep it from loading, as with
// the original. The last one counts, and investigators add up. Hence visitors where the other documents derive.

impl<'de> Deserialize<'de> for AclEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = AclEntry;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with MinimumWeight and Investigators")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<AclEntry, A::Error> {
        let mut entry = AclEntry::default();
        while let Some(name) = fields.next_key::<String>()? {
            if json::is_spelling_of(&name, "MinimumWeight") {
                entry.minimum_weight = fields.next_value::<Option<_>>()?.unwrap_or(entry.minimum_weight);
            } else if json::is_spelling_of(&name, "Investigators") {
                match fields.next_value::<Option<BTreeMap<_, _>>>()? {
                    Some(more) => entry.investigators.get_or_insert_default().extend(more),
                    None => entry.investigators = None,
                }
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(entry)
    }
}

impl<'de> Deserialize<'de> for AclInvestigator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InvestigatorVisitor)
    }
}

struct InvestigatorVisitor;

impl<'de> Visitor<'de> for InvestigatorVisitor {
    type Value = AclInvestigator;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with Fingerprint and Weight")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<AclInvestigator, A::Error> {
        let mut found = AclInvestigator::default();
        while let Some(name) = fields.next_key::<String>()? {
            if json::is_spelling_of(&name, "Fingerprint") {
                found.fingerprint = fields.next_value::<Option<_>>()?.unwrap_or(found.fingerprint);
            } else if json::is_spelling_of(&name, "Weight") {
                found.weight = fields.next_value::<Option<_>>()?.unwrap_or(found.weight);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn key(digit: char) -> Fingerprint {
        digit.to_string().repeat(40).parse().unwrap()
    }

    #[test]
    fn the_last_of_two_spellings_counts_and_investigators_add_up() {
        let text = r#"{"file": {"minimumweight": 1, "investigators": {"a": {"weight": 9}}, "MINIMUMWEIGHT": 2,
            "Investigators": {"b": {"weight": 1, "fingerprint": "bb", "Weight": 2, "fingerprint": null}}}}"#;
        let acl = Acl::from_slice(text.as_bytes()).unwrap();
        let entry = &acl.0["file"];
        assert_eq!(entry.minimum_weight, 2);
        assert_eq!(entry.investigators.as_ref().unwrap().len(), 2);
        let wanted = AclInvestigator { fingerprint: "bb".to_owned(), weight: 2 };
        assert_eq!(entry.investigators.as_ref().unwrap()["b"], wanted);
    }

    #[test]
    fn a_list_that_does_not_load_names_the_place() {
        let error = Acl::from_slice(br#"{"file":{"investigators":{"bob":{"weight":1.0}}}}"#).unwrap_err();
        assert!(error.to_string().contains("file.investigators.bob.weight"), "{error}");
        assert!(matches!(
            Acl::from_slice(&vec![b' '; limits::MAX_ACL_BYTES + 1]),
            Err(AclError::TooLarge(_))
        ));
    }

    #[test]
    fn weights_do_not_wrap_around() {
        let text = format!(
            r#"{{"default":{{"minimumweight":1,"investigators":{{"a":{{"fingerprint":"{}","weight":{max}}},"b":{{"fingerprint":"{}","weight":{max}}}}}}}}}"#,
            key('a'),
            key('b'),
            max = i64::MAX,
        );
        let acl = Acl::from_slice(text.as_bytes()).unwrap();
        assert_eq!(acl.check("file", &[key('a'), key('b')]), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// Signers are the digits of `who`; each is listed with the weight that stands at its place.
        #[test]
        fn the_sum_of_distinct_signers_decides(weights in vec(-3_i64..5, 10), who in vec(0_u32..10, 0..5), minimum in -1_i64..8) {
            let listed = weights.iter().zip("0123456789".chars()).map(|(weight, digit)| {
                let fingerprint = key(digit).to_upper();
                (digit.to_string(), AclInvestigator { fingerprint, weight: *weight })
            });
            let entry = AclEntry { minimum_weight: minimum, investigators: Some(listed.collect()) };
            let acl = Acl(BTreeMap::from([("default".to_owned(), entry)]));
            let written = json::to_string(&acl).unwrap();
            prop_assert_eq!(&Acl::from_slice(written.as_bytes()).unwrap(), &acl);

            let signers: Vec<_> = who.iter().map(|digit| key(char::from_digit(*digit, 10).unwrap())).collect();
            let distinct = signers.iter().collect::<BTreeSet<_>>().len() == signers.len();
            let sum: i64 = who.iter().map(|digit| weights[usize::try_from(*digit).unwrap()]).sum();
            prop_assert_eq!(acl.check("file", &signers).is_ok(), minimum >= 1 && distinct && sum >= minimum);
        }
    }
}
