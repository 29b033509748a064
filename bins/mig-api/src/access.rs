//! Who calls, and whether they may.

use crate::{Api, error::ApiError, operation::Operation, routes::Access};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use mig_core::{
    id::InvestigatorId,
    permissions::Permissions,
    store::{Account, InvestigatorStatus},
};
use std::{fmt, net::IpAddr, sync::Arc, time::Instant};

/// Who proved themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) id: InvestigatorId,
    pub(crate) name: String,
    pub(crate) permissions: Permissions,
}

impl fmt::Display for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", mig_core::safe::line(&self.name), self.id)
    }
}

impl From<Account> for Caller {
    fn from(account: Account) -> Self {
        Self { id: account.id, name: account.name, permissions: account.permissions }
    }
}

impl Caller {
    /// Everybody, where authentication is off.
    fn anybody() -> Self {
        let permissions = Permissions::from_mask(u64::MAX);
        Self { id: InvestigatorId::default(), name: "authdisabled".to_owned(), permissions }
    }

    /// Whether they are still active and may still do this: streams last longer than rights.
    pub(crate) async fn may_still(&self, api: &Api, needed: Permissions) -> Result<bool, ApiError> {
        if !api.settings.authenticates {
            return Ok(true);
        }
        let account = api.store.account(self.id).await?;
        Ok(account.status == InvestigatorStatus::Active && account.permissions.grant(needed.mask()))
    }
}

/// Lets those pass who may use a route.
pub(crate) async fn guard(
    State((api, access)): State<(Arc<Api>, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Access::Needs(needed) = access else { return next.run(request).await };
    let client = request.extensions().get::<Operation>().and_then(|operation| operation.client);
    // The body of a request can not be shared between threads, so that only the head is looked at.
    let headers = request.headers().clone();
    let caller = match admit(&api, &headers, client).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    let mut response = if caller.permissions.grant(needed.mask()) {
        request.extensions_mut().insert(caller.clone());
        next.run(request).await
    } else {
        ApiError::new(StatusCode::FORBIDDEN, "Insufficient permissions to access endpoint").into_response()
    };
    response.extensions_mut().insert(caller);
    response
}

/// Who calls.
async fn admit(api: &Api, headers: &HeaderMap, client: Option<IpAddr>) -> Result<Caller, ApiError> {
    if !api.settings.authenticates {
        return Ok(Caller::anybody());
    }
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let account = if let Some(token) = header("x-pgpauthorization") {
        by_token(api, token).await?
    } else if let Some(key) = header("x-migapikey") {
        by_api_key(api, key, client).await?
    } else {
        return Err(ApiError::unauthorized("Valid authentication header not found"));
    };
    if account.status != InvestigatorStatus::Active {
        return Err(refused("the investigator is not active"));
    }
    Ok(account.into())
}

async fn by_token(api: &Api, token: &str) -> Result<Account, ApiError> {
    let (now, window) = (api.clock.now(), api.settings.token_window);
    let checked = api.keys.check_token(&*api.store, token, now, window).await?;
    let fingerprint = checked.map_err(|error| refused(&error.to_string()))?;
    let account = api.store.account_of_key(&fingerprint).await?;
    account.ok_or_else(|| refused("the key is not that of an investigator"))
}

/// An address that fails too often has to wait: keys are not for guessing.
async fn by_api_key(api: &Api, key: &str, client: Option<IpAddr>) -> Result<Account, ApiError> {
    let now = Instant::now();
    if let Some(wait) = client.and_then(|client| api.failures.wait(client, now)) {
        return Err(ApiError::too_many(wait));
    }
    let found = api.api_keys.check(&*api.store, key).await?;
    if let (None, Some(client)) = (&found, client) {
        // It is refused in any case.
        api.failures.take(client, now).unwrap_or_default();
    }
    found.ok_or_else(|| refused("the API key is not that of an active investigator"))
}

fn refused(reason: &str) -> ApiError {
    ApiError::unauthorized(format!("Authorization verification failed with error '{reason}'"))
}
