//! The REST API of a MIG platform: every answer in the original's envelope under its base route, and beside it what the original
//! lacks: cancelling, following an action as a stream of events, a preview of targets, version and health.
//!
//! [`router`] makes the whole of it from an [`Api`]; [`ROUTES`] lists it: method, path, who may call. The program `mig-api` adds the
//! configuration, a store and a listener ([`serve`]).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), mig_core::store::StoreError> {
//! use mig_api::{Api, Settings, router};
//!
//! let store = mig_store::open("sqlite::memory:").await?;
//! let service = router(Api::new(store, Settings::default()));
//! # drop(service);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod access;
mod answer;
pub mod cli;
mod client;
mod error;
mod form;
mod keys;
mod limiter;
mod observe;
mod operation;
mod routes;
pub mod serve;
mod state;

pub use self::{
    limiter::Rate,
    routes::{Access, Answer, ROUTES, Route, describe, router},
    state::{Api, Settings},
};
