//! Identifiers of actions, commands and agents (`spec` of the original: floating-point numbers, whole, below 2^53).

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl $name {
            /// True for the id of a document that has none yet.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0 == 0
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
    /// Names an investigator.
    InvestigatorId,
}
