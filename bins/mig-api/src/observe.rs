//! Around every request: its number, its limits, its line in the log.

use crate::{
    Api,
    access::Caller,
    answer::plain_text,
    error::{ApiError, Fault},
    operation::Operation,
};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use mig_core::safe;
use std::{sync::Arc, time::Instant};

/// Numbers a request, answers it in time, and writes one line about it.
pub(crate) async fn observe(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let operation = Operation::of(&api, &request);
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent: String = safe::line(agent.unwrap_or("-")).chars().take(200).collect();
    request.extensions_mut().insert(operation.clone());
    let response = match admit(&api, &operation) {
        Ok(()) => in_time(&api, request, next).await,
        Err(error) => error.into_response(),
    };
    let caller = response.extensions().get::<Caller>().map(Caller::to_string);
    let mut response = match response.extensions().get::<Fault>().cloned() {
        Some(fault) => {
            log_fault(&operation, &fault);
            fault.tell(&operation)
        }
        None => response,
    };
    if let Ok(number) = HeaderValue::try_from(operation.id.to_string()) {
        response.headers_mut().insert("x-request-id", number);
    }
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    tracing::info!(
        operation = operation.id,
        client = operation.client.map(tracing::field::display),
        caller = caller.as_deref().unwrap_or("public"),
        method = %operation.method,
        path = %shortened(&operation.path),
        status = response.status().as_u16(),
        took = ?started.elapsed(),
        agent,
        "request"
    );
    response
}

fn admit(api: &Api, operation: &Operation) -> Result<(), ApiError> {
    let Some(client) = operation.client else { return Ok(()) };
    api.requests.take(client, Instant::now()).map_err(ApiError::too_many)
}

async fn in_time(api: &Api, request: Request, next: Next) -> Response {
    let limit = api.settings.request_timeout;
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|late| {
        ApiError::unavailable("the request took too long and was given up", late).into_response()
    })
}

fn log_fault(operation: &Operation, fault: &Fault) {
    let source = fault.0.source.as_ref().map(|source| safe::chain(&**source));
    let source = source.as_deref().unwrap_or("-");
    if fault.0.status.is_server_error() {
        tracing::error!(operation = operation.id, message = fault.0.message, source, "request failed");
    } else {
        tracing::debug!(operation = operation.id, message = fault.0.message, source, "request refused");
    }
}

/// A query may be long.
fn shortened(path: &str) -> String {
    safe::line(path).chars().take(500).collect()
}

/// What no route takes. The original's agents ask for `//ip` when their API ends in a slash: it sends them to the clean path.
pub(crate) async fn nowhere(request: Request) -> Response {
    let path = request.uri().path();
    if path.contains("//") {
        let mut clean = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            clean.push('/');
            clean.push_str(part);
        }
        if path.ends_with('/') {
            clean.push('/');
        }
        if let Some(query) = request.uri().query() {
            clean.push('?');
            clean.push_str(query);
        }
        return (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, clean)]).into_response();
    }
    plain_text(StatusCode::NOT_FOUND, "404 page not found\n")
}
