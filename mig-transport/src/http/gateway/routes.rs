//! The requests of agents.

use super::{Shared, claims, doorkeeper::Agent, refusal::Refusal};
use crate::http::{
    proof,
    wire::{
        COMMANDS, DELIVERY, ENROLMENT, EXPIRES_IN, EnrolmentRequest, HEARTBEATS, LONGEST_WAIT,
        MAX_ENROLMENT_BYTES, REDELIVERED, RESULTS, is_queue_location, read_held,
    },
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_LENGTH, request::Parts},
    response::{IntoResponse, Response},
    routing,
};
use mig_core::{
    enrolment::Invitation,
    json,
    limits::{MAX_COMMAND_BYTES, MAX_HEARTBEAT_BYTES},
    store::Enrolment,
    transport::{Address, Envelope},
};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tokio::{sync::SemaphorePermit, time::timeout};

/// How long a body may take on its way.
const BODY_PATIENCE: Duration = Duration::from_secs(120);
/// How long handing a message to the relay may take.
const RELAY_PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(&format!("/{ENROLMENT}"), routing::post(enrol))
        .route(&format!("/{COMMANDS}"), routing::get(next_command))
        .route(&format!("/{COMMANDS}/{{number}}"), routing::delete(acknowledge))
        .route(&format!("/{RESULTS}"), routing::post(take_result))
        .route(&format!("/{HEARTBEATS}"), routing::post(take_heartbeat))
        .with_state(shared)
}

async fn enrol(State(shared): State<Arc<Shared>>, request: Request) -> Result<StatusCode, Refusal> {
    let body = to_bytes(request.into_body(), MAX_ENROLMENT_BYTES);
    let body = timeout(BODY_PATIENCE, body).await.map_err(|_| Refusal::BodyLost)?;
    let body = body.map_err(|_| Refusal::TooLarge(MAX_ENROLMENT_BYTES))?;
    let request: EnrolmentRequest =
        json::from_slice(&body).map_err(|_| Refusal::Malformed("this is no enrolment"))?;
    let invitation: Invitation = request.invitation.parse().map_err(|_| Refusal::NotInvited)?;
    let key = request.key.parse().map_err(|_| Refusal::Malformed("the key is no Ed25519 key in base64"))?;
    if !is_queue_location(&request.queue_location) {
        return Err(Refusal::Malformed("the queue location is not <os>.<letters, digits, dots, dashes>"));
    }
    let now = shared.clock.now();
    match shared.agents.enrol(&invitation.digest(), &request.queue_location, &key, now).await? {
        Enrolment::Done => {
            tracing::info!(agent = request.queue_location, "agent enrolled");
            Ok(StatusCode::NO_CONTENT)
        }
        Enrolment::NotInvited => Err(Refusal::NotInvited),
        Enrolment::Taken => Err(Refusal::Taken),
    }
}

#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    holding: String,
    /// Seconds.
    #[serde(default)]
    wait: u64,
}

async fn next_command(
    State(shared): State<Arc<Shared>>,
    Query(question): Query<Question>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let agent = shared.recognise(&parts).await?;
    let held =
        read_held(&question.holding).ok_or(Refusal::Malformed("'holding' is no list of deliveries"))?;
    let wait = Duration::from_secs(question.wait).min(LONGEST_WAIT);
    let channel = shared.channel(&agent.queue_location);
    let Some(outgoing) = channel.ask(&*shared.relay, &held, wait).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let number = [(DELIVERY, outgoing.number.to_string())];
    Ok(match outgoing.redelivered {
        true => (number, [(REDELIVERED, "true")], outgoing.body).into_response(),
        false => (number, outgoing.body).into_response(),
    })
}

async fn acknowledge(
    State(shared): State<Arc<Shared>>,
    Path(number): Path<u64>,
    parts: Parts,
) -> Result<StatusCode, Refusal> {
    let agent = shared.recognise(&parts).await?;
    shared.channel(&agent.queue_location).acknowledge(number).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn take_heartbeat(State(shared): State<Arc<Shared>>, request: Request) -> Result<StatusCode, Refusal> {
    let (parts, body) = request.into_parts();
    let agent = shared.recognise(&parts).await?;
    let (body, _room) = shared.read(&agent, &parts.headers, body, MAX_HEARTBEAT_BYTES).await?;
    claims::check_heartbeat(&body, &agent.queue_location)?;
    shared.hear(&agent.queue_location);
    shared.hand_over(&Address::Heartbeats, &parts.headers, body).await
}

async fn take_result(State(shared): State<Arc<Shared>>, request: Request) -> Result<StatusCode, Refusal> {
    let (parts, body) = request.into_parts();
    let agent = shared.recognise(&parts).await?;
    let (body, _room) = shared.read(&agent, &parts.headers, body, MAX_COMMAND_BYTES).await?;
    claims::check_result(&body, &agent.queue_location)?;
    shared.hand_over(&Address::Results, &parts.headers, body).await
}

impl Shared {
    /// Reads the body that was proven, when there is room for it.
    async fn read(
        &self,
        agent: &Agent,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
    ) -> Result<(Vec<u8>, SemaphorePermit<'_>), Refusal> {
        let announced =
            number(headers, CONTENT_LENGTH.as_str()).and_then(|length| usize::try_from(length).ok());
        let length = announced.unwrap_or(limit);
        if length > limit {
            return Err(Refusal::TooLarge(limit));
        }
        let reading = async {
            let kibibytes = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
            let room = self.bodies.acquire_many(kibibytes).await.map_err(|_| Refusal::BodyLost)?;
            let body = to_bytes(body, length).await.map_err(|_| Refusal::BodyLost)?;
            Ok::<_, Refusal>((Vec::from(body), room))
        };
        let (body, room) = timeout(BODY_PATIENCE, reading).await.map_err(|_| Refusal::BodyLost)??;
        if proof::digest(&body) == agent.body { Ok((body, room)) } else { Err(Refusal::OtherBody) }
    }

    async fn hand_over(
        &self,
        to: &Address,
        headers: &HeaderMap,
        body: Vec<u8>,
    ) -> Result<StatusCode, Refusal> {
        let expires_in = number(headers, EXPIRES_IN).map(Duration::from_secs);
        let sending = self.relay.send(to, Envelope { body, expires_in });
        timeout(RELAY_PATIENCE, sending).await.map_err(|_| Refusal::RelaySilent)??;
        Ok(StatusCode::NO_CONTENT)
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
