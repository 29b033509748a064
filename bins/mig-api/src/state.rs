//! What all requests share.

use crate::{
    keys::{ApiKeys, InvestigatorKeys},
    limiter::{Limiter, Rate},
};
use mig_core::{
    clock::{Clock, SystemClock},
    config::ApiConfig,
    statistics::AgentsStatistics,
    store::{Store, StoreError},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, Semaphore};

/// Most streams of events at once.
const MAX_FOLLOWERS: usize = 2000;
/// How old counts of agents may be: they cost a look at every agent.
const STATISTICS_AGE: Duration = Duration::from_secs(10);

/// How an API behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL that callers use, without a slash at its end.
    pub public_url: String,
    /// Before all routes, without a slash at its end.
    pub base_route: String,
    /// False lets everybody do everything.
    pub authenticates: bool,
    /// How much the clock of a caller may be off, both ways.
    pub token_window: Duration,
    /// Which entry of `X-Forwarded-For` is the caller, counted from the last one; `None` takes the address of the connection.
    pub forwarded_for: Option<usize>,
    /// Requests of one address.
    pub requests: Rate,
    /// Failed attempts to prove who one is, of one address.
    pub failures: Rate,
    /// How long a request may take, streams aside.
    pub request_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://localhost:1664".to_owned(),
            base_route: "/api/v1".to_owned(),
            authenticates: true,
            token_window: Duration::from_secs(600),
            forwarded_for: None,
            requests: Rate { per_second: 2000.0, burst: 10_000.0 },
            failures: Rate { per_second: 1.0, burst: 60.0 },
            request_timeout: Duration::from_secs(60),
        }
    }
}

impl From<&ApiConfig> for Settings {
    fn from(config: &ApiConfig) -> Self {
        Self {
            public_url: config.public_url.clone(),
            base_route: config.base_route.clone(),
            authenticates: config.authenticates,
            token_window: config.token_lifetime,
            forwarded_for: config.forwarded_for,
            ..Self::default()
        }
    }
}

/// What all requests share.
#[derive(Debug)]
pub struct Api {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) keys: InvestigatorKeys,
    pub(crate) api_keys: ApiKeys,
    pub(crate) followers: Arc<Semaphore>,
    pub(crate) requests: Limiter,
    pub(crate) failures: Limiter,
    statistics: Mutex<Option<(Instant, AgentsStatistics)>>,
}

impl Api {
    /// An API on a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, settings: Settings) -> Arc<Self> {
        Self::with_clock(store, settings, Arc::new(SystemClock))
    }

    /// An API with a clock of its own, for tests.
    #[must_use]
    pub fn with_clock(store: Arc<dyn Store>, settings: Settings, clock: Arc<dyn Clock>) -> Arc<Self> {
        if !settings.authenticates {
            tracing::warn!("authentication is off: everybody who can connect may do everything");
        }
        Arc::new(Self {
            keys: InvestigatorKeys::default(),
            api_keys: ApiKeys::default(),
            followers: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
            requests: Limiter::new(settings.requests),
            failures: Limiter::new(settings.failures),
            statistics: Mutex::new(None),
            store,
            clock,
            settings,
        })
    }

    /// A URL below the base route; `path` begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.settings.public_url, self.settings.base_route)
    }

    /// How many agents there are; a moment old at most.
    pub(crate) async fn statistics(&self) -> Result<AgentsStatistics, StoreError> {
        let mut known = self.statistics.lock().await;
        if let Some((counted, statistics)) = &*known
            && counted.elapsed() < STATISTICS_AGE
        {
            return Ok(statistics.clone());
        }
        let statistics = self.store.agents_statistics(self.clock.now()).await?;
        *known = Some((Instant::now(), statistics.clone()));
        Ok(statistics)
    }
}
