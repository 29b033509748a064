//! Heartbeats of agents that reach the platform over HTTP.

use super::Shared;
use crate::{answer::json_text, error::ApiError};
use axum::{
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mig_core::{
    agent_info::{AgentInfo, AwsEnvironment, Environment},
    heartbeat::{Heartbeat, HeartbeatEnvironment},
    json,
    limits::MAX_HEARTBEAT_BYTES,
    time::Time,
};
use serde::Serialize;

/// What agents read; without the envelope.
#[derive(Serialize)]
struct Reply {
    error: Option<String>,
}

/// Takes a heartbeat. As in the original nobody proves anything: an agent of the platform is who says so, and its targets decide what
/// it is asked; what it does with a question it decides itself.
pub(super) async fn record(
    api: Shared,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let message = format!("a heartbeat has at most {MAX_HEARTBEAT_BYTES} bytes");
            return reply(rejection.status(), Some(message));
        }
    };
    let now = api.clock.now();
    match read(&body, Time::from(now)) {
        Err(message) => reply(StatusCode::BAD_REQUEST, Some(message)),
        Ok(agent) => match api.store.record_heartbeats(&[agent], now).await {
            Ok(()) => reply(StatusCode::OK, None),
            // The log gets the cause, the agent what it may know.
            Err(error) => {
                let error = ApiError::from(error);
                let told = reply(error.status, Some(error.message.clone()));
                tracing::error!(error = error.source.map(tracing::field::debug), "a heartbeat was not kept");
                told
            }
        },
    }
}

fn reply(status: StatusCode, error: Option<String>) -> Response {
    match json::to_string(&Reply { error }) {
        Ok(text) => json_text(status, text + "\n"),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn read(body: &[u8], now: Time) -> Result<AgentInfo, String> {
    let heartbeat: Heartbeat =
        json::from_slice_within(body, 10_000).map_err(|error| format!("Failed to decode body: {error}"))?;
    // The original's words, whatever the rule.
    heartbeat.validate(now).map_err(|error| format!("Missing fields in request body: {error}"))?;
    for time in [heartbeat.start_time, heartbeat.refresh_time] {
        if !time.is_writable_in_utc() {
            return Err(format!("the time {time} is outside of the years 0 to 9999"));
        }
    }
    Ok(agent(heartbeat))
}

fn agent(heartbeat: Heartbeat) -> AgentInfo {
    AgentInfo {
        name: heartbeat.name,
        queue_location: heartbeat.queue_loc,
        mode: heartbeat.mode,
        version: heartbeat.version,
        pid: i64::try_from(heartbeat.pid).unwrap_or(i64::MAX),
        start_time: heartbeat.start_time,
        heartbeat_time: heartbeat.start_time,
        refresh_time: heartbeat.refresh_time,
        environment: environment(heartbeat.environment),
        tags: heartbeat.tags.unwrap_or_default().into_iter().map(|tag| (tag.name, tag.value)).collect(),
        ..AgentInfo::default()
    }
}

fn environment(from: HeartbeatEnvironment) -> Environment {
    Environment {
        init: from.init,
        ident: from.ident,
        os: from.os,
        arch: from.arch,
        is_proxied: from.is_proxied,
        proxy: from.proxy,
        addresses: from.addresses.unwrap_or_default(),
        public_ip: from.public_ip,
        aws: AwsEnvironment::default(),
        modules: from.modules.unwrap_or_default(),
    }
}
