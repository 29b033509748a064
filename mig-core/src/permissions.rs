//! What an investigator may ask of the API.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

macro_rules! permissions {
    ($($(#[$doc:meta])+ $name:ident = $bit:literal,)+) => {
        /// One flag per kind of request. The database keeps the mask, documents the flags; unknown bits are ignored.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        #[allow(clippy::struct_excessive_bools, reason = "the wire format has one boolean per kind of request")]
        pub struct Permissions {
            $($(#[$doc])+ pub $name: bool,)+
        }

        impl Permissions {
            /// The flags of a mask.
            #[must_use]
            pub const fn from_mask(mask: u64) -> Self {
                Self { $($name: mask & $bit != 0,)+ }
            }

            /// The mask of the flags.
            #[must_use]
            pub const fn mask(&self) -> u64 {
                0 $(| if self.$name { $bit } else { 0 })+
            }
        }
    };
}

// In the order in which documents list them, which is not that of the bits.
permissions! {
    /// Search for anything.
    search = 1,
    /// See an action.
    action = 2,
    /// Launch an action.
    action_create = 4,
    /// See a command.
    command = 8,
    /// See an agent.
    agent = 16,
    /// See the dashboard.
    dashboard = 32,
    /// See a loader.
    loader = 64,
    /// Enable or disable a loader.
    loader_status = 128,
    /// Set what a loader must be.
    loader_expect = 256,
    /// Change the key of a loader.
    loader_key = 512,
    /// Make a loader.
    loader_new = 1024,
    /// See a manifest.
    manifest = 2048,
    /// Sign a manifest.
    manifest_sign = 4096,
    /// Change the status of a manifest.
    manifest_status = 16384,
    /// Make a manifest.
    manifest_new = 8192,
    /// See the loaders of a manifest.
    manifest_loaders = 32768,
    /// See an investigator.
    investigator = 65536,
    /// Make an investigator.
    investigator_create = 131_072,
    /// Change an investigator.
    investigator_update = 262_144,
}

/// A named set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermissionSet {
    /// As command lines and listings write it.
    pub name: &'static str,
    /// Its bits.
    pub mask: u64,
}

/// The named sets, in the order in which listings show them.
pub const SETS: [PermissionSet; 4] = [
    PermissionSet { name: "Default", mask: 63 },
    PermissionSet { name: "PermAdmin", mask: 458_752 },
    PermissionSet { name: "PermLoader", mask: 1984 },
    PermissionSet { name: "PermManifest", mask: 63_488 },
];

/// A name that is not that of a set which can be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a set of permissions: PermManifest, PermLoader or PermAdmin is needed")]
pub struct PermissionSetError(String);

impl FromStr for PermissionSet {
    type Err = PermissionSetError;

    /// By the name of the set, letter case counts. `Default` can not be given: every investigator has it.
    fn from_str(name: &str) -> Result<Self, PermissionSetError> {
        let [_default, given @ ..] = SETS;
        let found = given.into_iter().find(|set| set.name == name);
        found.ok_or_else(|| PermissionSetError(name.chars().take(80).collect()))
    }
}

impl Permissions {
    /// True if every bit of `mask` is granted.
    #[must_use]
    pub const fn grant(&self, mask: u64) -> bool {
        self.mask() & mask == mask
    }

    /// The sets that are granted, wholly or `(partial)`, joined by commas.
    #[must_use]
    pub fn describe(&self) -> String {
        let granted = SETS.iter().filter_map(|set| match self.mask() & set.mask {
            0 => None,
            bits if bits == set.mask => Some(set.name.to_owned()),
            _ => Some(format!("{}(partial)", set.name)),
        });
        granted.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::PermissionSet;

    #[test]
    fn sets_are_given_by_their_names_and_other_names_are_an_error() {
        for (name, mask) in [("PermManifest", 63_488), ("PermLoader", 1984), ("PermAdmin", 458_752)] {
            assert_eq!(name.parse(), Ok(PermissionSet { name, mask }));
        }
        for name in ["Default", "permadmin", "PermAdmin ", ""] {
            let error = name.parse::<PermissionSet>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{name}' is not a set of permissions")), "{error}");
        }
    }
}
