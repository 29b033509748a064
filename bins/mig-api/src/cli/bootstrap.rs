//! The first investigator of a platform, whom nobody else can add.

use anyhow::{Context, Result, bail};
use mig_core::{
    limits,
    permissions::Permissions,
    sign::Keyring,
    store::{InvestigatorStatus, NewAccount, Store},
};
use std::{
    io::{self, Write},
    path::Path,
    time::SystemTime,
};

/// Largest key, in bytes.
const MAX_KEY_BYTES: usize = 1 << 20;

/// Adds an investigator with all rights; one who is there gets all rights and is active again.
pub(super) async fn add_administrator(store: &dyn Store, name: &str, path: &Path) -> Result<()> {
    let unreadable = || format!("cannot read the key {}", path.display());
    let key = limits::read_file(path, MAX_KEY_BYTES).with_context(unreadable)?;
    let key = String::from_utf8(key).with_context(unreadable)?;
    if key.contains("PRIVATE KEY") {
        bail!("{} is a secret key: export the public one (gpg --armor --export)", path.display());
    }
    let fingerprint = Keyring::default().add(&key).with_context(unreadable)?;
    let (now, permissions) = (SystemTime::now(), Permissions::from_mask(u64::MAX));
    let key = Some((fingerprint.clone(), key));
    let new = NewAccount { name: name.to_owned(), key, permissions };
    let id = match store.create_account(&new, now).await? {
        Some(id) => id,
        None => {
            let known =
                store.account_of_key(&fingerprint).await?.context("the key is there, but nobody's")?;
            store.set_permissions(known.id, permissions, now).await?;
            store.set_investigator_status(known.id, InvestigatorStatus::Active, now).await?;
            known.id
        }
    };
    writeln!(io::stdout(), "investigator {id} with key {} has all rights", fingerprint.to_upper())?;
    Ok(())
}
