//! The keys whose signatures count, found by the issuer that a signature names.

use super::{
    Fingerprint,
    certificate::{Certificate, key_id},
    line,
    policy::{self, VerifyError},
    transferable::{self, KeyError, MAX_KEYS_BYTES, TransferableKey},
};
use crate::limits;
use pgp::{
    packet::{Packet, PacketParser, Signature},
    types::PublicParams,
};
use std::{
    collections::{BTreeSet, HashMap},
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
    places: HashMap<Fingerprint, usize>,
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
    /// Adds one armored key; a secret key counts as its public half. Another copy of a key that is there adds what it
    /// knows more.
    ///
    /// # Errors
    /// [`KeyError`] if the text is not exactly one usable key.
    pub fn add(&mut self, armored: &str) -> Result<Fingerprint, KeyError> {
        self.insert(transferable::one_key(armored)?)
    }

    /// Adds all keys of a text or file, armored or binary. Keys that can not be used are left out, one by one.
    ///
    /// # Errors
    /// [`KeyError`] if the whole is too large or not OpenPGP.
    pub fn add_all(&mut self, keys: &[u8]) -> Result<Vec<Skipped>, KeyError> {
        let mut skipped = Vec::new();
        for (index, key) in transferable::keys(keys)?.into_iter().enumerate() {
            if let Err(error) = key.and_then(|key| self.insert(key)) {
                skipped.push(Skipped { place: format!("key {}", index + 1), error });
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

    fn insert(&mut self, key: TransferableKey) -> Result<Fingerprint, KeyError> {
        let mut certificate = Certificate::new(key)?;
        let fingerprint = certificate.fingerprint.clone();
        let place = self.places.get(&fingerprint).copied().unwrap_or(self.certificates.len());
        if let Some(known) = self.certificates.get(place) {
            let mut merged = known.source.clone();
            merged.merge(certificate.source);
            certificate = Certificate::new(merged)?;
        }
        for (id, subkey) in certificate.key_ids() {
            let owners = self.by_key_id.entry(id).or_default();
            if !owners.contains(&(place, subkey)) {
                owners.push((place, subkey));
            }
        }
        match self.certificates.get_mut(place) {
            Some(known) => *known = certificate,
            None => {
                self.places.insert(fingerprint.clone(), place);
                self.certificates.push(certificate);
            }
        }
        Ok(fingerprint)
    }

    /// Fingerprints of the primary keys, in the order of adding.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.certificates.iter().map(|certificate| &certificate.fingerprint)
    }

    /// The public key with this fingerprint.
    pub(super) fn certificate(&self, fingerprint: &Fingerprint) -> Option<&Certificate> {
        self.certificates.get(*self.places.get(fingerprint)?)
    }

    /// The parameters of all keys and subkeys.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &PublicParams> {
        self.certificates.iter().flat_map(|certificate| {
            let places = std::iter::once(None).chain((0..certificate.subkeys.len()).map(Some));
            places.filter_map(|place| certificate.parameters(place))
        })
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
        self.judge(message, signature_line, now).map(|(certificate, _)| certificate.fingerprint.clone())
    }

    /// As [`verify`](Self::verify), and which of the signer's keys it was.
    pub(super) fn judge(
        &self,
        message: &[u8],
        signature_line: &str,
        now: SystemTime,
    ) -> Result<(&Certificate, Option<usize>), VerifyError> {
        let packets = line::decode(signature_line)?;
        let now = unix_seconds(now);
        let mut unknown = None;
        for packet in PacketParser::new(Cursor::new(packets)).take(MAX_PACKETS) {
            let signature = match packet {
                Ok(Packet::Signature(signature)) => signature,
                Ok(_) => continue,
                Err(error) => return Err(VerifyError::Syntax(error.to_string())),
            };
            // More than one key only if key ids collide: then any of them may be the signer.
            let mut refused = None;
            for (certificate, subkey) in self.issuers(&signature) {
                match policy::check(&signature, certificate, subkey, message, now) {
                    Ok(()) => return Ok((certificate, subkey)),
                    Err(error) => refused = Some(refused.unwrap_or(error)),
                }
            }
            if let Some(error) = refused {
                return Err(error);
            }
            unknown.get_or_insert_with(|| issuer_name(&signature));
        }
        Err(unknown.map_or(VerifyError::Empty, VerifyError::UnknownSigner))
    }

    /// The keys that a signature names, by key id or fingerprint, in either area of the packet.
    fn issuers(&self, signature: &Signature) -> impl Iterator<Item = (&Certificate, Option<usize>)> {
        let fingerprints = signature.issuer_fingerprint().into_iter();
        let ids: BTreeSet<[u8; 8]> = fingerprints
            .filter_map(|fingerprint| fingerprint.as_bytes().last_chunk().copied())
            .chain(signature.issuer_key_id().into_iter().map(key_id))
            .collect();
        let places = ids.into_iter().filter_map(|id| self.by_key_id.get(&id)).flatten();
        places.filter_map(|(place, subkey)| Some((self.certificates.get(*place)?, *subkey)))
    }
}

/// Seconds since 1970, and 0 before.
pub(super) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

fn issuer_name(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(ToString::to_string);
    fingerprint
        .or_else(|| signature.issuer_key_id().first().map(ToString::to_string))
        .unwrap_or_else(|| "without a name".to_owned())
}
