//! Sections that several programs have.

use super::Reader;
use crate::logging::LoggingConfig;
use std::fmt::{self, Debug, Formatter};
use zeroize::Zeroizing;

/// The section `[postgres]`: where the database is.
#[derive(Clone, PartialEq, Eq)]
pub struct Database {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// Name of the role.
    pub user: String,
    /// Its password.
    pub password: Zeroizing<String>,
    /// `disable`, `require` (encrypted, whoever answers) or `verify-full`.
    pub ssl_mode: String,
    /// Most connections.
    pub max_connections: u32,
}

impl Debug for Database {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { host, port, name, user, ssl_mode, .. } = self;
        write!(formatter, "Database(postgres://{user}:...@{host}:{port}/{name}?sslmode={ssl_mode})")
    }
}

impl Database {
    /// `None` if no database is named: then the embedded store is used.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut word = |key| reader.word("postgres", key);
        let (host, name, user, password) = (word("host"), word("dbname"), word("user"), word("password"));
        let ssl_mode = word("sslmode").unwrap_or_else(|| "disable".to_owned());
        let port = reader.number("postgres", "port").unwrap_or(5432);
        let max_connections: u32 = reader.number("postgres", "maxconn").unwrap_or(0);
        if !matches!(ssl_mode.as_str(), "disable" | "prefer" | "require" | "verify-ca" | "verify-full") {
            let text = format!("'{ssl_mode}' is none of disable, prefer, require, verify-ca, verify-full");
            reader.fault("postgres", "sslmode", &text);
        }
        let (host, name) = match (host, name) {
            (None, None) => return None,
            (host, name) => (host.unwrap_or_else(|| "localhost".to_owned()), name),
        };
        let missing = ["dbname", "user"].into_iter().zip([&name, &user]).filter(|(_, value)| value.is_none());
        for key in missing.map(|(key, _)| key).collect::<Vec<_>>() {
            reader.fault("postgres", key, "it is missing: a database needs a name and a user");
        }
        Some(Self {
            host,
            port,
            name: name.unwrap_or_default(),
            user: user.unwrap_or_default(),
            password: Zeroizing::new(password.unwrap_or_default()),
            ssl_mode,
            // The original takes 0 for no limit; one database serves more than this program.
            max_connections: if max_connections == 0 { 16 } else { max_connections },
        })
    }
}

/// A proxy for HTTP CONNECT, `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Name or address; a literal IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Proxy {
    /// A proxy of the form `host:port`, or with `http://` before it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let address = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match parts {
            Some((host, port)) if !host.is_empty() => {
                let host = host.trim_start_matches('[').trim_end_matches(']');
                Ok(Self { host: host.to_owned(), port })
            }
            _ => Err(format!("'{text}' is no proxy such as proxy.example.net:3128")),
        }
    }
}

/// The section `[logging]`.
pub(super) fn logging(reader: &mut Reader<'_>) -> Option<LoggingConfig> {
    let keys = ["mode", "level", "file", "host", "port", "protocol", "maxfilesize", "facility"];
    let section = reader.section("logging", &keys);
    if section.is_empty() {
        return None;
    }
    match LoggingConfig::from_section(section) {
        Ok((config, warnings)) => {
            warnings.into_iter().for_each(|text| reader.warn(None, "logging", text));
            Some(config)
        }
        Err(error) => {
            reader.fault("logging", "mode", &error.to_string());
            None
        }
    }
}
