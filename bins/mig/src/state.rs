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
    agent::host_name,
    limits,
    sign::{Fingerprint, KeyAlgorithm, Keyring, Passphrase, SecretKey, Signer, Skipped},
    store::NewInvestigator,
};
use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Largest key file, in bytes.
const MAX_KEY_BYTES: usize = 1 << 20;
/// Longest login name in a user id, in characters.
const MAX_USER_NAME: usize = 64;

/// Who runs this process, where users have their files, and where the state lies there. On Windows that directory is closed to
/// other users by the system.
const USER: &str = if cfg!(windows) { "USERNAME" } else { "USER" };
const HOME: &str = if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" };
const STATE_IN_HOME: &str = if cfg!(windows) { "mig" } else { ".local/state/mig" };

/// A state directory that is set up.
#[derive(Clone, Debug)]
pub struct State {
    root: PathBuf,
    /// The key that a first run made; `None` later.
    new_key: Option<Fingerprint>,
}

impl State {
    /// Where the state is: `$MIG_HOME`, else `$XDG_STATE_HOME/mig`, else `~/.local/state/mig`, on Windows `%LOCALAPPDATA%\mig`.
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
            .or_else(|| variable(HOME).map(|home| home.join(STATE_IN_HOME)))
            .with_context(|| format!("no place for the state of mig: set MIG_HOME, XDG_STATE_HOME or {HOME}"))
    }

    /// Opens the state directory. The first time it is made, with a key; two first runs at once share one.
    ///
    /// # Errors
    /// If the directory can not be made, read or written, or belongs to others.
    pub fn open(root: PathBuf) -> Result<Self> {
        let mut state = Self::open_without_key(root)?;
        if !state.is_set_up()? {
            let lock = state.lock()?;
            if !state.is_set_up()? {
                state.new_key = state.set_up()?;
            }
            drop(lock);
        }
        Ok(state)
    }

    /// Opens the state directory as it is; makes its folders, but no key.
    ///
    /// # Errors
    /// If the directory can not be made, read or written, or belongs to others.
    pub fn open_without_key(root: PathBuf) -> Result<Self> {
        claim_directory(&root)?;
        let state = Self { root, new_key: None };
        for directory in ["keys", "agentkeys", "agent"] {
            make_private_directory(&state.path(directory))?;
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

    /// Makes sure that there is a key that signs; gives it if it is new. Every step may have been done by a run that was
    /// killed: doing it again changes nothing that is there.
    fn set_up(&self) -> Result<Option<Fingerprint>> {
        if let Some(key) = self.keys()?.into_iter().next() {
            self.set_signer(&key)?;
            return Ok(None);
        }
        let key = SecretKey::generate(&user_id(), KeyAlgorithm::Ed25519, None)?;
        self.keep(&key)?;
        self.set_signer(key.fingerprint())?;
        Ok(Some(key.fingerprint().clone()))
    }

    /// Keeps a secret key, and lets the embedded agent obey it. The first one signs by default.
    ///
    /// # Errors
    /// If a file can not be written.
    pub fn add_key(&self, key: &SecretKey) -> Result<()> {
        let _lock = self.lock()?;
        self.keep(key)?;
        if self.is_set_up()? { Ok(()) } else { self.set_signer(key.fingerprint()) }
    }

    fn keep(&self, key: &SecretKey) -> Result<()> {
        self.obey(key.fingerprint(), &key.public_armored()?)?;
        write_private(&self.key_path(key.fingerprint()), &key.to_armored()?)
    }

    /// Lets the embedded agent obey a key; false if it did before.
    ///
    /// # Errors
    /// If a file can not be written.
    pub fn trust(&self, fingerprint: &Fingerprint, public_key: &str) -> Result<bool> {
        let _lock = self.lock()?;
        let is_new = !self.public_key_path(fingerprint).exists();
        if is_new {
            self.obey(fingerprint, public_key)?;
        }
        Ok(is_new)
    }

    fn obey(&self, fingerprint: &Fingerprint, public_key: &str) -> Result<()> {
        self.allow(fingerprint)?;
        write_private(&self.public_key_path(fingerprint), public_key)
    }

    /// Has this key sign by default.
    ///
    /// # Errors
    /// If the file can not be written.
    pub fn set_signer(&self, fingerprint: &Fingerprint) -> Result<()> {
        write_private(&self.path("signer"), &format!("{fingerprint}\n"))
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
    /// If there is none, or the directory was damaged.
    pub fn signer(&self) -> Result<Fingerprint> {
        let path = self.path("signer");
        if !self.is_set_up()? {
            bail!("no key in {}: `mig key new` makes one", self.root.display());
        }
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
        let text = read_secret(&path)?;
        SecretKey::from_armored(text_in(&path, &text)?, passphrase)
            .with_context(|| format!("{} is damaged", path.display()))
    }

    /// Where a secret key is.
    #[must_use]
    pub fn key_path(&self, fingerprint: &Fingerprint) -> PathBuf {
        self.path("keys").join(format!("{fingerprint}.asc"))
    }

    fn public_key_path(&self, fingerprint: &Fingerprint) -> PathBuf {
        self.path("agentkeys").join(format!("{fingerprint}.asc"))
    }

    /// The keys that the embedded agent obeys, and those that can not be used.
    ///
    /// # Errors
    /// If the directory can not be read.
    pub fn keyring(&self) -> Result<(Keyring, Vec<Skipped>)> {
        let mut keyring = Keyring::default();
        let directory = self.path("agentkeys");
        let skipped = keyring
            .add_directory(&directory)
            .with_context(|| format!("cannot read {}", directory.display()))?;
        Ok((keyring, skipped))
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
    let user = user_name(&env::var(USER).unwrap_or_default());
    format!("{user} <{user}@{}>", host_name())
}

/// What of a login name may stand in a user id, whose brackets have a meaning.
fn user_name(login: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
    let name: String = login.chars().filter(kept).take(MAX_USER_NAME).collect();
    if name.is_empty() { "investigator".to_owned() } else { name }
}

fn is_not_found(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Makes a directory for us alone, with its parents; one that is there stays as it is.
fn make_private_directory(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("cannot make the state directory {}", path.display()))
}

/// Makes the state directory, or closes one that is empty or ours to others. A directory that others use is left alone:
/// closing it would lock them out.
fn claim_directory(root: &Path) -> Result<()> {
    make_private_directory(root)?;
    let name = || format!("cannot look at {}", root.display());
    if is_private(root).with_context(name)? {
        return Ok(());
    }
    let is_ours = root.join("signer").exists() || root.join("setup.lock").exists();
    let is_used = fs::read_dir(root).with_context(name)?.next().is_some();
    // Another first run closes the directory before it puts anything there: then what was seen is ours.
    if is_used && !is_ours && !is_private(root).with_context(name)? {
        bail!(
            "{} is open to others and holds other things: give mig a directory of its own (mode 0700)",
            root.display()
        );
    }
    close_to_others(root).with_context(|| format!("cannot close {} to others", root.display()))
}

#[cfg(unix)]
fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 == 0)
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> io::Result<bool> {
    Ok(true)
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

/// Reads a key or a passphrase; it is erased from memory when dropped.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    limits::read_secret(path, MAX_KEY_BYTES).with_context(|| format!("cannot read {}", path.display()))
}

/// The content of a file as text.
pub(crate) fn text_in<'a>(path: &Path, content: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(content).with_context(|| format!("{} is not text", path.display()))
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
        assert!(second.keyring().unwrap().0.fingerprints().eq([&key]));
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

    #[cfg(unix)]
    #[test]
    fn a_directory_that_others_use_is_left_alone() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("theirs"), "").unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let error = State::open(place.path().to_owned()).unwrap_err();
        assert!(error.to_string().contains("open to others"), "{error}");
        assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o7777, 0o1777);
    }

    #[test]
    fn every_login_name_gives_a_user_id() {
        for (login, name) in [("ada", "ada"), ("", "investigator"), ("a(b<c>", "abc"), ("()", "investigator")]
        {
            assert_eq!(user_name(login), name);
        }
    }

    #[test]
    fn keys_made_at_once_are_all_obeyed() {
        let place = tempfile::tempdir().unwrap();
        let state = State::open_without_key(place.path().to_owned()).unwrap();
        let add = || {
            let key = SecretKey::generate("Ada <ada@example.org>", KeyAlgorithm::Ed25519, None).unwrap();
            state.add_key(&key).unwrap();
        };
        std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(add))));
        let keys = state.keys().unwrap();
        assert_eq!(keys.len(), 8);
        let acl = state.acl().unwrap();
        assert!(keys.iter().all(|key| acl.check("file", std::slice::from_ref(key)).is_ok()));
        assert!(keys.contains(&state.signer().unwrap()));
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
