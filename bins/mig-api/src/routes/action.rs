//! Actions: showing, taking and cancelling them.

use super::{Shared, Told};
use crate::{
    Api,
    answer::{Document, answer, with_placeholders},
    error::ApiError,
    form::{Fields, Parameters, id},
};
use axum::{http::StatusCode, response::Response};
use mig_core::{
    action::Action,
    api::Item,
    id::ActionId,
    json, limits,
    scheduler::{flow::ActionStatus, intake},
    store::{Insertion, StoreError, StoredAction},
};

pub(super) async fn show(api: Shared, operation: Told, parameters: Parameters) -> Result<Response, ApiError> {
    let id: ActionId = parameters.id("actionid", "Action")?;
    let stored = stored(&api, id).await?;
    answer(&operation, StatusCode::OK, vec![item(&api, "action", stored.action)])
}

/// Takes a signed action. The same signed bytes are the same action: to send them again gives it as it stands.
pub(super) async fn create(api: Shared, operation: Told, fields: Fields) -> Result<Response, ApiError> {
    let text = fields.need("action")?;
    let unreadable = |error: json::Error| {
        ApiError::bad_request(format!("the field 'action' is not the JSON of an action: {error}"))
    };
    let mut action: Action =
        json::from_slice_within(text.as_bytes(), limits::MAX_ACTION_VALUES).map_err(unreadable)?;
    // Who writes an action does not name it, nor say how it stands.
    action.id = ActionId::default();
    let sent = Action {
        investigators: Vec::new(),
        counters: Default::default(),
        start_time: Default::default(),
        finish_time: Default::default(),
        last_update_time: Default::default(),
        ..action
    };
    let insertion = intake::submit(&*api.store, sent.clone(), None, api.clock.now()).await?;
    let id = insertion.id();
    let action = match insertion {
        Insertion::New(id) => {
            tracing::info!(operation = operation.id, action = %id, name = sent.name, "action taken");
            Action { id, status: ActionStatus::Pending.as_str().to_owned(), ..sent }
        }
        Insertion::Known(id) => stored(&api, id).await?.action,
    };
    answer(&operation, StatusCode::ACCEPTED, vec![item(&api, &format!("action ID {id}"), action)])
}

/// Cancels an action and its commands without answer. One that had ended stays as it was, and the answer shows it.
pub(super) async fn cancel(api: Shared, operation: Told, fields: Fields) -> Result<Response, ApiError> {
    let id: ActionId = id(fields.need("actionid")?, "Action")?;
    api.store.cancel_action(id, api.clock.now()).await.map_err(|error| not_found(error, id))?;
    let stored = stored(&api, id).await?;
    answer(&operation, StatusCode::OK, vec![item(&api, "action", stored.action)])
}

pub(super) async fn stored(api: &Api, id: ActionId) -> Result<StoredAction, ApiError> {
    api.store.action(id).await.map_err(|error| not_found(error, id))
}

fn not_found(error: StoreError, id: ActionId) -> ApiError {
    match error {
        StoreError::ActionNotFound(_) => ApiError::not_found(format!("Action ID '{id}' not found")),
        error => error.into(),
    }
}

pub(super) fn item(api: &Api, name: &str, action: Action) -> Item<Document> {
    let href = api.url(&format!("/action?actionid={}", action.id));
    Item::new(href, name, Document::Action(Box::new(with_placeholders(action))))
}
