//! The loops of a scheduler.

use super::{AllowList, events::Events, periodic::Latest, sweep};
use crate::{
    clock::Clock,
    store::{Lease, OwnerId, Store, StoreError},
    transport::{Address, Transport, TransportError},
};
use std::{sync::Arc, time::Duration};

/// How a scheduler works.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long the claims of a scheduler without a sign of life are respected.
    pub lease: Duration,
    /// How often the store is asked for work if it does not announce any, and what is due expires.
    pub tick: Duration,
    /// How long a hand-over may take: the queue of an agent may be full.
    pub hand_over_timeout: Duration,
    /// When a failed hand-over is tried again.
    pub hand_over_again: Duration,
    /// How long after the end of its window the answer to a command is still in time: agents stop their modules at the end.
    pub answer_grace: Duration,
    /// Silence after which an agent is idle.
    pub idle_after: Duration,
    /// Silence after which an idle agent is offline. Heartbeats that say they are older are ignored.
    pub offline_after: Duration,
    /// How long actions and their commands are kept after they ended; `None` for ever.
    pub keep_actions: Option<Duration>,
    /// How long agents are kept after their last heartbeat, and after their commands; `None` for ever.
    pub keep_agents: Option<Duration>,
    /// How often it is looked for what need not be kept.
    pub forget_every: Duration,
    /// How often agents are counted.
    pub census_period: Duration,
    /// Whether several agents of one address are reported.
    pub reports_duplicates: bool,
    /// Whether each command is logged with its agent when it is handed over.
    pub logs_commands: bool,
    /// Whether new and refused agents and answers are told to listeners of the relay.
    pub publishes_events: bool,
    /// Whether each heartbeat is logged.
    pub logs_heartbeats: bool,
    /// How often queues of agents that are gone are removed, if nothing waits there.
    pub queue_cleanup_period: Duration,
}

/// The original's periods where it has them: a heartbeat each 5 minutes, idle after 5 of them.
impl Default for Options {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            tick: Duration::from_secs(1),
            hand_over_timeout: Duration::from_secs(10),
            hand_over_again: Duration::from_secs(5),
            answer_grace: Duration::from_secs(5),
            idle_after: Duration::from_secs(25 * 60),
            offline_after: Duration::from_secs(45 * 60),
            keep_actions: None,
            keep_agents: None,
            forget_every: Duration::from_secs(87),
            census_period: Duration::from_secs(87),
            reports_duplicates: true,
            publishes_events: false,
            logs_commands: false,
            logs_heartbeats: false,
            queue_cleanup_period: Duration::from_secs(24 * 3600),
        }
    }
}

/// A scheduler of one store and one relay.
#[derive(Clone, Debug)]
pub struct Scheduler {
    pub(super) store: Arc<dyn Store>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) owner: OwnerId,
    pub(super) options: Options,
    pub(super) allow_list: Option<Arc<AllowList>>,
    pub(super) latest: Latest,
    pub(super) events: Events,
}

impl Scheduler {
    /// A scheduler under a name that no other instance had before.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        owner: OwnerId,
        options: Options,
    ) -> Self {
        Self {
            store,
            transport,
            clock,
            owner,
            options,
            allow_list: None,
            latest: Latest::default(),
            events: Events::default(),
        }
    }

    /// Takes heartbeats of these agents only.
    #[must_use]
    pub fn allowing(self, allow_list: AllowList) -> Self {
        Self { allow_list: Some(Arc::new(allow_list)), ..self }
    }

    /// A lease that begins now: with it, an action is submitted so that this scheduler runs it.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease::new(self.owner.clone(), self.clock.now(), self.options.lease)
    }

    /// Works until `stop`, and then leaves to others what is not done. To drop the future instead is safe at any point, but
    /// others have to wait for the end of the lease.
    ///
    /// # Errors
    /// [`SchedulerError`] if store or relay fail for good.
    pub async fn run(&self, stop: impl Future<Output = ()>) -> Result<(), SchedulerError> {
        let answers = self.transport.subscribe(&Address::Results).await?;
        let heartbeats = self.transport.subscribe(&Address::Heartbeats).await?;
        tokio::select! {
            failure = self.take_answers(answers) => failure,
            failure = self.take_heartbeats(heartbeats) => failure,
            failure = self.work() => failure,
            failure = self.keep_lease() => failure,
            failure = self.forget_old() => failure,
            failure = self.count_agents() => failure,
            failure = self.clean_up_queues() => failure,
            never = self.publish_events() => match never {},
            () = stop => Ok(self.store.release_leases(&self.owner).await?),
        }
    }

    /// Looks for work whenever the store changes, and now and then.
    async fn work(&self) -> Result<(), SchedulerError> {
        loop {
            let seen = self.store.revision();
            self.patiently(|| self.step()).await?;
            let changed = tokio::time::timeout(self.options.tick, self.store.changed(seen));
            changed.await.unwrap_or(Ok(seen))?;
        }
    }

    /// Does everything that is due now.
    async fn step(&self) -> Result<(), SchedulerError> {
        self.launch_due().await?;
        self.hand_over_due().await?;
        Ok(sweep::sweep(&*self.store, self.clock.now(), &self.options).await?)
    }

    /// Deletes what need not be kept, in small steps between which others have their turn.
    async fn forget_old(&self) -> Result<(), SchedulerError> {
        loop {
            let now = self.clock.now();
            let is_more = self.patiently(|| sweep::forget(&*self.store, now, &self.options)).await?;
            let pause = if is_more { self.options.tick } else { self.options.forget_every };
            tokio::time::sleep(pause).await;
        }
    }

    async fn keep_lease(&self) -> Result<(), SchedulerError> {
        loop {
            tokio::time::sleep(self.options.lease / 3).await;
            let lease = self.lease();
            self.patiently(|| self.store.renew_lease(&lease)).await?;
        }
    }

    /// Tries again while the store only asks for patience.
    pub(super) async fn patiently<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, SchedulerError>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<SchedulerError>,
    {
        loop {
            match attempt().await.map_err(Into::into) {
                Err(SchedulerError::Store(error)) if error.is_transient() => {
                    tracing::warn!(%error, "store is busy, trying again");
                    tokio::time::sleep(self.options.tick).await;
                }
                result => return result,
            }
        }
    }
}

/// Why a scheduler can not go on.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SchedulerError {
    /// The store failed for good.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The relay failed for good.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Commands need random ids.
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
}
