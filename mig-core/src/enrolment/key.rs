//! The key of one agent: Ed25519 (RFC 8032), in the file `.migagtkey` of its state directory.

use crate::{agent::files, limits};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
};
use zeroize::Zeroizing;

/// The file in the state directory: 32 bytes in base64, for the agent's user only.
const FILE_NAME: &str = ".migagtkey";
/// Nobody writes longer ones.
const LONGEST: usize = 128;

/// The secret key by which an agent proves who it is.
#[derive(Clone)]
pub struct AgentKey(SigningKey);

/// Why an agent has no key.
#[derive(Debug, thiserror::Error)]
pub enum AgentKeyError {
    /// The file can not be used.
    #[error("cannot {operation} the agent's key {}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file holds something else. It is not replaced: the platform knows the agent by the key that was in it.
    #[error("{} holds no key of an agent: restore it, or remove it and enrol the agent again", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
}

impl AgentKey {
    /// A new key, kept nowhere.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn generate() -> io::Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(io::Error::other)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads the key from a state directory; makes a new one if there is none. Of several processes that make the first one
    /// at once, all get the same.
    ///
    /// # Errors
    /// [`AgentKeyError`] if the file can not be read or written, or holds something else.
    pub fn load_or_create(state_directory: &Path) -> Result<Self, AgentKeyError> {
        let path = state_directory.join(FILE_NAME);
        let failed = |operation| {
            let path = path.clone();
            move |source| AgentKeyError::File { operation, path, source }
        };
        if let Some(key) = read(&path)? {
            return Ok(key);
        }
        files::private_directory(state_directory).map_err(failed("make a directory for"))?;
        let key = Self::generate().map_err(failed("make"))?;
        if key.create(&path).map_err(failed("write"))? {
            return Ok(key);
        }
        // Somebody was faster.
        read(&path)?.ok_or_else(|| failed("read")(io::ErrorKind::NotFound.into()))
    }

    fn create(&self, path: &Path) -> io::Result<bool> {
        let text = Zeroizing::new(STANDARD.encode(Zeroizing::new(self.0.to_bytes())));
        let file = files::write_beside(path, text.as_bytes())?;
        file.as_file().sync_all()?;
        let created = files::name_new(file, path)?;
        files::sync_names(path)?;
        Ok(created)
    }

    /// The half that platforms may know.
    #[must_use]
    pub fn public(&self) -> AgentPublicKey {
        AgentPublicKey(self.0.verifying_key())
    }

    /// Signs a text.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }
}

impl fmt::Debug for AgentKey {
    /// Without the secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("AgentKey").field(&self.public()).finish()
    }
}

/// `None` if there is no file.
fn read(path: &Path) -> Result<Option<AgentKey>, AgentKeyError> {
    let text = match limits::read_secret(path, LONGEST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(AgentKeyError::Damaged { path: path.to_owned() });
        }
        Err(source) => return Err(AgentKeyError::File { operation: "read", path: path.to_owned(), source }),
    };
    let seed = STANDARD.decode(text.trim_ascii()).ok().map(Zeroizing::new);
    match seed.as_ref().and_then(|seed| <&[u8; 32]>::try_from(seed.as_slice()).ok()) {
        Some(seed) => Ok(Some(AgentKey(SigningKey::from_bytes(seed)))),
        None => Err(AgentKeyError::Damaged { path: path.to_owned() }),
    }
}

/// The public half of an agent's key. As text: its 32 bytes in base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AgentPublicKey(VerifyingKey);

/// What was given is no public key of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the public key of an agent: one is 32 bytes of Ed25519, in base64 as text")]
pub struct PublicKeyError;

impl AgentPublicKey {
    /// Reads the 32 bytes of RFC 8032.
    ///
    /// # Errors
    /// [`PublicKeyError`] for another length, and for points that are no key or a weak one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let bytes = <&[u8; 32]>::try_from(bytes).map_err(|_| PublicKeyError)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| PublicKeyError)?;
        if key.is_weak() { Err(PublicKeyError) } else { Ok(Self(key)) }
    }

    /// The 32 bytes of RFC 8032.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether this key signed exactly this text.
    #[must_use]
    pub fn has_signed(&self, text: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(text, &Signature::from_bytes(signature)).is_ok()
    }
}

impl FromStr for AgentPublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        if text.len() > LONGEST {
            return Err(PublicKeyError);
        }
        Self::from_bytes(&STANDARD.decode(text).map_err(|_| PublicKeyError)?)
    }
}

impl fmt::Display for AgentPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(self.as_bytes()))
    }
}

impl fmt::Debug for AgentPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AgentPublicKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, thread};

    #[test]
    fn a_key_is_made_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("new").join("state");
        let key = AgentKey::load_or_create(&state).unwrap();
        assert_eq!(AgentKey::load_or_create(&state).unwrap().public(), key.public());
        assert_ne!(AgentKey::generate().unwrap().public(), key.public());
    }

    #[test]
    fn processes_that_start_at_once_agree() {
        let directory = tempfile::tempdir().unwrap();
        let make = || AgentKey::load_or_create(directory.path()).unwrap().public();
        thread::scope(|scope| {
            let keys: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            let keys: Vec<_> = keys.into_iter().map(|key| key.join().unwrap()).collect();
            assert!(keys.iter().all(|key| *key == keys[0]));
        });
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        for damaged in [String::new(), "AAAA".to_owned(), "?".repeat(44), "A".repeat(5000)] {
            fs::write(&path, &damaged).unwrap();
            let error = AgentKey::load_or_create(directory.path()).unwrap_err();
            assert!(matches!(error, AgentKeyError::Damaged { .. }), "{error}");
            assert_eq!(limits::read_file(&path, 9999).unwrap(), damaged.as_bytes());
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        AgentKey::load_or_create(directory.path()).unwrap();
        let metadata = fs::metadata(directory.path().join(FILE_NAME)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_signature_is_good_for_its_text_and_its_key() {
        let key = AgentKey::generate().unwrap();
        let signature = key.sign(b"text");
        let public: AgentPublicKey = key.public().to_string().parse().unwrap();
        assert!(public.has_signed(b"text", &signature));
        assert!(!public.has_signed(b"other", &signature));
        assert!(!AgentKey::generate().unwrap().public().has_signed(b"text", &signature));
    }

    #[test]
    fn a_weak_key_is_none() {
        let mut small_order = [0; 32];
        small_order[0] = 1;
        for bytes in [&[0; 31][..], &[0; 32], &small_order] {
            assert_eq!(AgentPublicKey::from_bytes(bytes), Err(PublicKeyError));
        }
    }
}
