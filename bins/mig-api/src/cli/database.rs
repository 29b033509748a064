//! From the configuration to a store.

#[cfg(feature = "postgres")]
use anyhow::Context as _;
use anyhow::{Result, bail};
use mig_core::{config::Database, store::Store};
use std::sync::Arc;

/// Opens the store of the command line, else that of the configuration.
pub(super) async fn open(url: Option<&str>, database: Option<&Database>) -> Result<Arc<dyn Store>> {
    match (url, database) {
        (Some(url), _) => Ok(mig_store::open(url).await?),
        (None, Some(database)) => configured(database).await,
        (None, None) => bail!(
            "no database is named: write the section [postgres] of the configuration, or give --store sqlite:FILE"
        ),
    }
}

#[cfg(feature = "postgres")]
async fn configured(database: &Database) -> Result<Arc<dyn Store>> {
    use mig_store::postgres::{PostgresOptions, PostgresStore};
    let options = PostgresOptions { connections: database.max_connections, ..PostgresOptions::default() };
    let store = PostgresStore::open_with(&url(database), &options).await;
    Ok(Arc::new(store.with_context(|| format!("cannot open {database:?}"))?))
}

#[cfg(not(feature = "postgres"))]
async fn configured(_: &Database) -> Result<Arc<dyn Store>> {
    bail!("this program was built without PostgreSQL: give --store sqlite:FILE")
}

/// The URL of a database; whatever its parts hold. A host that is a directory is that of a socket.
#[cfg(feature = "postgres")]
fn url(database: &Database) -> zeroize::Zeroizing<String> {
    let [user, password, name, host, mode] =
        [&database.user, database.password.as_str(), &database.name, &database.host, &database.ssl_mode]
            .map(|part| zeroize::Zeroizing::new(escape(part)));
    let (port, is_socket) = (database.port, database.host.starts_with('/'));
    let (place, socket) = match database.host.contains(':') {
        _ if is_socket => ("localhost".to_owned(), format!("&host={}", *host)),
        true => (format!("[{}]", database.host.trim_matches(['[', ']'])), String::new()),
        false => (host.to_string(), String::new()),
    };
    let (user, password, name, mode) = (&*user, &*password, &*name, &*mode);
    format!("postgres://{user}:{password}@{place}:{port}/{name}?sslmode={mode}{socket}").into()
}

/// Percent-encodes everything but letters, digits, `-`, `_`, `.` and `~`.
#[cfg(feature = "postgres")]
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    fn database(host: &str) -> Database {
        Database {
            host: host.to_owned(),
            port: 5432,
            name: "mig".to_owned(),
            user: "migapi".to_owned(),
            password: "p@ss/w:rd?".to_owned().into(),
            ssl_mode: "verify-full".to_owned(),
            max_connections: 16,
        }
    }

    #[test]
    fn special_characters_of_a_password_do_not_break_the_url() {
        let expected = "postgres://migapi:p%40ss%2Fw%3Ard%3F@db.example.net:5432/mig?sslmode=verify-full";
        assert_eq!(*url(&database("db.example.net")), expected);
    }

    #[test]
    fn addresses_and_sockets_are_hosts_too() {
        assert!(url(&database("2001:db8::1")).contains("@[2001:db8::1]:5432/mig?"));
        assert!(url(&database("/run/postgresql")).ends_with("&host=%2Frun%2Fpostgresql"));
    }
}
