//! One request: its number, its URL, its caller's address.

use crate::{Api, client};
use axum::{
    extract::{ConnectInfo, Request},
    http::{Method, Uri},
};
use mig_core::id;
use std::net::{IpAddr, SocketAddr};

/// One request, as far as answers and the log name it.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Names it in the log and in the error of its answer.
    pub(crate) id: u64,
    /// How.
    pub(crate) method: Method,
    /// Path and query, as they came.
    pub(crate) path: String,
    /// The URL that answers name: server and path.
    pub(crate) href: String,
    /// From where it comes.
    pub(crate) client: Option<IpAddr>,
}

impl Operation {
    pub(crate) fn of(api: &Api, request: &Request) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let path = path(request.uri());
        Self {
            // Without random numbers the number names nothing, and the request is answered all the same.
            id: id::unique().unwrap_or(0),
            method: request.method().clone(),
            href: format!("{}{path}", api.settings.public_url),
            path,
            client: client::address(request.headers(), peer, api.settings.forwarded_for),
        }
    }
}

fn path(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), |path| path.as_str().to_owned())
}
