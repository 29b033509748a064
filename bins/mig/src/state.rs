//! The state directory: keys, what the agent of this machine trusts, and what embedded mode remembers.
//!
//! ```text
//! setup.lock      held while a first run sets the directory up
//! signer          fingerprint of the key that signs by default; written last, so its presence says that all is set up
//! keys/*.asc      secret keys, armored, mode 0600
//! agentkeys/*.asc public keys whose signatures the embedded agent accepts
//! acl.cfg         what they may have the embedded agent do
//! agent/          identity and journal of the embedded agent
//! owners/         one locked file for each living process
//! store.db        the embedded store
//! ```

use anyhow::{Context, Result, bail};
use mig_core::{
    acl::Acl,
    limits,
    sign::{Fingerprint, KeyAlgorithm, Keyring, Passphrase, SecretKey, Signer},
    store::NewInvestigator,
};
use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Largest key file, in bytes.
const MAX_KEY_BYTES: usize = 1 << 20;

/// A state directory that is set up.
#[derive(Clone, Debug)]
pub struct State {
    root: PathBuf,
    /// The key that a first run made; `None` later.
    new_key: Option<Fingerprint>,
}

impl State {
    /// Where the state is: `$MIG_HOME`, else `$XDG_STATE_HOME/mig`, else `~/.local/state/mig`.
    ///
    /// # Errors
    /// If none of the variables is set.
    pub fn place() -> Result<PathBuf> {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        variable("MIG_HOME")
            // The specification of these variables says: relative paths do not count.
            .or_else(|| {
                variable("XDG_STATE_HOME").filter(|path| path.is_absolute()).map(|state| state.join("mig"))
            })
            .or_else(|| variable("HOME").map(|home| home.join(".local/state/mig")))
            .context("no place for the state of mig: set MIG_HOME, XDG_STATE_HOME or HOME")
    }

    /// Opens the state directory. The first time it is made, with a key; two first runs at once share one.
    ///
    /// # Errors
    /// If the directory can not be made, read or written.
    pub fn open(root: PathBuf) -> Result<Self> {
        make_private_directory(&root)?;
        let mut state = Self { root, new_key: None };
        if !state.is_set_up()? {
            let lock = state.lock()?;
            if !state.is_set_up()? {
                state.new_key = Some(state.set_up()?);
            }
            drop(lock);
        }
        Ok(state)
    }

    fn is_set_up(&self) -> Result<bool> {
        let path = self.path("signer");
        path.try_exists().with_context(|| format!("cannot look at {}", path.display()))
    }

    fn lock(&self) -> Result<File> {
        let path = self.path("setup.lock");
        let open = || {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.lock()?;
            Ok::<_, io::Error>(file)
        };
        open().with_context(|| format!("cannot write {}", path.display()))
    }

    /// Every step may have been done by a run that was killed: doing it again changes nothing that is there.
    fn set_up(&self) -> Result<Fingerprint> {
        for directory in ["keys", "agentkeys", "agent"] {
            make_private_directory(&self.path(directory))?;
        }
        let fingerprint = match self.keys()?.into_iter().next() {
            Some(key) => key,
            None => {
                let key = SecretKey::generate(&user_id(), KeyAlgorithm::Ed25519, None)?;
                self.add_key(&key)?;
                key.fingerprint().clone()
            }
        };
        write_private(&self.path("signer"), &format!("{fingerprint}\n"))?;
        Ok(fingerprint)
    }

    /// Keeps a secret key, and lets the embedded agent obey it.
    ///
    /// # Errors
    /// If a file can not be written.
    pub fn add_key(&self, key: &SecretKey) -> Result<()> {
        let file = format!("{}.asc", key.fingerprint());
        write_private(&self.path("agentkeys").join(&file), &key.public_armored()?)?;
        self.allow(key.fingerprint())?;
        write_private(&self.path("keys").join(&file), &key.to_armored()?)
    }

    /// Adds a key to those that may have every module run, in the list of the embedded agent.
    fn allow(&self, fingerprint: &Fingerprint) -> Result<()> {
        let mut acl = match self.acl() {
            Err(error) if is_not_found(&error) => Acl::default(),
            acl => acl?,
        };
        acl.allow("default", fingerprint);
        write_private(&self.path("acl.cfg"), &mig_core::json::to_string_pretty(&acl)?)
    }

