//! Whether enough of those who may have signed for a program.

use super::{params::Instruction, settings::Settings, trusted};
use crate::agent_program::AGENT;
use mig_core::{
    manifest::{ManifestEntry, ManifestError, ManifestResponse},
    sign::{KeyError, Keyring, Skipped},
};
use std::{io, path::PathBuf, time::SystemTime};

/// Why nobody is believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignatureError {
    #[error("cannot trust the keys in {}: {source}", directory.display())]
    Untrusted { directory: PathBuf, source: io::Error },
    #[error("cannot read the keys in {}: {source}", directory.display())]
    Keys { directory: PathBuf, source: KeyError },
    #[error("{source}{}", left_out(skipped))]
    Manifest { source: ManifestError, skipped: Vec<Skipped> },
    #[error("the manifest is signed with {found} keys, and {required} are required")]
    TooFew { found: usize, required: usize },
}

/// A signer may be unknown because of it.
fn left_out(skipped: &[Skipped]) -> String {
    skipped.iter().map(|key| format!("; left out {}: {}", key.place, key.error)).collect()
}

/// Checks the signatures of a manifest that has this program only. One that is not good spoils the others.
pub(super) fn check(
    instruction: &Instruction,
    settings: &Settings,
    now: SystemTime,
) -> Result<(), SignatureError> {
    let required = settings.required_signatures.get();
    let manifest = manifest(instruction);
    // Says so even if there is no key.
    if instruction.signatures.len() < required {
        return Err(SignatureError::TooFew { found: instruction.signatures.len(), required });
    }
    let directory = || settings.keys.clone();
    trusted::files(&settings.keys)
        .map_err(|source| SignatureError::Untrusted { directory: directory(), source })?;
    let mut keyring = Keyring::default();
    let skipped = keyring
        .add_directory(&settings.keys)
        .map_err(|source| SignatureError::Keys { directory: directory(), source })?;
    // It refuses a second signature with one key, so each signer counts once.
    let found = match manifest.verify(&keyring, now) {
        Ok(signers) => signers.len(),
        Err(source) => return Err(SignatureError::Manifest { source, skipped }),
    };
    if found < required { Err(SignatureError::TooFew { found, required }) } else { Ok(()) }
}

/// What has to be signed.
fn manifest(instruction: &Instruction) -> ManifestResponse {
    ManifestResponse {
        entries: Some(vec![ManifestEntry { name: AGENT.to_owned(), sha256: instruction.checksum.clone() }]),
        signatures: Some(instruction.signatures.clone()),
        ..ManifestResponse::default()
    }
}
