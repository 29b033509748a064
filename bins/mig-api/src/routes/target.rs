//! Whom a target would ask.

use super::{Shared, Told};
use crate::{
    answer::{Document, answer, item},
    error::ApiError,
    form::{Parameters, missing},
};
use axum::{http::StatusCode, response::Response};
use mig_core::{
    api::Datum,
    json::Value,
    target::{Target, TargetError},
};

/// Agents that are shown unless asked otherwise, and at most.
const FIRST: u32 = 10;
const MAX_FIRST: u32 = 1000;

/// The target as it was understood, how many agents it would ask now, and the first of them.
pub(super) async fn preview(
    api: Shared,
    operation: Told,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let text = parameters.get("target").ok_or_else(|| missing("target"))?;
    let target = parse(text)?;
    let first = match parameters.get("limit").map(str::parse) {
        None => FIRST,
        Some(Ok(first)) if first <= MAX_FIRST => first,
        Some(_) => {
            let message = format!("the parameter 'limit' has to be a number from 0 to {MAX_FIRST}");
            return Err(ApiError::bad_request(message));
        }
    };
    let preview = api.store.preview_target(&target, api.clock.now(), first).await?;
    // There are fewer agents.
    let count = f64::from(u32::try_from(preview.count).unwrap_or(u32::MAX));
    let mut items = vec![item(
        operation.href.clone(),
        vec![
            Datum::new("target", Document::Value(Value::from(target.to_string()))),
            Datum::new("count", Document::Count(count)),
        ],
    )];
    for agent in preview.agents {
        let href = api.url(&format!("/agent?agentid={}", agent.id));
        items.push(item(href, vec![Datum::new("agent", Document::Agent(Box::new(agent)))]));
    }
    answer(&operation, StatusCode::OK, items)
}

/// Reads a target; the message shows the place.
pub(super) fn parse(text: &str) -> Result<Target, ApiError> {
    let unreadable =
        |error: TargetError| ApiError::bad_request(format!("the target can not be read: {error}"));
    Target::parse(text).map_err(unreadable)
}
