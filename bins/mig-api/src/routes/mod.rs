//! Every route, in one table.

mod action;
mod agent;
mod command;
mod dashboard;
mod follow;
mod heartbeat;
mod investigator;
mod public;
mod search;
mod target;

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
    (GET $path:literal, $access:expr, $handler:path) => {
        Route {
            method: &Method::GET,
            path: $path,
            access: $access,
            body_bytes: NO_BODY,
            handler: || get($handler),
        }
    };
    (POST $path:literal, $access:expr, $bytes:expr, $handler:path) => {
        Route {
            method: &Method::POST,
            path: $path,
            access: $access,
            body_bytes: $bytes,
            handler: || post($handler),
        }
    };
}

/// Every route: first those of the original, then ours.
pub const ROUTES: &[Route] = &[
    route!(GET "/heartbeat", Access::Open, public::heartbeat),
    route!(POST "/heartbeat", Access::Open, limits::MAX_HEARTBEAT_BYTES, heartbeat::record),
    route!(GET "/ip", Access::Open, public::address),
    route!(GET "/publickey/{fingerprint}", Access::Open, public::public_key),
    route!(GET "/dashboard", DASHBOARD, dashboard::show),
    route!(GET "/search", SEARCH, search::search),
    route!(GET "/action", ACTION, action::show),
    route!(POST "/action/create/", ACTION_CREATE, MAX_ACTION_FORM_BYTES, action::create),
    route!(GET "/command", COMMAND, command::show),
    route!(GET "/agent", AGENT, agent::show),
    route!(GET "/investigator", INVESTIGATOR, investigator::show),
    route!(POST "/investigator/create/", INVESTIGATOR_CREATE, MAX_FORM_BYTES, investigator::create),
    route!(POST "/investigator/update/", INVESTIGATOR_UPDATE, MAX_FORM_BYTES, investigator::update),
    route!(POST "/action/cancel/", ACTION_CREATE, MAX_FORM_BYTES, action::cancel),
    route!(GET "/action/events", Access::Needs(FOLLOW), follow::follow),
    route!(GET "/target", SEARCH, target::preview),
    route!(GET "/version", Access::Open, public::version),
    route!(GET "/health", Access::Open, public::health),
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
