//! Agents.

use super::{Shared, Told};
use crate::{
    answer::{Document, answer},
    error::ApiError,
    form::Parameters,
};
use axum::{http::StatusCode, response::Response};
use mig_core::{api::Item, id::AgentId};

pub(super) async fn show(api: Shared, operation: Told, parameters: Parameters) -> Result<Response, ApiError> {
    let id: AgentId = parameters.id("agentid", "Agent")?;
    let found = api.store.agent(id).await?;
    let agent = found.ok_or_else(|| ApiError::not_found(format!("Agent ID '{id}' not found")))?;
    let href = api.url(&format!("/agent?agentid={id}"));
    answer(&operation, StatusCode::OK, vec![Item::new(href, "agent", Document::Agent(Box::new(agent)))])
}
