//! `mig key ...`: the keys of the state directory.

use super::Context;
use crate::{
    cli::{Format, KeyCommand},
    exit::Exit,
    printer::{Colour, Printer},
    signing,
    state::{self, State},
};
use anyhow::{Context as _, Result};
use mig_core::sign::{Fingerprint, KeyAlgorithm, Keyring, SecretKey, Signer};
use serde::Serialize;
use std::{io, path::Path};

pub(super) fn run(context: &mut Context<'_>, command: &KeyCommand) -> Result<Exit> {
    match command {
        KeyCommand::New { name, rsa, protect } => new(context, name.as_deref(), *rsa, *protect),
        KeyCommand::List => list(context),
        KeyCommand::Export { fingerprint, secret } => export(context, fingerprint.as_ref(), *secret),
        KeyCommand::Import { file } => import(context, file),
        KeyCommand::Default { fingerprint } => set_default(context, fingerprint),
    }
}

fn new(context: &mut Context<'_>, name: Option<&str>, rsa: Option<u32>, protect: bool) -> Result<Exit> {
    let algorithm = rsa.map_or(KeyAlgorithm::Ed25519, |bits| KeyAlgorithm::Rsa { bits });
    let passphrase = match signing::given_passphrase(&context.cli.signing)? {
        None if protect => Some(signing::new_passphrase()?),
        given => given,
    };
    let user_id = name.map_or_else(state::user_id, str::to_owned);
    let key = SecretKey::generate(&user_id, algorithm, passphrase.as_ref())?;
    context.own_state()?.add_key(&key)?;
    if algorithm == KeyAlgorithm::Ed25519 {
        let warning = "mig: agents of the original can not read a keyring with an Ed25519 key in it: \
                       for a fleet that still has some, make an RSA key (--rsa 3072)";
        context.printer.note(Colour::Yellow, warning);
    }
    context.printer.line(key.fingerprint().as_str())?;
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct KeyRecord {
    fingerprint: Fingerprint,
    /// Signs unless another key is named.
    default: bool,
    locked: bool,
    algorithm: String,
    /// Its user id.
    owner: String,
    file: String,
}

fn list(context: &mut Context<'_>) -> Result<Exit> {
    let state = context.own_state()?;
    let keys = state.keys()?;
    let default = if keys.is_empty() { None } else { Some(state.signer()?) };
    let record = |fingerprint: Fingerprint| {
        let key = state.key(&fingerprint, None)?;
        Ok(KeyRecord {
            default: Some(&fingerprint) == default.as_ref(),
            locked: key.is_locked(),
            algorithm: key.algorithm(),
            owner: key.user_id().unwrap_or_default().to_owned(),
            file: state.key_path(&fingerprint).display().to_string(),
            fingerprint,
        })
    };
    let records = keys.into_iter().map(record).collect::<Result<Vec<_>>>()?;
    if context.cli.output.format == Format::Human {
        records.iter().try_for_each(|key| print_for_people(key, &mut context.printer))?;
        return Ok(Exit::Done);
    }
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    context.print_records(&["fingerprint", "default", "locked", "algorithm", "owner"], &records, |key| {
        let KeyRecord { fingerprint, algorithm, default, locked, owner, .. } = key;
        [fingerprint.to_string(), yes(*default), yes(*locked), algorithm.clone(), owner.clone()]
    })?;
    Ok(Exit::Done)
}

/// Two lines: the key, and whose it is.
fn print_for_people(key: &KeyRecord, printer: &mut Printer) -> io::Result<()> {
    let KeyRecord { fingerprint, algorithm, owner, .. } = key;
    let default = if key.default { ", signs by default" } else { "" };
    let locked = if key.locked { ", locked by a passphrase" } else { "" };
    printer.line(&format!("{fingerprint}  {algorithm}{default}{locked}"))?;
    printer.line(&format!("    {owner}"))
}

fn export(context: &mut Context<'_>, fingerprint: Option<&Fingerprint>, secret: bool) -> Result<Exit> {
    let state = context.own_state()?;
    let key = load(&state, fingerprint)?;
    if secret {
        // The text stays in memory that is erased.
        let text = key.to_armored()?;
        context.printer.data(text.trim_end())?;
    } else {
        context.printer.data(key.public_armored()?.trim_end())?;
    }
    context.printer.data("\n")?;
    Ok(Exit::Done)
}

fn load(state: &State, fingerprint: Option<&Fingerprint>) -> Result<SecretKey> {
    match fingerprint {
        Some(fingerprint) => state.key(fingerprint, None),
        None => state.key(&state.signer()?, None),
    }
}

fn import(context: &mut Context<'_>, file: &Path) -> Result<Exit> {
    let secret = state::read_secret(file)?;
    let text = state::text_in(file, &secret)?;
    let state = context.own_state()?;
    let fingerprint = if text.contains("PUBLIC KEY BLOCK") {
        let fingerprint = Keyring::default()
            .add(text)
            .with_context(|| format!("{} is not one armored public key", file.display()))?;
        state.trust(&fingerprint, text)?;
        fingerprint
    } else {
        let key = SecretKey::from_armored(text, None)
            .with_context(|| format!("{} is not one armored secret key", file.display()))?;
        state.add_key(&key)?;
        key.fingerprint().clone()
    };
    context.printer.line(fingerprint.as_str())?;
    Ok(Exit::Done)
}

fn set_default(context: &mut Context<'_>, fingerprint: &Fingerprint) -> Result<Exit> {
    let state = context.own_state()?;
    state.key(fingerprint, None)?;
    state.set_signer(fingerprint)?;
    Ok(Exit::Done)
}
