//! Commands.

use super::{Shared, Told};
use crate::{
    answer::{Document, answer, link, with_placeholders},
    error::ApiError,
    form::Parameters,
};
use axum::{http::StatusCode, response::Response};
use mig_core::{action::ActionCounters, api::Item, id::CommandId, store::StoreError};

pub(super) async fn show(api: Shared, operation: Told, parameters: Parameters) -> Result<Response, ApiError> {
    let id: CommandId = parameters.id("commandid", "Command")?;
    let command = api.store.command(id).await.map_err(|error| match error {
        StoreError::CommandNotFound(_) => ApiError::not_found(format!("Command ID '{id}' not found")),
        error => error.into(),
    })?;
    let mut action = with_placeholders(api.store.action(command.action).await?.action);
    action.counters = ActionCounters::default();
    let href = |kind: &str, id: &str| api.url(&format!("/{kind}?{kind}id={id}"));
    let links = vec![link("action", href("action", &command.action.to_string()))];
    let document = Document::Command(Box::new(command.into_command(action)));
    let item = Item { links, ..Item::new(href("command", &id.to_string()), "command", document) };
    answer(&operation, StatusCode::OK, vec![item])
}
