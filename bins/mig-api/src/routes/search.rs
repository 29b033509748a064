//! Searches. Clients of the original ask for a million agents in order to count them: what does not fit into one page is sent while it is
//! read, so that no answer takes much memory.

mod pages;

use self::pages::Pages;
use super::{Shared, Told, target};
use crate::{
    Api,
    answer::{Document, answer, item, json_text},
    error::ApiError,
    form::Parameters,
    operation::Operation,
};
use axum::{body::Body, http::StatusCode, response::Response};
use futures_util::stream;
use mig_core::{
    api::{Collection, Datum, Item, Kind, Resource, Search},
    json::{self, Map, Value},
    time::Time,
};
use std::sync::Arc;

/// Most rows of a page that are not agents, of which clients of the original ask for a million.
const MAX_ROWS: u32 = 10_000;

pub(super) async fn search(
    api: Shared,
    operation: Told,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let mut search =
        Search::from_query(parameters.pairs()).map_err(|error| ApiError::bad_request(error.to_string()))?;
    check_applies(&search)?;
    if search.limit == 0 {
        search.limit = Search::default_limit();
    }
    if search.kind != Kind::Agent {
        search.limit = search.limit.min(MAX_ROWS);
    }
    let last = last_items(&api, &operation, &parameters, &search)?;
    let target = search.target.as_deref().map(target::parse).transpose();
    let target = target.map_err(|error| error.with_items(last.clone()))?;
    let mut pages = Pages::new(Arc::clone(&api), search, target);
    let mut first = Vec::new();
    while first.is_empty() {
        let Some(items) = pages.next().await? else { break };
        first = items;
    }
    if first.is_empty() {
        return Err(ApiError::not_found("no results found").with_items(last));
    }
    if pages.is_done() {
        return answer(&operation, StatusCode::OK, [first, last].concat());
    }
    stream_all(&operation, first, pages, last)
}

/// What a search does not look at is refused, so that nobody takes the result for what they asked.
fn check_applies(search: &Search) -> Result<(), ApiError> {
    let refuse = |status, message: String| Err(ApiError::new(status, message));
    let kind = search.kind.as_str();
    if matches!(search.kind, Kind::Manifest | Kind::Loader) {
        let message = format!("searches for {kind}s are not offered by this server");
        return refuse(StatusCode::NOT_FOUND, message);
    }
    let misplaced = [
        ("foundanything", search.found.is_some() && search.kind != Kind::Command),
        ("target", search.target.is_some() && search.kind != Kind::Agent),
        ("manifestid", search.manifest.is_some()),
        ("manifestname", search.manifest_name.is_some()),
        ("loaderid", search.loader.is_some()),
    ];
    match misplaced.into_iter().find(|(_, is_misplaced)| *is_misplaced) {
        None => Ok(()),
        Some((name, _)) => {
            let message = format!("search parameter '{name}' does not apply to searches for {kind}s");
            refuse(StatusCode::BAD_REQUEST, message)
        }
    }
}

/// What stands behind the results.
fn last_items(
    api: &Api,
    operation: &Operation,
    parameters: &Parameters,
    search: &Search,
) -> Result<Vec<Item<Document>>, ApiError> {
    let value = |value| Document::Value(value);
    let mut items = Vec::new();
    if search.offset > 0 {
        let pagination = pagination(api, parameters, search);
        items.push(item(operation.href.clone(), vec![Datum::new("pagination", value(pagination))]));
    }
    let echo = search.echo(Time::from(api.clock.now()));
    items.push(item(operation.href.clone(), vec![Datum::new("search parameters", value(echo))]));
    Ok(items)
}

fn pagination(api: &Api, parameters: &Parameters, search: &Search) -> Value {
    let next = search.offset.saturating_add(search.limit);
    let others = parameters.pairs().filter(|(name, _)| !matches!(*name, "offset" | "limit"));
    let mut query: String =
        others.map(|(name, value)| format!("{}={}&", escape(name), escape(value))).collect();
    query.push_str(&format!("limit={}&offset={next}", search.limit));
    let fields = [
        ("limit", Value::Number(search.limit.into())),
        ("offset", Value::Number(search.offset.into())),
        ("next", Value::from(api.url(&format!("/search?{query}")))),
    ];
    Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map>())
}

/// Percent-encodes everything but letters, digits, `-`, `_`, `.` and `~`.
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

/// The same text that [`answer`] gives, page by page. A failure in the middle breaks the connection: the text has no end.
fn stream_all(
    operation: &Operation,
    first: Vec<Item<Document>>,
    pages: Pages,
    last: Vec<Item<Document>>,
) -> Result<Response, ApiError> {
    let (head, tail) = around_items(operation)?;
    let start = head + &list(&first)?;
    let end = format!(",{}{tail}", list(&last)?);
    let chunks = stream::try_unfold((Some(start), pages, Some(end)), |(start, mut pages, mut end)| async {
        if let Some(start) = start {
            return Ok(Some((start, (None, pages, end))));
        }
        match pages.next().await {
            Ok(Some(items)) if items.is_empty() => Ok(Some((String::new(), (None, pages, end)))),
            Ok(Some(items)) => {
                let text = list(&items).map_err(stopped)?;
                Ok(Some((format!(",{text}"), (None, pages, end))))
            }
            Ok(None) => Ok(end.take().map(|text| (text, (None, pages, None)))),
            Err(error) => Err(stopped(error)),
        }
    });
    Ok(json_text(StatusCode::OK, Body::from_stream(chunks)))
}

fn stopped(error: ApiError) -> std::io::Error {
    tracing::error!(message = error.message, source = ?error.source, "an answer was broken off");
    std::io::Error::other(error.message)
}

/// The envelope before and behind its items.
fn around_items(operation: &Operation) -> Result<(String, String), ApiError> {
    let mut collection: Collection<Document> = Collection::new(operation.href.clone());
    collection.items = vec![Item::default()];
    let item = json::to_string(&Item::<Document>::default()).map_err(ApiError::internal)?;
    let text = json::to_string(&Resource { collection }).map_err(ApiError::internal)?;
    // A quotation mark is escaped in all that callers send: this stands there once.
    match text.split_once(&format!("[{item}]")) {
        Some((head, tail)) => Ok((format!("{head}["), format!("]{tail}"))),
        None => Err(ApiError::internal("the envelope has no items")),
    }
}

fn list(items: &[Item<Document>]) -> Result<String, ApiError> {
    let text = json::to_string(items).map_err(ApiError::internal)?;
    Ok(text.trim_start_matches('[').strip_suffix(']').unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_means_something_in_a_query_is_escaped() {
        assert_eq!(escape("a-Z_0.9~"), "a-Z_0.9~");
        assert_eq!(escape("100% & +é"), "100%25%20%26%20%2B%C3%A9");
    }
}
