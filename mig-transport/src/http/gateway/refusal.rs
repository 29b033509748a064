//! Why a request is refused: a status, and one line for people without anything internal.

use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use mig_core::{store::StoreError, transport::TransportError};

#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("a proof by the agent's key is needed")]
    NoProof,
    #[error("this agent is not enrolled here")]
    Unknown,
    #[error("the proof is not by the key of this agent, or for another request")]
    WrongProof,
    #[error("the time of the proof is too far from the server's")]
    Clock,
    #[error("this proof was used before")]
    Replayed,
    #[error("too many requests")]
    TooMany,
    #[error("the body is not the one that was proven")]
    OtherBody,
    #[error("the body is too large: {0} bytes are allowed")]
    TooLarge(usize),
    #[error("the body did not arrive whole")]
    BodyLost,
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the message is not about the agent that sent it")]
    AnotherAgent,
    #[error("this agent asked again, on another connection or on another machine")]
    AsksElsewhere,
    #[error("there is no such delivery; it comes again if it was not acknowledged")]
    NoSuchDelivery,
    #[error("the invitation is unknown, expired or spent")]
    NotInvited,
    #[error("another key is enrolled for this agent")]
    Taken,
    #[error("the relay does not answer; try again")]
    RelaySilent,
    #[error("the relay failed; try again")]
    Relay(#[from] TransportError),
    #[error("the store failed; try again")]
    Store(#[from] StoreError),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoProof | Self::Unknown | Self::WrongProof | Self::Clock | Self::Replayed => {
                StatusCode::UNAUTHORIZED
            }
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::OtherBody | Self::BodyLost | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::AnotherAgent | Self::NotInvited => StatusCode::FORBIDDEN,
            Self::AsksElsewhere | Self::Taken => StatusCode::CONFLICT,
            Self::NoSuchDelivery => StatusCode::NOT_FOUND,
            Self::RelaySilent | Self::Relay(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Relay(_) | Self::Store(_) = &self {
            let reason = std::error::Error::source(&self).map(ToString::to_string).unwrap_or_default();
            tracing::error!(reason, "a request of an agent failed: {self}");
        }
        let mut response = (self.status(), format!("{self}\n")).into_response();
        if matches!(self, Self::TooMany) {
            response.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static("60"));
        }
        response
    }
}
