//! `~/.migrc`: the configuration of the investigator's tools.

use super::{Config, Reader};
use std::{collections::BTreeMap, path::PathBuf};
use zeroize::Zeroizing;

/// What the tools are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientConfig {
    /// Base of the API, with a slash at its end; `None` asks this machine only.
    pub api: Option<String>,
    /// Take any certificate of the API. A dangerous switch.
    pub skips_certificate_check: bool,
    /// Directory of GnuPG; `None` for the usual one.
    pub gnupg_home: Option<PathBuf>,
    /// Fingerprint of the key that signs, upper case.
    pub key: Option<String>,
    /// Key for the API in place of signed tokens.
    pub api_key: Option<Zeroizing<String>>,
    /// Names of targets.
    pub macros: BTreeMap<String, String>,
}

/// Digits of a fingerprint: version 4 and version 6 keys.
const FINGERPRINT_DIGITS: [usize; 2] = [40, 64];

impl Config for ClientConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.obsolete("gpg", "keyserver", "keys are not fetched from servers");
        Self {
            api: api(reader),
            skips_certificate_check: reader.switch("api", "skipverifycert").unwrap_or(false),
            gnupg_home: reader.path("gpg", "home"),
            key: key(reader),
            api_key: reader.word("gpg", "useapikeyauth").map(Zeroizing::new),
            macros: macros(reader),
        }
    }
}

fn api(reader: &mut Reader<'_>) -> Option<String> {
    let mut url = reader.word("api", "url")?;
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        reader.fault("api", "url", &format!("'{url}' is no URL such as https://mig.example.net/api/v1/"));
    }
    if !url.ends_with('/') {
        url.push('/');
    }
    Some(url)
}

fn key(reader: &mut Reader<'_>) -> Option<String> {
    let key: String = reader.word("gpg", "keyid")?.chars().filter(|letter| !letter.is_whitespace()).collect();
    let is_fingerprint = key.chars().all(|digit| digit.is_ascii_hexdigit());
    if !(is_fingerprint && FINGERPRINT_DIGITS.contains(&key.len())) {
        let fault =
            format!("'{key}' is no fingerprint of 40 hexadecimal digits: gpg --list-secret-keys shows them");
        reader.fault("gpg", "keyid", &fault);
    }
    Some(key.to_ascii_uppercase())
}

fn macros(reader: &mut Reader<'_>) -> BTreeMap<String, String> {
    let mut macros = BTreeMap::new();
    for (line, text) in reader.list("targets", "macro") {
        match text.split_once(':') {
            Some((name, target)) if !name.is_empty() => {
                if macros.insert(name.to_owned(), target.to_owned()).is_some() {
                    reader.warn(
                        Some(line),
                        "targets.macro",
                        format!("macro '{name}' replaces an earlier one"),
                    );
                }
            }
            _ => reader.fault("targets", "macro", &format!("'{text}' is no macro such as name:condition")),
        }
    }
    macros
}
