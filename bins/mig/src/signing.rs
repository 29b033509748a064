//! Who signs, and with what passphrase.

use crate::{
    cli::SigningOptions,
    state::{State, read_secret, text_in},
};
use anyhow::{Context, Result};
use mig_core::{
    action::{Action, SignedText},
    sign::{Fingerprint, Gnupg, Keyring, PASSPHRASE_VARIABLE, Passphrase, SecretKey, Signer},
    time::Time,
};
use std::{env, time::SystemTime};
use zeroize::Zeroizing;

/// Who signs.
#[derive(Debug)]
pub struct OwnKey {
    /// Signs.
    pub signer: Box<dyn Signer>,
    /// The public half, armored.
    pub public_key: String,
}

impl OwnKey {
    fn of(key: SecretKey) -> Result<Self> {
        Ok(Self { public_key: key.public_armored()?, signer: Box::new(key) })
    }
}

/// The signer that the options name. The state directory is opened only if its key is needed.
///
/// # Errors
/// If there is no such key, or it does not open.
pub fn own_key(options: &SigningOptions, state: impl FnOnce() -> Result<State>) -> Result<OwnKey> {
    if let Some(path) = &options.key_file {
        let secret = read_secret(path)?;
        let text = text_in(path, &secret)?;
        let load = |passphrase: Option<&Passphrase>| {
            SecretKey::from_armored(text, passphrase).with_context(|| path.display().to_string())
        };
        return OwnKey::of(unlocked(load, options)?);
    }
    if let Some(fingerprint) = &options.gpg {
        let gnupg = Gnupg { passphrase: given_passphrase(options)?, ..Gnupg::default() };
        let signer = gnupg.signer(fingerprint)?;
        let public_key = signer.public_key().to_owned();
        return Ok(OwnKey { signer: Box::new(signer), public_key });
    }
    let state = state()?;
    let fingerprint = match &options.key {
        Some(fingerprint) => fingerprint.clone(),
        None => state.signer()?,
    };
    OwnKey::of(unlocked(|passphrase| state.key(&fingerprint, passphrase), options)?)
}

/// Asks for a passphrase only if the key is locked.
fn unlocked(
    load: impl Fn(Option<&Passphrase>) -> Result<SecretKey>,
    options: &SigningOptions,
) -> Result<SecretKey> {
    let key = load(None)?;
    if !key.is_locked() {
        return Ok(key);
    }
    let passphrase = match given_passphrase(options)? {
        Some(passphrase) => passphrase,
        None => ask(&format!("Passphrase of key {}: ", key.fingerprint()))?,
    };
    load(Some(&passphrase))
}

/// The passphrase from `--passphrase-file` or the environment.
///
/// # Errors
/// If the file can not be read.
pub fn given_passphrase(options: &SigningOptions) -> Result<Option<Passphrase>> {
    if let Some(path) = &options.passphrase_file {
        let secret = read_secret(path)?;
        return Ok(Some(text_in(path, &secret)?.lines().next().unwrap_or_default().to_owned().into()));
    }
    Ok(env::var(PASSPHRASE_VARIABLE).ok().map(Passphrase::from))
}

/// Asks twice for a passphrase that protects a new key.
///
/// # Errors
/// If there is no terminal, or the two differ.
pub fn new_passphrase() -> Result<Passphrase> {
    let prompt = |text| rpassword::prompt_password(text).map(Zeroizing::new).context(NO_TERMINAL);
    let mut first = prompt("Passphrase of the new key: ")?;
    let second = prompt("The same again: ")?;
    anyhow::ensure!(first == second, "the two passphrases differ");
    anyhow::ensure!(!first.is_empty(), "an empty passphrase protects nothing");
    Ok(std::mem::take(&mut *first).into())
}

const NO_TERMINAL: &str = "the key is locked and there is no terminal to ask for its passphrase: \
                           use --passphrase-file or MIGPGPPASSPHRASE";

fn ask(prompt: &str) -> Result<Passphrase> {
    Ok(rpassword::prompt_password(prompt).context(NO_TERMINAL)?.into())
}

/// True if a good signature of this key is there already: agents refuse a second one.
///
/// # Errors
/// If the action can not be written as signed text.
pub fn has_signed(action: &Action, public_key: &str, fingerprint: &Fingerprint) -> Result<bool> {
    let mut keyring = Keyring::default();
    keyring.add(public_key)?;
    let text = SignedText::of(action)?;
    let now = SystemTime::now();
    let mut signatures = action.signatures.iter().flatten();
    Ok(signatures.any(|signature| text.verify(&keyring, signature, now).is_ok_and(|by| by == *fingerprint)))
}

/// Compresses what wants it and adds a signature. What is already signed stays as it is.
///
/// # Errors
/// If the action breaks a rule, or the key does not sign.
pub fn sign(action: &mut Action, signer: &dyn Signer) -> Result<()> {
    action.refuse_ambiguous_text()?;
    action.validate_unsigned(Time::now())?;
    if action.signatures.as_ref().is_none_or(Vec::is_empty) {
        for operation in action.operations.iter_mut().flatten() {
            operation.compress()?;
        }
    }
    let signature = signer.sign(action.signing_string()?.as_bytes())?;
    action.signatures.get_or_insert_default().push(signature);
    Ok(())
}