    /// Fingerprints of the secret keys, in their order.
    ///
    /// # Errors
    /// If the directory can not be read.
    pub fn keys(&self) -> Result<Vec<Fingerprint>> {
        let directory = self.path("keys");
        let entries = fs::read_dir(&directory)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .with_context(|| format!("cannot read {}", directory.display()))?;
        let names = entries.iter().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned()));
        let mut keys: Vec<Fingerprint> = names.filter_map(|name| name.parse().ok()).collect();
        keys.sort();
        Ok(keys)
    }

    /// The key that signs by default.
    ///
    /// # Errors
    /// If the directory was damaged.
    pub fn signer(&self) -> Result<Fingerprint> {
        let path = self.path("signer");
        let text = read_text(&path, MAX_KEY_BYTES)?;
        text.trim().parse().with_context(|| format!("{} is damaged", path.display()))
    }

    /// A secret key.
    ///
    /// # Errors
    /// If there is none with this fingerprint.
    pub fn key(&self, fingerprint: &Fingerprint, passphrase: Option<&Passphrase>) -> Result<SecretKey> {
        let path = self.key_path(fingerprint);
        if !path.exists() {
            bail!("no key {fingerprint} in {}: `mig key list` shows those there are", self.root.display());
        }
        let text = read_text(&path, MAX_KEY_BYTES)?;
        SecretKey::from_armored(&text, passphrase).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Where a secret key is.
    #[must_use]
    pub fn key_path(&self, fingerprint: &Fingerprint) -> PathBuf {
        self.path("keys").join(format!("{fingerprint}.asc"))
    }

    /// The keys that the embedded agent obeys.
    ///
    /// # Errors
    /// If the directory can not be read.
    pub fn keyring(&self) -> Result<Keyring> {
        let mut keyring = Keyring::default();
        let directory = self.path("agentkeys");
        keyring.add_directory(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
        Ok(keyring)
    }

    /// Whoever has a key that the embedded agent obeys, as investigators of the embedded platform.
    ///
    /// # Errors
    /// If the directory or a key in it can not be read.
    pub fn investigators(&self) -> Result<Vec<NewInvestigator>> {
        let directory = self.path("agentkeys");
        let entries = fs::read_dir(&directory)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .with_context(|| format!("cannot read {}", directory.display()))?;
        let mut investigators = Vec::new();
        for path in entries.iter().map(fs::DirEntry::path) {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(fingerprint) = name.parse() else { continue };
            let public_key = read_text(&path, MAX_KEY_BYTES)?;
            investigators.push(NewInvestigator { name: user_id(), fingerprint, public_key });
        }
        Ok(investigators)
    }

    /// What the embedded agent lets them do.
    ///
    /// # Errors
    /// If the list can not be read, or is not one.
    pub fn acl(&self) -> Result<Acl> {
        let path = self.path("acl.cfg");
        let text = limits::read_file(&path, limits::MAX_ACL_BYTES)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Acl::from_slice(&text).with_context(|| path.display().to_string())
    }

    /// A file or directory of the state.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The key that this run made because there was none.
    #[must_use]
    pub fn new_key(&self) -> Option<&Fingerprint> {
        self.new_key.as_ref()
    }
}

/// The user id of a key for whoever runs this process.
pub(crate) fn user_id() -> String {
    let user = env::var("USER").unwrap_or_else(|_| "investigator".to_owned());
    let host = rustix::system::uname();
    format!("{user} <{user}@{}>", mig_core::json::lossy(host.nodename().to_bytes()))
}

fn is_not_found(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Makes a directory for us alone, with its parents; one that is there is closed to others.
fn make_private_directory(path: &Path) -> Result<()> {
    let make = || {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        close_to_others(path)
    };
    make().with_context(|| format!("cannot make the state directory {}", path.display()))
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes a file that only we can read, whole or not at all.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let write = || {
        // Temporary files have mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(drop).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a text of at most `limit` bytes; the error names the file.
pub(crate) fn read_text(path: &Path, limit: usize) -> Result<String> {
    let bytes = limits::read_file(path, limit).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_makes_a_key_and_the_second_one_finds_it() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("deep/mig");
        let first = State::open(root.clone()).unwrap();
        let key = first.new_key().expect("a new key").clone();
        let second = State::open(root).unwrap();
        assert_eq!(second.new_key(), None);
        assert_eq!(second.signer().unwrap(), key);
        assert_eq!(second.keys().unwrap(), std::slice::from_ref(&key));
        assert!(second.keyring().unwrap().fingerprints().eq([&key]));
        second.acl().unwrap().check("file", &[key]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_state() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let state = State::open(place.path().to_owned()).unwrap();
        assert_eq!(mode(state.root()), 0o700);
        assert_eq!(mode(&state.path("keys")), 0o700);
        assert_eq!(mode(&state.key_path(&state.signer().unwrap())), 0o600);
    }

    #[test]
    fn first_runs_at_once_share_one_key() {
        let place = tempfile::tempdir().unwrap();
        let open = || State::open(place.path().to_owned()).unwrap().signer().unwrap();
        let keys = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "{keys:?}");
        assert_eq!(State::open(place.path().to_owned()).unwrap().keys().unwrap().len(), 1);
    }

    #[test]
    fn a_first_run_that_was_killed_is_finished_by_the_next_one() {
        let place = tempfile::tempdir().unwrap();
        let first = State::open(place.path().to_owned()).unwrap().signer().unwrap();
        fs::remove_file(place.path().join("signer")).unwrap();
        assert_eq!(State::open(place.path().to_owned()).unwrap().signer().unwrap(), first);
    }
}
