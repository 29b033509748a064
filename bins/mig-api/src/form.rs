//! What callers send.

use crate::error::ApiError;
use axum::{
    Form,
    extract::{FromRequest, Multipart, Query, Request, rejection::FormRejection},
    http::StatusCode,
};
use std::str::FromStr;

/// The fields of a form (`application/x-www-form-urlencoded`); of a repeated one the first counts, as in the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The value of a field; absent and empty are the same.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// A field that has to be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| missing(name))
    }
}

pub(crate) fn missing(name: &str) -> ApiError {
    ApiError::bad_request(format!("the field '{name}' is missing or empty"))
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Form::<Vec<(String, String)>>::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(FormRejection::InvalidFormContentType(_)) => Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body has to be a form: Content-Type: application/x-www-form-urlencoded",
            )),
            Err(rejection) => Err(ApiError::new(rejection.status(), rejection.body_text())),
        }
    }
}

/// The parameters of a query string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Fields);

impl Parameters {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// An id above zero; `kind` is what the message calls it.
    pub(crate) fn id<I: FromStr + PositiveId>(&self, name: &str, kind: &str) -> Result<I, ApiError> {
        let text = self.get(name).unwrap_or_default();
        id(text, kind)
    }
}

/// Reads an id above zero.
pub(crate) fn id<I: FromStr + PositiveId>(text: &str, kind: &str) -> Result<I, ApiError> {
    let id = text.parse::<I>().ok().filter(PositiveId::is_above_zero);
    id.ok_or_else(|| {
        let text: String = text.chars().take(40).collect();
        ApiError::bad_request(format!("Invalid {kind} ID '{text}'"))
    })
}

/// Ids that are numbers above zero.
pub(crate) trait PositiveId {
    fn is_above_zero(&self) -> bool;
}

macro_rules! positive {
    ($($id:ident),+) => {$(
        impl PositiveId for mig_core::id::$id {
            fn is_above_zero(&self) -> bool {
                self.is_positive()
            }
        }
    )+};
}

positive!(ActionId, AgentId, CommandId, InvestigatorId);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<Vec<(String, String)>>::from_request_parts(parts, state).await {
            Ok(Query(pairs)) => Ok(Self(Fields(pairs))),
            Err(rejection) => Err(ApiError::new(rejection.status(), rejection.body_text())),
        }
    }
}

/// The parts of a `multipart/form-data` body, files as text like any other field. A plain form is taken as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts(pub(crate) Fields);

impl<S: Send + Sync> FromRequest<S> for Parts {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let content_type = request.headers().get(axum::http::header::CONTENT_TYPE);
        let is_multipart = content_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
        if !is_multipart {
            return Fields::from_request(request, state).await.map(Self);
        }
        let multipart = Multipart::from_request(request, state).await;
        let mut multipart =
            multipart.map_err(|rejection| ApiError::new(rejection.status(), rejection.body_text()))?;
        let mut fields = Vec::new();
        let broken = |error: axum::extract::multipart::MultipartError| {
            ApiError::new(error.status(), error.body_text())
        };
        while let Some(field) = multipart.next_field().await.map_err(broken)? {
            if fields.len() == MAX_PARTS {
                return Err(ApiError::bad_request(format!("the body has more than {MAX_PARTS} parts")));
            }
            let name = field.name().unwrap_or_default().to_owned();
            fields.push((name, field.text().await.map_err(broken)?));
        }
        Ok(Self(Fields(fields)))
    }
}

/// Most parts of a body.
const MAX_PARTS: usize = 16;
