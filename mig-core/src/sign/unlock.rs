//! Opening the locks of a secret key.

use super::transferable::{KeyError, syntax};
use pgp::{
    composed::SignedSecretKey,
    packet::{SecretKey, SecretSubkey},
    ser::Serialize,
    types::{EncryptedSecretParams, KeyDetails, Password, PlainSecretParams, S2kParams, SecretParams, Tag},
};

/// The same key, without the locks that a password opens. Parts that stay locked are left as they are: of a key that
/// is kept offline only the subkeys open.
pub(super) fn open(key: &SignedSecretKey, password: &Password) -> Result<SignedSecretKey, KeyError> {
    let mut open = key.clone();
    let primary = &key.primary_key;
    if let Some(plain) = unlock(primary.secret_params(), primary.public_key(), Tag::SecretKey, password) {
        open.primary_key =
            SecretKey::new(primary.public_key().clone(), SecretParams::Plain(plain)).map_err(syntax)?;
    }
    for subkey in &mut open.secret_subkeys {
        let public = subkey.key.public_key();
        if let Some(plain) = unlock(subkey.key.secret_params(), public, Tag::SecretSubkey, password) {
            subkey.key = SecretSubkey::new(public.clone(), SecretParams::Plain(plain)).map_err(syntax)?;
        }
    }
    Ok(open)
}

/// True if a part of the key is locked.
pub(super) fn is_locked(key: &SignedSecretKey) -> bool {
    key.primary_key.secret_params().is_encrypted()
        || key.secret_subkeys.iter().any(|subkey| subkey.key.secret_params().is_encrypted())
}

/// The secret of a locked key; `None` if it is not locked, or does not open.
fn unlock(
    secret: &SecretParams,
    public: &(impl KeyDetails + Serialize),
    tag: Tag,
    password: &Password,
) -> Option<PlainSecretParams> {
    let SecretParams::Encrypted(locked) = secret else { return None };
    let opened = locked.unlock(password, public, Some(tag)).ok();
    opened.or_else(|| with_simple_checksum(locked)?.unlock(password, public, Some(tag)).ok())
}

/// The library reads protection of usage 255 (a checksum of two bytes) as if it were 254 (SHA-1), which never opens.
fn with_simple_checksum(locked: &EncryptedSecretParams) -> Option<EncryptedSecretParams> {
    let S2kParams::Cfb { sym_alg, s2k, iv } = locked.string_to_key_params().clone() else { return None };
    let data = locked.data().to_vec().into();
    Some(EncryptedSecretParams::new(data, S2kParams::MalleableCfb { sym_alg, s2k, iv }))
}
