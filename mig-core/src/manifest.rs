//! What loaders install: records of the platform, and the entries that are signed.

use crate::{
    agent_info::AgentInfo,
    id::ManifestId,
    json::{self, Bytes},
    limits,
    sign::{Fingerprint, Keyring, VerifyError},
    time::Time,
};
use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    io::{self, Read},
    time::SystemTime,
};

/// A manifest, as the platform keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManifestRecord {
    /// Small number from a sequence.
    pub id: ManifestId,
    /// Its name.
    pub name: String,
    /// Base64 of a tar archive, compressed by gzip.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// When it was made.
    pub timestamp: Time,
    /// `staged`, `active` or `disabled`.
    pub status: String,
    /// Which loaders get it.
    pub target: String,
    /// One-line signatures over [`ManifestResponse::signed_text`].
    pub signatures: Option<Vec<String>>,
}

/// What a loader is told: names and digests of the files, and who signed them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManifestResponse {
    /// Whom it is for; not signed.
    pub loader_name: String,
    /// The files, in the order of the archive.
    pub entries: Option<Vec<ManifestEntry>>,
    /// One-line signatures.
    pub signatures: Option<Vec<String>>,
}

/// One file of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManifestEntry {
    /// Name without directories.
    pub name: String,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// What a loader asks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManifestParameters {
    /// Who asks.
    pub agent: AgentInfo,
    /// Which file; empty for the list of entries.
    pub object: String,
}

/// A file of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManifestFetchResponse {
    /// Its bytes, compressed by gzip.
    pub data: Option<Bytes>,
}

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A field that must not be empty.
    #[error("manifest {0} is empty")]
    Empty(&'static str),
    /// Not one of the three.
    #[error("manifest status '{0}' is not staged, active or disabled")]
    Status(String),
    /// The content is not base64.
    #[error("manifest content is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// The content is not a compressed archive, or larger than [`limits::MAX_MANIFEST_BYTES`] when expanded.
    #[error("manifest content does not unpack: {0}")]
    Archive(#[from] io::Error),
    /// The archive has no file of this name.
    #[error("manifest has no file '{0}'")]
    NoSuchFile(String),
    /// Its signed text can not be written.
    #[error("the manifest can not be written as JSON: {0}")]
    Unwritable(#[from] json::Error),
    /// One of its signatures is not good.
    #[error("signature {number} of the manifest: {source}")]
    Signature {
        /// The position of the signature; the first is 1.
        number: usize,
        /// What is wrong with it.
        source: VerifyError,
    },
    /// A second signature adds no weight.
    #[error("the manifest is signed twice with the key {0}")]
    SignedTwice(Fingerprint),
}

impl ManifestParameters {
    /// Checks a request for a file.
    ///
    /// # Errors
    /// [`ManifestError::Empty`] if it names none.
    pub fn validate_fetch(&self) -> Result<(), ManifestError> {
        if self.object.is_empty() { Err(ManifestError::Empty("object")) } else { Ok(()) }
    }
}

impl ManifestRecord {
    /// Checks a record as the API does; its content must unpack.
    ///
    /// # Errors
    /// The first fault.
    pub fn validate(&self) -> Result<(), ManifestError> {
        for (field, text) in [("name", &self.name), ("target", &self.target)] {
            if text.is_empty() {
                return Err(ManifestError::Empty(field));
            }
        }
        if !matches!(self.status.as_str(), "staged" | "active" | "disabled") {
            return Err(ManifestError::Status(self.status.clone()));
        }
        self.response().map(drop)
    }

    /// What loaders are told of it, signatures as stored, loader name empty.
    ///
    /// # Errors
    /// If the content does not unpack.
    pub fn response(&self) -> Result<ManifestResponse, ManifestError> {
        let mut entries = Vec::new();
        self.each_file(|name, file| {
            let mut digest = Sha256::new();
            io::copy(file, &mut HashWriter(&mut digest))?;
            entries.push(ManifestEntry { name: name.to_owned(), sha256: hexadecimal(&digest.finalize()) });
            Ok(true)
        })?;
        Ok(ManifestResponse {
            loader_name: String::new(),
            entries: (!entries.is_empty()).then_some(entries),
            signatures: self.signatures.clone(),
        })
    }

    /// The bytes of the first file of this name.
    ///
    /// # Errors
    /// If the content does not unpack, or has no such file.
    pub fn file(&self, wanted: &str) -> Result<Vec<u8>, ManifestError> {
        let mut found = None;
        self.each_file(|name, file| {
            if name == wanted {
                found = Some(limits::read(file, limits::MAX_MANIFEST_BYTES)?);
            }
            Ok(found.is_none())
        })?;
        found.ok_or_else(|| ManifestError::NoSuchFile(wanted.to_owned()))
    }

    /// Calls `visit` with base name and bytes of every regular file, until it says no.
    fn each_file(
        &self,
        mut visit: impl FnMut(&str, &mut dyn Read) -> io::Result<bool>,
    ) -> Result<(), ManifestError> {
        let packed = json::decode_base64(&self.content)?;
        let limit = u64::try_from(limits::MAX_MANIFEST_BYTES).unwrap_or(u64::MAX);
        let mut archive = tar::Archive::new(MultiGzDecoder::new(packed.as_slice()).take(limit));
        for entry in archive.entries()? {
            let mut entry = entry?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = json::lossy(&entry.path_bytes());
            let name = path.rsplit('/').next().unwrap_or_default();
            if !visit(name, &mut entry)? {
                break;
            }
        }
        Ok(())
    }
}

impl ManifestResponse {
    /// Checks an answer as a loader does before it believes it.
    ///
    /// # Errors
    /// [`ManifestError::Empty`] if it does not say whom it is for.
    pub fn validate(&self) -> Result<(), ManifestError> {
        if self.loader_name.is_empty() { Err(ManifestError::Empty("loader name")) } else { Ok(()) }
    }

    /// Checks all signatures at a time, and says whose they are. How many there must be is the loader's business.
    ///
    /// # Errors
    /// [`ManifestError`] if one of them is not good, or two are of one key.
    pub fn verify(&self, keyring: &Keyring, now: SystemTime) -> Result<Vec<Fingerprint>, ManifestError> {
        let text = self.signed_text()?;
        let mut signers = Vec::new();
        for (number, line) in (1..).zip(self.signatures.iter().flatten()) {
            let verified = keyring.verify(text.as_bytes(), line, now);
            let signer = verified.map_err(|source| ManifestError::Signature { number, source })?;
            if signers.contains(&signer) {
                return Err(ManifestError::SignedTwice(signer));
            }
            signers.push(signer);
        }
        Ok(signers)
    }

    /// The bytes that are signed: the entries, loader name emptied, signatures an empty list.
    ///
    /// # Errors
    /// Never for decoded documents.
    pub fn signed_text(&self) -> Result<String, json::Error> {
        json::to_string(&Self {
            loader_name: String::new(),
            entries: self.entries.clone(),
            signatures: Some(Vec::new()),
        })
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can not fail.
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok());
        text
    })
}
