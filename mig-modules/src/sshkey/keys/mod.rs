//! Keys in the bytes of a file. Nothing here needs or keeps a secret: what is private is skipped unread where its form allows
//! it, and erased from memory where not.

mod blob;
mod der;
mod pem;
mod private;
mod public;

pub use blob::PublicKey;

use private::PrivateKey;
use std::ffi::OsStr;

/// What a file is, as far as keys go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// A private key.
    Private {
        /// Its public half; `None` if that is encrypted, or can not be told without computing on a curve.
        public: Option<PublicKey>,
        /// Whether it needs a passphrase.
        encrypted: bool,
    },
    /// Keys that may log in.
    Authorized {
        /// In the order of lines.
        keys: Vec<PublicKey>,
        /// A line is neither a key nor a comment.
        unparsable: bool,
    },
    /// The first public key of any other file.
    Public(PublicKey),
}

/// Finds the keys of a file by its base name and its content; `None` if there is none.
///
/// ```
/// use mig_modules::sshkey::keys::{KeyFile, read};
///
/// let line = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIHkdwtFWNq2VBWzCXhjp7ULe0mWdU3U7DReIhpUjklT me@here";
/// let Some(KeyFile::Public(key)) = read("id_ed25519.pub".as_ref(), line) else { panic!("no key") };
/// assert!(key.sha256_fingerprint().starts_with("SHA256:"));
/// ```
#[must_use]
pub fn read(name: &OsStr, content: &[u8]) -> Option<KeyFile> {
    if let Some(private) = private::find(content) {
        return Some(match private {
            PrivateKey::Encrypted => KeyFile::Private { public: None, encrypted: true },
            PrivateKey::Plain(public) => KeyFile::Private { public, encrypted: false },
        });
    }
    if name == "authorized_keys" || name == "authorized_keys2" {
        return Some(authorized(content));
    }
    lines(content).find_map(public::parse).map(KeyFile::Public)
}

fn authorized(content: &[u8]) -> KeyFile {
    let (mut keys, mut unparsable) = (Vec::new(), false);
    for line in lines(content).filter(|line| !public::is_blank(line)) {
        match public::parse(line) {
            Some(key) => keys.push(key),
            None => unparsable = true,
        }
    }
    KeyFile::Authorized { keys, unparsable }
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| *byte == b'\n')
}

#[cfg(test)]
mod tests;
