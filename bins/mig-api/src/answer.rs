//! Answers in the original's envelope.

use crate::{error::ApiError, operation::Operation};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mig_core::{
    action::Action,
    agent_info::AgentInfo,
    api::{Collection, Datum, Item, Link, Resource},
    command::Command,
    investigator::Investigator,
    json::{self, Value},
    statistics::VersionCount,
    time::Time,
};
use serde::Serialize;

/// What an item holds.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Document {
    Action(Box<Action>),
    Agent(Box<AgentInfo>),
    Command(Box<Command>),
    Investigator(Box<Investigator>),
    Count(f64),
    Versions(Option<Vec<VersionCount>>),
    Value(Value),
}

/// An answer in the envelope.
pub(crate) fn answer(
    operation: &Operation,
    status: StatusCode,
    items: Vec<Item<Document>>,
) -> Result<Response, ApiError> {
    let mut collection = Collection::new(operation.href.clone());
    collection.items = items;
    envelope(status, collection)
}

/// Any collection as an answer.
pub(crate) fn envelope(status: StatusCode, collection: Collection<Document>) -> Result<Response, ApiError> {
    let text = json::to_string(&Resource { collection }).map_err(ApiError::internal)?;
    Ok(json_text(status, text))
}

/// JSON as an answer.
pub(crate) fn json_text(status: StatusCode, text: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Bare text as an answer.
pub(crate) fn plain_text(status: StatusCode, text: impl Into<String>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (status, headers, text.into()).into_response()
}

/// An item with several values.
pub(crate) fn item(href: String, data: Vec<Datum<Document>>) -> Item<Document> {
    Item { href, data, links: Vec::new() }
}

/// A link.
pub(crate) fn link(rel: &str, href: String) -> Link {
    Link { rel: rel.to_owned(), href, name: String::new(), prompt: String::new(), render: String::new() }
}

/// An action as clients of the original expect it: times that are not yet known are far away.
pub(crate) fn with_placeholders(mut action: Action) -> Action {
    for (time, placeholder) in [
        (&mut action.start_time, Time::NOT_STARTED),
        (&mut action.finish_time, Time::NOT_FINISHED),
        (&mut action.last_update_time, Time::NOT_STARTED),
    ] {
        if time.is_zero() {
            *time = placeholder;
        }
    }
    action
}
