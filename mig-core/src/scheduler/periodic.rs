//! What is done now and then: counting agents, and removing queues that nobody reads any more.

use super::{Census, Scheduler, SchedulerError};
use crate::{
    statistics::AgentsStatistics,
    store::StoreError,
    time::Time,
    transport::{Address, TransportError},
};
use std::sync::{Arc, Mutex, PoisonError};

/// Agents that are read at once.
const PAGE: u32 = 1000;
/// Most addresses that one report names.
const NAMED: usize = 20;

/// The last count; shared by the clones of a scheduler.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest(Arc<Mutex<Option<AgentsStatistics>>>);

impl Scheduler {
    /// The last count of agents; `None` before the first.
    #[must_use]
    pub fn statistics(&self) -> Option<AgentsStatistics> {
        self.latest.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts agents now and in every period.
    pub(super) async fn count_agents(&self) -> Result<(), SchedulerError> {
        loop {
            let census = self.patiently(|| self.census()).await?;
            self.know(&census);
            let statistics = census.statistics();
            publish(&statistics);
            *self.latest.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(statistics);
            if self.options.reports_duplicates {
                census.duplicates().take(NAMED).for_each(report_duplicate);
            }
            tokio::time::sleep(self.options.census_period).await;
        }
    }

    async fn census(&self) -> Result<Census, StoreError> {
        let mut census = Census::at(self.clock.now().into(), self.options.idle_after / 5);
        let mut last = None;
        loop {
            let page = self.store.agents(last, PAGE).await?;
            let Some(end) = page.last() else { return Ok(census) };
            last = Some(end.id);
            page.iter().for_each(|agent| census.add(agent));
        }
    }

    /// Removes queues of agents that are gone: the first time all of them, then those that went since.
    pub(super) async fn clean_up_queues(&self) -> Result<(), SchedulerError> {
        let period = self.options.queue_cleanup_period;
        let mut since = Time::default();
        loop {
            tokio::time::sleep(period).await;
            let begun = self.clock.now();
            let census = self.patiently(|| self.census()).await?;
            let mut removed = 0_u64;
            for location in census.abandoned(since) {
                match self.transport.remove_unused(&Address::Agent(location.to_owned())).await {
                    Ok(true) => removed += 1,
                    Ok(false) => {}
                    // The next round tries again.
                    Err(error @ TransportError::Closed) => return Err(error.into()),
                    Err(error) => {
                        tracing::warn!(location, %error, "queue of an agent that is gone not removed");
                    }
                }
            }
            tracing::info!(removed, "queues of agents that are gone");
            metrics::counter!("mig_queues_removed_total").increment(removed);
            // Who has just gone offline had its last heartbeat that long before.
            since = Time::from(begun - self.options.offline_after - self.options.idle_after - period);
        }
    }
}

fn report_duplicate(location: &str) {
    tracing::warn!(
        location,
        "several agents have this address and take each other's commands: end all but one, or remove .migagtid in the run \
         directory of a copied machine"
    );
}

fn publish(statistics: &AgentsStatistics) {
    for (state, value) in [("online", statistics.online_agents), ("idle", statistics.idle_agents)] {
        metrics::gauge!("mig_agents", "state" => state).set(value);
    }
    for (state, value) in [
        ("online", statistics.online_endpoints),
        ("idle", statistics.idle_endpoints),
        ("new", statistics.new_endpoints),
        ("disappeared", statistics.disappeared_endpoints),
        ("flapping", statistics.flapping_endpoints),
        ("several_agents", statistics.multi_agents_endpoints),
    ] {
        metrics::gauge!("mig_endpoints", "state" => state).set(value);
    }
}
