//! Investigators: showing, adding and changing them.

use super::{Shared, Told};
use crate::{
    Api,
    access::Caller,
    answer::{Document, answer, link},
    error::ApiError,
    form::{Fields, Parameters, Parts, id, missing},
};
use axum::{Extension, http::StatusCode, response::Response};
use mig_core::{
    api::Item,
    id::InvestigatorId,
    investigator::Investigator,
    json, loader,
    permissions::Permissions,
    sign::{Fingerprint, Keyring},
    store::{ApiKeyHash, InvestigatorStatus, NewAccount, StoreError},
};

/// Longest name, in characters: the original's column.
const MAX_NAME: usize = 1024;

pub(super) async fn show(api: Shared, operation: Told, parameters: Parameters) -> Result<Response, ApiError> {
    let id: InvestigatorId = parameters.id("investigatorid", "Investigator")?;
    let found = investigator(&api, id).await?;
    let history = api.url(&format!("/search?type=action&investigatorid={id}&limit=100"));
    let links = vec![link("investigator history", history)];
    answer(&operation, StatusCode::OK, vec![Item { links, ..item(&api, "investigator", found) }])
}

/// Adds an active investigator: fields `name`, `permissions` (JSON), and the file `publickey` unless they are to have an API key only.
pub(super) async fn create(
    api: Shared,
    operation: Told,
    Extension(caller): Extension<Caller>,
    Parts(fields): Parts,
) -> Result<Response, ApiError> {
    let name = fields.need("name")?;
    if name.chars().count() > MAX_NAME || name.contains('\0') {
        return Err(ApiError::bad_request(format!("the name has more than {MAX_NAME} characters, or a NUL")));
    }
    let permissions = permissions(fields.need("permissions")?)?;
    refuse_more_than_own(&caller, Permissions::default(), permissions)?;
    let key = fields.get("publickey").map(|key| Ok::<_, ApiError>((fingerprint(key)?, key.to_owned())));
    let new = NewAccount { name: name.to_owned(), key: key.transpose()?, permissions };
    let id = api.store.create_account(&new, api.clock.now()).await?.ok_or_else(|| {
        ApiError::new(StatusCode::CONFLICT, "an investigator with this public key is there already")
    })?;
    api.keys.forget().await;
    tracing::info!(operation = operation.id, investigator = %id, caller = %caller, "investigator added");
    let found = investigator(&api, id).await?;
    answer(&operation, StatusCode::CREATED, vec![item(&api, &format!("Investigator ID {id}"), found)])
}

/// Changes an investigator: field `id`, and any of `status`, `permissions` (JSON), `apikey`. A new API key is in this answer only.
pub(super) async fn update(
    api: Shared,
    operation: Told,
    Extension(caller): Extension<Caller>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let change = Change::read(&fields)?;
    let before = investigator(&api, change.id).await?;
    change.check(&caller, &before)?;
    let new_key = change.apply(&api).await?;
    tracing::info!(
        operation = operation.id,
        investigator = %change.id,
        caller = %caller,
        status = change.status.map(InvestigatorStatus::as_str),
        permissions = change.permissions.map(|permissions| permissions.describe()),
        api_key = ?change.api_key,
        "investigator changed"
    );
    let mut found = investigator(&api, change.id).await?;
    if let Some(key) = new_key {
        found.api_key = key;
    }
    answer(&operation, StatusCode::OK, vec![item(&api, &format!("Investigator ID {}", change.id), found)])
}

/// What an update asks for.
struct Change {
    id: InvestigatorId,
    status: Option<InvestigatorStatus>,
    permissions: Option<Permissions>,
    /// Whether there is to be a new key, or none.
    api_key: Option<InvestigatorStatus>,
}

impl Change {
    fn read(fields: &Fields) -> Result<Self, ApiError> {
        let status = |name| fields.get(name).map(|word| active_or_disabled(name, word)).transpose();
        let change = Self {
            id: id(fields.need("id")?, "Investigator")?,
            status: status("status")?,
            permissions: fields.get("permissions").map(permissions).transpose()?,
            api_key: status("apikey")?,
        };
        if change.status.is_none() && change.permissions.is_none() && change.api_key.is_none() {
            return Err(missing("status, permissions or apikey"));
        }
        Ok(change)
    }

