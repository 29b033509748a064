//! The keys whose signatures count, found by the issuer that a signature names.

use super::{
    Fingerprint,
    armor::{self, KeyError, MAX_KEYS_BYTES},
    certificate::{Certificate, key_id, key_ids},
    line,
    policy::{self, VerifyError},
};
use crate::limits;
use pgp::packet::{Packet, PacketParser, Signature};
use std::{
    collections::HashMap,
    io::Cursor,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Most packets that one signature text may hold.
const MAX_PACKETS: usize = 16;

/// Public keys. What each says of itself is checked once, when it is added; look-up does not depend on their number.
#[derive(Debug, Default)]
pub struct Keyring {
    certificates: Vec<Certificate>,
    /// Key id of a primary key or subkey to certificate and subkey. Ids can collide, so there may be several.
    by_key_id: HashMap<[u8; 8], Vec<(usize, Option<usize>)>>,
}

/// A key that was left out of a keyring, and why.
#[derive(Debug)]
pub struct Skipped {
    /// The file, or the number of the key in the text, from 1.
    pub place: String,
    /// What is wrong with it.
    pub error: KeyError,
}

impl Keyring {
    /// Adds one armored key; a secret key counts as its public half.
    ///
    /// # Errors
    /// [`KeyError`] if the text is not exactly one usable key.
    pub fn add(&mut self, armored: &str) -> Result<Fingerprint, KeyError> {
        Ok(self.insert(Certificate::new(armor::one_key(armored)?)?))
    }

    /// Adds all keys of a text or file, armored or binary. Keys that can not be used are left out, one by one.
    ///
    /// # Errors
    /// [`KeyError`] if the whole is too large or not OpenPGP.
    pub fn add_all(&mut self, keys: &[u8]) -> Result<Vec<Skipped>, KeyError> {
        let mut skipped = Vec::new();
        for (index, key) in armor::keys(keys)?.into_iter().enumerate() {
            match key.and_then(Certificate::new) {
                Ok(certificate) => drop(self.insert(certificate)),
                Err(error) => skipped.push(Skipped { place: format!("key {}", index + 1), error }),
            }
        }
        Ok(skipped)
    }

    /// Adds every file of a directory, each one armored key. Files that can not be used are left out.
    ///
    /// # Errors
    /// [`KeyError::Read`] if the directory can not be read.
    pub fn add_directory(&mut self, directory: &Path) -> Result<Vec<Skipped>, KeyError> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        let mut skipped = Vec::new();
        for path in paths {
            let added = limits::read_file(&path, MAX_KEYS_BYTES)
                .map_err(KeyError::from)
                .and_then(|text| self.add(&crate::json::lossy(&text)));
            if let Err(error) = added {
                skipped.push(Skipped { place: path.display().to_string(), error });
            }
        }
        Ok(skipped)
    }

    fn insert(&mut self, certificate: Certificate) -> Fingerprint {
        let fingerprint = certificate.fingerprint.clone();
        let place = self.certificates.len();
        for (id, subkey) in key_ids(&certificate) {
            self.by_key_id.entry(id).or_default().push((place, subkey));
        }
        self.certificates.push(certificate);
        fingerprint
    }

    /// Fingerprints of the primary keys, in the order of adding.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.certificates.iter().map(|certificate| &certificate.fingerprint)
    }

    /// Checks a signature in one-line form over a message at a time, and says whose it is: the fingerprint of the
    /// primary key, also when a subkey signed. The first packet whose issuer is in the keyring decides.
    ///
    /// # Errors
    /// [`VerifyError`] says why the signature is not good.
    pub fn verify(
        &self,
        message: &[u8],
        signature_line: &str,
        now: SystemTime,
    ) -> Result<Fingerprint, VerifyError> {
        let packets = line::decode(signature_line)?;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let mut unknown = None;
        for packet in PacketParser::new(Cursor::new(packets)).take(MAX_PACKETS) {
            let signature = match packet {
                Ok(Packet::Signature(signature)) => signature,
                Ok(_) => continue,
                Err(error) => return Err(VerifyError::Syntax(error.to_string())),
            };
            if let Some((certificate, subkey)) = self.issuer(&signature) {
                policy::check(&signature, certificate, subkey, message, now)?;
                return Ok(certificate.fingerprint.clone());
            }
            unknown.get_or_insert_with(|| issuer_name(&signature));
        }
        Err(unknown.map_or(VerifyError::Empty, VerifyError::UnknownSigner))
    }

    /// The key that a signature names, by key id or fingerprint, in either area of the packet.
    fn issuer(&self, signature: &Signature) -> Option<(&Certificate, Option<usize>)> {
        let fingerprints = signature.issuer_fingerprint();
        let from_fingerprints =
            fingerprints.iter().filter_map(|fingerprint| fingerprint.as_bytes().last_chunk::<8>());
        let ids = signature.issuer_key_id();
        let mut ids = ids.iter().map(|id| key_id(id)).chain(from_fingerprints.copied());
        ids.find_map(|id| {
            let (certificate, subkey) = self.by_key_id.get(&id)?.first()?;
            Some((self.certificates.get(*certificate)?, *subkey))
        })
    }
}

fn issuer_name(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(ToString::to_string);
    fingerprint
        .or_else(|| signature.issuer_key_id().first().map(ToString::to_string))
        .unwrap_or_else(|| "without a name".to_owned())
}
