//! Identifiers of actions, commands, agents and investigators.
//!
//! The original holds them as floating-point numbers and writes whole numbers; ids of its first years lie above 2^53
//! and are written with the shortest digits that name them (`6115472790658567000`). Ours are whole and below 2^53.

use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, fmt, hash};

macro_rules! id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// The id of this number; exact below 2^53.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number as f64)
            }

            /// The number; what lies outside of 64 bits becomes the nearest bound.
            #[must_use]
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, as documented")]
            pub const fn get(self) -> u64 {
                self.0 as u64
            }

            /// A new random id: see [`unique`].
            ///
            /// # Errors
            /// If the system has no random numbers.
            pub fn unique() -> Result<Self, getrandom::Error> {
                unique().map(Self::new)
            }

            /// True for a whole number from 0 to 2^53: what a platform takes. The wire carries others too.
            #[must_use]
            pub fn is_exact(&self) -> bool {
                (0.0..=MAX_EXACT).contains(&self.0) && self.0.fract() == 0.0
            }

            /// True above zero.
            #[must_use]
            pub fn is_positive(&self) -> bool {
                self.0 > 0.0
            }

            /// True for the id of a document that has none yet.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0 == 0.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other) == Ordering::Equal
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.total_cmp(&other.0)
            }
        }

        impl hash::Hash for $name {
            fn hash<H: hash::Hasher>(&self, state: &mut H) {
                self.0.to_bits().hash(state);
            }
        }

        impl fmt::Display for $name {
            /// Plain decimal, as in URLs and file names.
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{:.0}", self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let number = text.parse::<u64>().map_err(|_| IdError(text.chars().take(40).collect()))?;
                Ok(Self::new(number))
            }
        }
    )+};
}

id! {
    /// Names an action on a platform; 0 until the platform gave one.
    ActionId,
    /// Names a command: one action on one agent.
    CommandId,
    /// Names one agent process in the store.
    AgentId,
    /// Names an investigator: a small number from a sequence.
    InvestigatorId,
    /// Names a loader: a small number from a sequence.
    LoaderId,
    /// Names a manifest: a small number from a sequence.
    ManifestId,
}

/// 2^53: up to here every whole number is exact.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Text that is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an id: a whole number is needed")]
pub struct IdError(String);

/// Start of the original's ids: 2013-04-29T18:00:00Z in Unix seconds.
const EPOCH: i64 = 1_367_258_400;

/// The first id that a process of the original made when it was started at this time; the next ones count up.
///
/// Two of its processes that start in the same second give the same ids. Ours are [`unique`].
#[must_use]
pub fn first_of_original(started: Time) -> u64 {
    let seconds = u64::try_from(started.unix_seconds() - EPOCH).unwrap_or(0);
    seconds.saturating_add(1).saturating_mul(1 << 16)
}

/// A random id of 52 bits above zero: below 2^53, and without coordination unique for all practical purposes
/// (with 100,000 ids alive, two collide with a chance of one in a million).
///
/// # Errors
/// If the system has no random numbers.
pub fn unique() -> Result<u64, getrandom::Error> {
    Ok((getrandom::u64()? >> 12).max(1))
}

/// The base-36 text form of an id, lower case, as the version of 2015 had it.
#[must_use]
pub fn base36(mut id: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(id % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        id /= 36;
        if id == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn unique_ids_do_not_repeat_and_fit_in_53_bits() {
        let ids: HashSet<u64> = (0..10_000).map(|_| unique().unwrap()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| (1..1 << 53).contains(id)));
    }

    #[test]
    fn old_ids_above_53_bits_keep_their_text() {
        let id: ActionId = json::from_str("6115472790658567000").unwrap();
        assert_eq!(json::to_string(&id).unwrap(), "6115472790658567000");
        assert_eq!(id.to_string(), "6115472790658567168");
    }

    #[test]
    fn fractions_negative_numbers_and_numbers_above_2_to_53_are_not_exact() {
        for (text, exact) in [
            ("0", true),
            ("1e3", true),
            ("9007199254740992", true),
            ("9007199254740994", false),
            ("1.5", false),
            ("-1", false),
        ] {
            let id: ActionId = json::from_str(text).unwrap();
            assert_eq!(id.is_exact(), exact, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn ids_survive_json_and_decimal(number in 0_u64..1 << 53) {
            let id = CommandId::new(number);
            prop_assert_eq!(id.get(), number);
            prop_assert_eq!(json::to_string(&id).unwrap(), number.to_string());
            prop_assert_eq!(id.to_string().parse::<CommandId>().unwrap(), id);
            prop_assert_eq!(u64::from_str_radix(&base36(number), 36).unwrap(), number);
        }
    }
}