    /// Nobody gives what they do not have, and nobody shuts themselves out: another administrator can.
    fn check(&self, caller: &Caller, before: &Investigator) -> Result<(), ApiError> {
        if let Some(permissions) = self.permissions {
            refuse_more_than_own(caller, before.permissions, permissions)?;
        }
        if self.api_key == Some(InvestigatorStatus::Active) && self.id != caller.id {
            // Whoever gets the answer can act as its owner.
            refuse_more_than_own(caller, Permissions::default(), before.permissions)?;
        }
        if self.status == Some(InvestigatorStatus::Disabled) && self.id == caller.id {
            let message = "you can not disable yourself: another administrator can";
            return Err(ApiError::new(StatusCode::CONFLICT, message));
        }
        Ok(())
    }

    async fn apply(&self, api: &Api) -> Result<Option<String>, ApiError> {
        let now = api.clock.now();
        if let Some(permissions) = self.permissions
            && !api.store.set_permissions(self.id, permissions, now).await?
        {
            let message = "will not remove last admin: nobody could change investigators any more";
            return Err(ApiError::new(StatusCode::CONFLICT, message));
        }
        if let Some(status) = self.status {
            api.store.set_investigator_status(self.id, status, now).await?;
            api.keys.forget().await;
        }
        match self.api_key {
            None => Ok(None),
            Some(InvestigatorStatus::Disabled) => {
                api.store.set_api_key(self.id, None, now).await?;
                Ok(None)
            }
            Some(InvestigatorStatus::Active) => {
                let (key, hash) = new_api_key()?;
                api.store.set_api_key(self.id, Some(&hash), now).await?;
                Ok(Some(key))
            }
        }
    }
}

/// A key and what is kept of it.
fn new_api_key() -> Result<(String, ApiKeyHash), ApiError> {
    let key = loader::random_key(loader::KEY_LENGTH).map_err(ApiError::internal)?;
    let salt = loader::random_key(16).map_err(ApiError::internal)?;
    let salt: [u8; 16] = salt.as_bytes().try_into().map_err(|error| ApiError::internal(Box::new(error)))?;
    let prefix = key.chars().take(loader::PREFIX_LENGTH).collect();
    let hash = loader::hash_key(&key, &salt);
    Ok((key, ApiKeyHash { prefix, hash, salt }))
}

/// An administrator who may not do something does not get there by way of others. Rights that are there may stay.
fn refuse_more_than_own(caller: &Caller, before: Permissions, after: Permissions) -> Result<(), ApiError> {
    let given = after.mask() & !before.mask() & !caller.permissions.mask();
    if given == 0 {
        return Ok(());
    }
    let given = Permissions::from_mask(given).describe();
    let message = format!("you can not give rights that you do not have yourself: {given}");
    Err(ApiError::new(StatusCode::FORBIDDEN, message))
}

fn active_or_disabled(name: &str, word: &str) -> Result<InvestigatorStatus, ApiError> {
    word.parse().map_err(|_| {
        let word: String = word.chars().take(40).collect();
        ApiError::bad_request(format!("the field '{name}' is '{word}', it has to be active or disabled"))
    })
}

fn permissions(text: &str) -> Result<Permissions, ApiError> {
    json::from_slice_within(text.as_bytes(), 1000).map_err(|error| {
        ApiError::bad_request(format!("the field 'permissions' is not the JSON of permissions: {error}"))
    })
}

/// Of exactly one usable public key. A secret key is refused, so that nobody thinks it is kept.
fn fingerprint(key: &str) -> Result<Fingerprint, ApiError> {
    if key.contains("PRIVATE KEY") {
        return Err(ApiError::bad_request(
            "this is a secret key: send the public one (gpg --armor --export)",
        ));
    }
    let added = Keyring::default().add(key);
    added.map_err(|error| ApiError::bad_request(format!("the public key can not be used: {error}")))
}

async fn investigator(api: &Api, id: InvestigatorId) -> Result<Investigator, ApiError> {
    api.store.investigator(id).await.map_err(|error| match error {
        StoreError::InvestigatorNotFound(_) => {
            ApiError::not_found(format!("Investigator ID '{id}' not found"))
        }
        error => error.into(),
    })
}

fn item(api: &Api, name: &str, investigator: Investigator) -> Item<Document> {
    let href = api.url(&format!("/investigator?investigatorid={}", investigator.id));
    Item::new(href, name, Document::Investigator(Box::new(investigator)))
}
