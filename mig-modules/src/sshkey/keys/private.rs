//! Private keys in PEM: only as much of them as the public half, and whether a passphrase is needed.

use super::{
    blob::{Fields, PublicKey},
    der,
    pem::Block,
};

/// What is to be known of a private key.
#[derive(Debug)]
pub(super) enum PrivateKey {
    /// Its public half, if it tells that.
    Plain(Option<PublicKey>),
    /// A passphrase opens it.
    Encrypted,
}

/// The first private key of a file.
pub(super) fn find(content: &[u8]) -> Option<PrivateKey> {
    Block::all(content).find_map(|block| parse(&block))
}

fn parse(block: &Block<'_>) -> Option<PrivateKey> {
    let public = match block.label {
        b"OPENSSH PRIVATE KEY" => return openssh(&block.decode()?),
        b"ENCRYPTED PRIVATE KEY" => return block.decode().map(|_| PrivateKey::Encrypted),
        b"RSA PRIVATE KEY" | b"DSA PRIVATE KEY" | b"EC PRIVATE KEY" if block.is_encrypted() => {
            return block.decode().map(|_| PrivateKey::Encrypted);
        }
        b"RSA PRIVATE KEY" => der::rsa(&block.decode()?),
        b"DSA PRIVATE KEY" => der::dsa(&block.decode()?),
        b"EC PRIVATE KEY" => der::ec(&block.decode()?, None),
        b"PRIVATE KEY" => der::pkcs8(&block.decode()?),
        _ => return None,
    };
    public.ok().map(PrivateKey::Plain)
}

/// OpenSSH's PROTOCOL.key: the public half stands in front, in clear text.
fn openssh(bytes: &[u8]) -> Option<PrivateKey> {
    let mut fields = Fields(bytes.strip_prefix(b"openssh-key-v1\0")?);
    let cipher = fields.string()?;
    let _kdf = (fields.string()?, fields.string()?);
    let keys = fields.number()?;
    let public = PublicKey::parse(fields.string()?)?;
    let _private = fields.string()?;
    match (keys, cipher) {
        (1, b"none") => Some(PrivateKey::Plain(Some(public))),
        (1, _) => Some(PrivateKey::Encrypted),
        _ => None,
    }
}
