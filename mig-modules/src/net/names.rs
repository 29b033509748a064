//! Host names, and the addresses behind them.

use super::{WaitError, in_background};
use mig_core::module::Stop;
use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    time::Duration,
};

/// Most addresses of one name that are looked at.
pub const MAX_ADDRESSES: usize = 16;

/// Longest host name, in bytes (RFC 1035).
const MAX_NAME_BYTES: usize = 253;
/// Longest part of a host name between dots, in bytes.
const MAX_LABEL_BYTES: usize = 63;
/// Longest time for one lookup: resolvers ask several servers several times.
const LOOKUP_TIME: Duration = Duration::from_secs(20);

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The run must end.
    #[error(transparent)]
    Stopped(#[from] Stop),
    /// The resolver of the system failed.
    #[error("cannot look up '{name}': {source}")]
    Failed {
        /// What was looked up.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The resolver of the system did not answer.
    #[error("cannot look up '{name}': {source}")]
    Slow {
        /// What was looked up.
        name: String,
        /// How long was waited.
        source: WaitError,
    },
    /// The name is known, and has no address.
    #[error("'{name}' has no address")]
    Nowhere {
        /// What was looked up.
        name: String,
    },
}

/// The addresses of a name in the order of the system's resolver, each once; an address stands for itself.
///
/// # Errors
/// [`LookupError`].
pub fn resolve(
    name: &str,
    port: u16,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<Vec<SocketAddr>, LookupError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let question = (name.to_owned(), port);
    let look_up = move || question.to_socket_addrs().map(distinct);
    let name = || name.to_owned();
    let addresses = match in_background(LOOKUP_TIME, checkpoint, look_up) {
        Ok(answer) => answer.map_err(|source| LookupError::Failed { name: name(), source })?,
        Err(WaitError::Stopped(stop)) => return Err(stop.into()),
        Err(source) => return Err(LookupError::Slow { name: name(), source }),
    };
    if addresses.is_empty() { Err(LookupError::Nowhere { name: name() }) } else { Ok(addresses) }
}

/// The first addresses, each once: resolvers name an address for each kind of socket.
fn distinct(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for address in found {
        if addresses.len() < MAX_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// Whether a text can be a host name: parts of letters, digits, `-` and `_` between dots, the last one no number, so that a
/// mistyped IPv4 address is none.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= MAX_NAME_BYTES
        && text.split('.').all(is_label)
        && !text.rsplit('.').next().is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_told_from_other_texts() {
        for name in
            ["localhost", "a", "www.example.net", "www.example.net.", "_ldap._tcp.x", "3com", "1.2.3.x"]
        {
            assert!(is_host_name(name), "{name}");
        }
        let long_label = "a".repeat(64);
        let long_name = ["a"; 200].join(".");
        let wrong = [
            "",
            ".",
            "a b",
            "a..b",
            "-a",
            "a-",
            "300.1.1.1",
            "12",
            "a/b",
            "é",
            &long_label,
            &long_name,
            "a\0",
        ];
        for text in wrong {
            assert!(!is_host_name(text), "{text}");
        }
    }

    #[test]
    fn an_address_stands_for_itself() {
        let found = resolve("::1", 80, &|| Err(Stop::Cancelled)).unwrap();
        assert_eq!(found, ["[::1]:80".parse().unwrap()]);
    }

    #[test]
    fn the_local_host_has_an_address_and_each_once() {
        let found = resolve("localhost", 1, &|| Ok(())).unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
        assert_eq!(distinct(found.iter().chain(&found).copied()), found);
    }

    #[test]
    fn a_name_that_does_not_exist_is_an_error_with_the_name() {
        let error = resolve("no-such-host.invalid", 1, &|| Ok(())).unwrap_err();
        assert!(error.to_string().starts_with("cannot look up 'no-such-host.invalid': "), "{error}");
    }
}
