//! Which store the configuration means, and opening it.

use crate::StartError;
use mig_core::{
    config::{Database, SchedulerConfig},
    store::{Store, StoreError},
};
use mig_store::postgres::{PostgresOptions, PostgresStore};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// Pause between attempts to open a store that is not there yet.
const AGAIN: Duration = Duration::from_secs(2);

/// A store that is named.
#[derive(Clone, Debug)]
pub enum Place {
    /// A database of a server.
    Postgres(Database),
    /// The URL of another one.
    Url(String),
}

/// Which store a configuration names.
#[must_use]
pub fn place(config: &SchedulerConfig) -> Option<Place> {
    let database = config.database.clone().map(Place::Postgres);
    database.or_else(|| config.store.clone().map(Place::Url))
}

/// Opens it; waits for one that is not there yet.
pub(crate) async fn open(place: &Place) -> Result<Arc<dyn Store>, StartError> {
    loop {
        match open_once(place).await {
            Ok(store) => return Ok(store),
            Err(error) if error.is_transient() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no store yet, trying again");
                sleep(AGAIN).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn open_once(place: &Place) -> Result<Arc<dyn Store>, StoreError> {
    match place {
        Place::Url(url) => mig_store::open(url).await,
        Place::Postgres(database) => {
            let options =
                PostgresOptions { connections: database.max_connections, ..PostgresOptions::default() };
            Ok(Arc::new(PostgresStore::open_with(&url(database), &options).await?))
        }
    }
}

/// Names and passwords may hold any character.
fn url(database: &Database) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let Database { host, port, name, user, password, ssl_mode, .. } = database;
    let host = match host {
        // The folder of a socket.
        folder if folder.starts_with('/') => encoded(folder),
        address if address.contains(':') => format!("[{address}]"),
        name => name.clone(),
    };
    let (user, password, name) = (encoded(user), encoded(password), encoded(name));
    format!("postgres://{user}:{password}@{host}:{port}/{name}?sslmode={ssl_mode}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::config::Config as _;

    fn config(text: &str) -> SchedulerConfig {
        SchedulerConfig::parse(text).unwrap().config
    }

    #[test]
    fn every_character_of_a_password_reaches_the_server() {
        let text = "[postgres]\nhost = \"127.0.0.1\"\ndbname = mig\nuser = a@b\npassword = \"p@ss:w/rd%\"\n";
        let Some(Place::Postgres(database)) = place(&config(text)) else { panic!("it names a database") };
        let expected = "postgres://a%40b:p%40ss%3Aw%2Frd%25@127.0.0.1:5432/mig?sslmode=disable";
        assert_eq!(url(&database), expected);
    }

    #[test]
    fn a_url_names_a_store_and_nothing_names_none() {
        let found = place(&config("[store]\nurl = sqlite:/var/lib/mig/mig.db\n"));
        assert!(matches!(found, Some(Place::Url(url)) if url == "sqlite:/var/lib/mig/mig.db"));
        assert!(place(&config("")).is_none());
    }
}
