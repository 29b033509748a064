//! What goes on: counts of agents, and the latest actions.

use super::{Shared, Told, action};
use crate::{
    answer::{Document, answer, item},
    error::ApiError,
};
use axum::{http::StatusCode, response::Response};
use mig_core::{api::Datum, statistics::AgentsStatistics};

/// Actions that are shown.
const LATEST: u32 = 10;

pub(super) async fn show(api: Shared, operation: Told) -> Result<Response, ApiError> {
    let mut items = vec![item(api.url("/dashboard"), counts(api.statistics().await?))];
    for stored in api.store.actions(None, LATEST).await? {
        items.push(action::item(&api, "action", stored.action));
    }
    answer(&operation, StatusCode::OK, items)
}

/// In the original's order; its console reads them by name.
fn counts(statistics: AgentsStatistics) -> Vec<Datum<Document>> {
    let count = |name: &str, count: f64| Datum::new(name, Document::Count(count));
    vec![
        count("online agents", statistics.online_agents),
        Datum::new("online agents by version", Document::Versions(statistics.online_agents_by_version)),
        count("online endpoints", statistics.online_endpoints),
        count("idle agents", statistics.idle_agents),
        Datum::new("idle agents by version", Document::Versions(statistics.idle_agents_by_version)),
        count("idle endpoints", statistics.idle_endpoints),
        count("new endpoints", statistics.new_endpoints),
        count("endpoints running 2 or more agents", statistics.multi_agents_endpoints),
        count("disappeared endpoints", statistics.disappeared_endpoints),
        count("flapping endpoints", statistics.flapping_endpoints),
    ]
}
