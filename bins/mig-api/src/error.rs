//! What goes wrong with a request: what its caller is told, and what only the log is.

use crate::{
    answer::{Document, envelope},
    operation::Operation,
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mig_core::{
    BoxError,
    api::{Collection, ErrorBody, Item},
    safe,
    scheduler::intake::IntakeError,
    store::StoreError,
};
use std::{sync::Arc, time::Duration};

/// What the caller of a request is told instead of an answer. The number of the request and its URL are added on the way out.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// What the answer shows all the same.
    pub(crate) items: Vec<Item<Document>>,
    /// When to come again.
    retry_after: Option<Duration>,
    /// For the log.
    pub(crate) source: Option<BoxError>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), items: Vec::new(), retry_after: None, source: None }
    }

    /// The caller's fault.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// The caller does not prove who they are.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// Too often.
    pub(crate) fn too_many(wait: Duration) -> Self {
        let message = "too many requests from this address: wait, and ask less often";
        Self { retry_after: Some(wait), ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// Our fault; the log knows more.
    pub(crate) fn internal(source: impl Into<BoxError>) -> Self {
        let message = "internal error: the log of the server says more under the code of this answer";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { source: Some(source.into()), ..Self::new(status, message) }
    }

    /// A service behind us does not answer: the same call may succeed later.
    pub(crate) fn unavailable(message: &str, source: impl Into<BoxError>) -> Self {
        Self {
            source: Some(source.into()),
            retry_after: Some(Duration::from_secs(2)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
        }
    }

    /// With items in the answer.
    pub(crate) fn with_items(self, items: Vec<Item<Document>>) -> Self {
        Self { items, ..self }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            error if error.is_not_found() => Self::not_found(error.to_string()),
            StoreError::NumberTooLarge { .. } | StoreError::NulCharacter { .. } => {
                Self::bad_request(error.to_string())
            }
            error if error.is_transient() => {
                Self::unavailable("the database of the platform does not answer now: try again", error)
            }
            error => Self::internal(error),
        }
    }
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Store(StoreError::ActionIdTaken(_)) => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            IntakeError::Store(error) => error.into(),
            IntakeError::Random(error) => Self::internal(error),
            error => Self::bad_request(safe::chain(&error)),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Fault(Arc::new(self)));
        response
    }
}

/// An error on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Fault(pub(crate) Arc<ApiError>);

impl Fault {
    /// The answer that tells it.
    pub(crate) fn tell(&self, operation: &Operation) -> Response {
        let mut collection = Collection::new(operation.href.clone());
        collection.items.clone_from(&self.0.items);
        collection.error = ErrorBody {
            code: operation.id.to_string(),
            message: self.0.message.clone(),
            ..ErrorBody::default()
        };
        let told = envelope(self.0.status, collection);
        let mut response = told.unwrap_or_else(|_| self.0.status.into_response());
        if let Some(wait) = self.0.retry_after {
            let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
