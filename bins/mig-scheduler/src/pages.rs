//! Health, readiness, metrics and the count of agents, for those who watch over the scheduler.

use crate::StartError;
use hyper::{StatusCode, http::request::Parts};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use mig_core::{json, safe, scheduler::Scheduler, store::Store};
use mig_daemon::pages::{Page, Site};
use mig_transport::amqp::AmqpRelay;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long the store may take to answer before the scheduler counts as not ready.
const STORE_LIMIT: Duration = Duration::from_secs(3);

/// The pages.
#[derive(Debug)]
pub(crate) struct Health {
    scheduler: Scheduler,
    store: Arc<dyn Store>,
    relay: AmqpRelay,
    metrics: PrometheusHandle,
}

impl Health {
    /// Takes over the metrics of this process.
    pub(crate) fn new(
        scheduler: Scheduler,
        store: Arc<dyn Store>,
        relay: AmqpRelay,
    ) -> Result<Self, StartError> {
        let metrics = PrometheusBuilder::new().install_recorder().map_err(|_| StartError::Metrics)?;
        metrics::gauge!("mig_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
        Ok(Self { scheduler, store, relay, metrics })
    }

    /// Ready is who can work: with a store that answers and a relay that is connected.
    async fn readiness(&self) -> Page {
        let store = match timeout(STORE_LIMIT, self.store.actions(None, 1)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(safe::chain(&error)),
            Err(_) => Err(format!("it did not answer within {STORE_LIMIT:?}")),
        };
        let relay = if self.relay.is_connected() {
            Ok(())
        } else {
            Err("not connected; the log says why".to_owned())
        };
        let status =
            if store.is_ok() && relay.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let line = |what: &str, state: Result<(), String>| match state {
            Ok(()) => format!("{what}: ok\n"),
            Err(reason) => format!("{what}: {}\n", safe::line(&reason)),
        };
        Page::text(status, line("store", store) + &line("relay", relay))
    }

    fn metrics(&self) -> Page {
        let connected = f64::from(u8::from(self.relay.is_connected()));
        metrics::gauge!("mig_relay_connected").set(connected);
        Page {
            content_type: "text/plain; version=0.0.4; charset=utf-8",
            ..Page::text(StatusCode::OK, self.metrics.render())
        }
    }

    fn agents(&self) -> Page {
        match self.scheduler.statistics().as_ref().map(json::to_string_pretty) {
            Some(Ok(text)) => {
                Page { content_type: "application/json", ..Page::text(StatusCode::OK, text + "\n") }
            }
            Some(Err(error)) => Page::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
            None => Page::text(StatusCode::SERVICE_UNAVAILABLE, "the agents are not counted yet\n"),
        }
    }
}

impl Site for Health {
    async fn answer(&self, request: &Parts) -> Page {
        match request.uri.path() {
            "/healthz" => Page::text(StatusCode::OK, "ok\n"),
            "/readyz" => self.readiness().await,
            "/metrics" => self.metrics(),
            "/agents" => self.agents(),
            _ => Page::not_found("/healthz, /readyz, /metrics, /agents"),
        }
    }
}
