//! Every route, in one table.

mod action;
mod agent;
mod command;
mod dashboard;
mod follow;
mod heartbeat;
mod investigator;
mod openapi;
mod public;
mod search;
mod target;

pub use self::openapi::describe;

use crate::{Api, access::guard, observe, operation::Operation};
use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::Method,
    middleware,
    routing::{MethodRouter, get, post},
};
use mig_core::{limits, permissions::Permissions};
use std::sync::Arc;

/// What handlers are told of their request.
type Told = Extension<Operation>;
type Shared = axum::extract::State<Arc<Api>>;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Active investigators with these rights.
    Needs(Permissions),
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The original's envelope, with this status.
    Envelope(u16),
    /// Bare text.
    Text,
    /// A stream of events.
    Events,
    /// JSON of its own.
    Json,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// How it is called.
    pub method: &'static Method,
    /// Behind the base route; a slash at the end counts.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// Most bytes of a body.
    pub body_bytes: usize,
    /// What it does, for people.
    pub summary: &'static str,
    /// What callers send: parameters of the query, or fields of the form; a question mark behind those that may be absent.
    pub fields: &'static [&'static str],
    /// What comes back.
    pub answer: Answer,
    handler: fn() -> MethodRouter<Arc<Api>>,
}

const NONE: Permissions = Permissions::from_mask(0);
const SEARCH: Access = Access::Needs(Permissions { search: true, ..NONE });
const ACTION: Access = Access::Needs(Permissions { action: true, ..NONE });
const ACTION_CREATE: Access = Access::Needs(Permissions { action_create: true, ..NONE });
const FOLLOW: Permissions = Permissions { action: true, command: true, ..NONE };
const COMMAND: Access = Access::Needs(Permissions { command: true, ..NONE });
const AGENT: Access = Access::Needs(Permissions { agent: true, ..NONE });
const DASHBOARD: Access = Access::Needs(Permissions { dashboard: true, ..NONE });
const INVESTIGATOR: Access = Access::Needs(Permissions { investigator: true, ..NONE });
const INVESTIGATOR_CREATE: Access = Access::Needs(Permissions { investigator_create: true, ..NONE });
const INVESTIGATOR_UPDATE: Access = Access::Needs(Permissions { investigator_update: true, ..NONE });

/// Largest body of a new action, in bytes: the original's limit.
const MAX_ACTION_FORM_BYTES: usize = 10 << 20;
/// Largest other form, in bytes: an armored key fits.
const MAX_FORM_BYTES: usize = 1 << 20;
/// Longest body where none is wanted, in bytes.
const NO_BODY: usize = 0;

macro_rules! route {
    (GET $path:literal, $access:expr, $handler:path, $answer:expr, [$($field:literal),*], $summary:literal) => {
        route!(@ GET, get, $path, $access, NO_BODY, $handler, $answer, [$($field),*], $summary)
    };
    (POST $path:literal, $access:expr, $bytes:expr, $handler:path, $answer:expr, [$($field:literal),*], $summary:literal) => {
        route!(@ POST, post, $path, $access, $bytes, $handler, $answer, [$($field),*], $summary)
    };
    (@ $method:ident, $with:ident, $path:literal, $access:expr, $bytes:expr, $handler:path, $answer:expr, [$($field:literal),*],
        $summary:literal) => {
        Route {
            method: &Method::$method,
            path: $path,
            access: $access,
            body_bytes: $bytes,
            summary: $summary,
            fields: &[$($field),*],
            answer: $answer,
            handler: || $with($handler),
        }
    };
}

/// Every route: first those of the original, then ours.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route!(GET "/heartbeat", Access::Open, public::heartbeat, Answer::Envelope(200), [],
        "A sign of life of the program"),
    route!(POST "/heartbeat", Access::Open, limits::MAX_HEARTBEAT_BYTES, heartbeat::record, Answer::Json, [],
        "A heartbeat of an agent, in JSON"),
    route!(GET "/ip", Access::Open, public::address, Answer::Text, [],
        "The address of the caller"),
    route!(GET "/publickey/{fingerprint}", Access::Open, public::public_key, Answer::Text, [],
        "The armored public key of an investigator"),
    route!(GET "/dashboard", DASHBOARD, dashboard::show, Answer::Envelope(200), [],
        "Counts of agents, and the latest actions"),
    route!(GET "/search", SEARCH, search::search, Answer::Envelope(200),
        ["type?", "after?", "before?", "actionid?", "commandid?", "agentid?", "investigatorid?", "actionname?", "agentname?",
        "agentversion?", "investigatorname?", "loadername?", "status?", "threatfamily?", "foundanything?", "target?", "limit?",
        "offset?"],
        "Actions, commands, agents or investigators, by what they are and what belongs to them"),
    route!(GET "/action", ACTION, action::show, Answer::Envelope(200), ["actionid"],
        "An action with its counters and signers"),
    route!(POST "/action/create/", ACTION_CREATE, MAX_ACTION_FORM_BYTES, action::create, Answer::Envelope(202), ["action"],
        "Takes a signed action; the same signed bytes are the same action"),
    route!(GET "/command", COMMAND, command::show, Answer::Envelope(200), ["commandid"],
        "A command with its action, agent and results"),
    route!(GET "/agent", AGENT, agent::show, Answer::Envelope(200), ["agentid"],
        "An agent"),
    route!(GET "/investigator", INVESTIGATOR, investigator::show, Answer::Envelope(200), ["investigatorid"],
        "An investigator with key and rights"),
    route!(POST "/investigator/create/", INVESTIGATOR_CREATE, MAX_FORM_BYTES, investigator::create, Answer::Envelope(201),
        ["name", "permissions", "publickey?"],
        "Adds an investigator"),
    route!(POST "/investigator/update/", INVESTIGATOR_UPDATE, MAX_FORM_BYTES, investigator::update, Answer::Envelope(200),
        ["id", "status?", "permissions?", "apikey?"],
        "Changes an investigator; a new API key is in this answer only"),
    route!(POST "/action/cancel/", ACTION_CREATE, MAX_FORM_BYTES, action::cancel, Answer::Envelope(200), ["actionid"],
        "Cancels an action and its commands without answer"),
    route!(GET "/action/events", Access::Needs(FOLLOW), follow::follow, Answer::Events, ["actionid"],
        "Follows an action: progress, each command once as it ends, the end"),
    route!(GET "/target", SEARCH, target::preview, Answer::Envelope(200), ["target", "limit?"],
        "How many agents a target would ask now, and the first of them"),
    route!(GET "/version", Access::Open, public::version, Answer::Envelope(200), [],
        "The version of the program"),
    route!(GET "/health", Access::Open, public::health, Answer::Envelope(200), [],
        "Whether the platform can work: the program and its store"),
    route!(GET "/openapi.json", Access::Open, openapi::show, Answer::Json, [],
        "This description"),
];

/// The whole API as a service: all of [`ROUTES`] below the base route. For addresses of callers it has to be served with
/// [`ConnectInfo`](axum::extract::ConnectInfo) of [`SocketAddr`](std::net::SocketAddr).
pub fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let path = format!("{}{}", api.settings.base_route, route.path);
        let guard = middleware::from_fn_with_state((Arc::clone(&api), route.access), guard);
        let handler = (route.handler)().layer(DefaultBodyLimit::max(route.body_bytes)).route_layer(guard);
        router = router.route(&path, handler);
    }
    let observe = middleware::from_fn_with_state(Arc::clone(&api), observe::observe);
    router.fallback(observe::nowhere).layer(observe).with_state(api)
}
