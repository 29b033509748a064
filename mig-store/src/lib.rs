//! What a MIG platform remembers: implementations of [`mig_core::store`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), mig_core::store::StoreError> {
//! let store = mig_store::open("sqlite::memory:").await?;
//! assert!(store.actions(None, 10).await?.is_empty());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod enrolment;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod search;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod time;

use mig_core::store::{Store, StoreError};
use std::sync::Arc;

/// Opens the store that a URL names: `sqlite:<path>`, `sqlite::memory:`, or `postgres://…`.
///
/// # Errors
/// [`StoreError::UnknownUrl`] if no compiled-in store knows the URL, else what opening it reports.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    #[cfg(feature = "sqlite")]
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Ok(match path {
            ":memory:" => Arc::new(sqlite::SqliteStore::in_memory().await?),
            path => Arc::new(sqlite::SqliteStore::open(path.trim_start_matches("//")).await?),
        });
    }
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Arc::new(postgres::PostgresStore::open(url).await?));
    }
    Err(StoreError::UnknownUrl { url: url.to_owned(), known: KNOWN_URLS })
}

const KNOWN_URLS: &[&str] = &[
    #[cfg(feature = "sqlite")]
    "sqlite:<path>",
    #[cfg(feature = "sqlite")]
    "sqlite::memory:",
    #[cfg(feature = "postgres")]
    "postgres://<user>@<host>/<database>",
];
