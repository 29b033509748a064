//! What everybody may ask.

use super::{Shared, Told};
use crate::{
    answer::{Document, answer, plain_text},
    error::ApiError,
};
use axum::{extract::Path, http::StatusCode, response::Response};
use mig_core::{api::Item, json::Value, sign::Fingerprint};
use std::{net::Ipv4Addr, time::Duration};

/// How long the store may take to show that it is there.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// A sign of life of the program alone.
pub(super) async fn heartbeat(operation: Told) -> Result<Response, ApiError> {
    let value = Document::Value(Value::from("gatorz say hi"));
    answer(&operation, StatusCode::OK, vec![Item::new(operation.path.clone(), "heartbeat", value)])
}

/// The caller's address; `0.0.0.0` if it is not known.
pub(super) async fn address(operation: Told) -> Response {
    let address = operation.client.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    plain_text(StatusCode::OK, address.to_string())
}

/// The armored key with a fingerprint: agents and loaders know fingerprints.
pub(super) async fn public_key(api: Shared, Path(text): Path<String>) -> Result<Response, ApiError> {
    let key = match text.parse::<Fingerprint>() {
        Ok(fingerprint) => api.store.public_key(&fingerprint).await?,
        Err(_) => None,
    };
    let key = key.filter(|key| !key.is_empty());
    Ok(match key {
        Some(key) => plain_text(StatusCode::OK, key),
        None => {
            let text: String = mig_core::safe::line(&text).chars().take(100).collect();
            let message = format!("Invalid Fingerprint : No PublicKey found for fingerprint '{text}'");
            plain_text(StatusCode::NOT_FOUND, message)
        }
    })
}

/// Which program answers.
pub(super) async fn version(operation: Told) -> Result<Response, ApiError> {
    let value = Document::Value(Value::from(env!("CARGO_PKG_VERSION")));
    answer(&operation, StatusCode::OK, vec![Item::new(operation.href.clone(), "version", value)])
}

/// Whether the platform can work: the program and its store.
pub(super) async fn health(api: Shared, operation: Told) -> Result<Response, ApiError> {
    let look = api.store.actions(None, 1);
    match tokio::time::timeout(HEALTH_TIMEOUT, look).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(ApiError::unavailable("the store fails", error)),
        Err(late) => return Err(ApiError::unavailable("the store does not answer", late)),
    }
    let value = Document::Value(Value::from("ok"));
    answer(&operation, StatusCode::OK, vec![Item::new(operation.href.clone(), "health", value)])
}
