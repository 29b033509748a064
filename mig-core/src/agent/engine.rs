//! The agent: receives commands, runs what is allowed, answers.

use super::{
    journal::Journal,
    runner::ModuleRunner,
    verify::Policy,
    watch::{Nobody, Watcher},
};
use crate::{
    agent_info::{AgentInfo, Environment},
    clock::Clock,
    limits::MAX_RESULTS_BYTES,
    time::Time,
    transport::{Address, Delivery, Subscription, Transport, TransportError},
};
use std::{
    num::NonZeroUsize,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    task::{JoinError, JoinSet},
};

/// An agent. It answers each command it receives once, whatever happens to it in between: a message is acknowledged after
/// the answer was taken over by the transport, and what was begun is in the [`Journal`].
#[derive(Debug)]
pub struct Agent {
    pub(super) shared: Arc<Shared>,
}

/// What an agent is made of.
#[derive(Debug)]
pub struct AgentParts {
    /// What it says of itself; its queue location is its address.
    pub info: AgentInfo,
    /// How commands come and answers go.
    pub transport: Arc<dyn Transport>,
    /// Who runs modules.
    pub runner: Arc<dyn ModuleRunner>,
    /// What it remembers.
    pub journal: Arc<dyn Journal>,
    /// What it accepts.
    pub policy: Policy,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How it works.
    pub options: AgentOptions,
}

/// How an agent works.
#[derive(Clone, Debug)]
pub struct AgentOptions {
    /// Commands that are worked on at once (default 4). The operations of one command run one after the other.
    pub parallel_commands: NonZeroUsize,
    /// Longest time one operation may take, in wall-clock time (default 300 s); never longer than the action is valid.
    pub module_timeout: Duration,
    /// Largest sum of the results of one command, in bytes of JSON (default [`MAX_RESULTS_BYTES`]). An operation whose
    /// result does not fit any more has failed.
    pub results_bytes: usize,
    /// Time from one heartbeat to the next (default 300 s).
    pub heartbeat_period: Duration,
    /// How long to wait after a failure of disk or transport before trying again (default 1 s).
    pub retry_pause: Duration,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self {
            parallel_commands: NonZeroUsize::MIN.saturating_add(3),
            module_timeout: Duration::from_secs(300),
            results_bytes: MAX_RESULTS_BYTES,
            heartbeat_period: Duration::from_secs(300),
            retry_pause: Duration::from_secs(1),
        }
    }
}

/// A platform takes an environment for a changed one when its time is newer by more than 15 seconds, as the original does.
const NOTICED: Duration = Duration::from_secs(16);

/// Ends an agent. Clones end the same one.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<Stage>>);

impl Stopper {
    /// Takes no further commands, answers those it has, and ends.
    pub fn drain(&self) {
        self.advance(Stage::Draining);
    }

    /// Kills what runs and ends. What was not answered will be delivered again.
    pub fn cancel(&self) {
        self.advance(Stage::Cancelled);
    }

    fn advance(&self, to: Stage) {
        self.0.send_modify(|stage| *stage = to.max(*stage));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Working,
    Draining,
    Cancelled,
}

/// Why an agent ended by itself.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No further command can come.
    #[error("agent {queue_location} can not receive commands: {source}")]
    Transport {
        /// Its address.
        queue_location: String,
        /// What the transport says.
        source: TransportError,
    },
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) parts: AgentParts,
    pub(super) watcher: Arc<dyn Watcher>,
    /// What the agent says of itself now; that of the parts is what it said at first.
    info: RwLock<Arc<AgentInfo>>,
    /// The environment has changed.
    pub(super) refreshed: Notify,
    stage: Arc<watch::Sender<Stage>>,
}

impl Agent {
    /// An agent that has not begun to work.
    #[must_use]
    pub fn new(parts: AgentParts) -> Self {
        Self::watched(parts, Arc::new(Nobody))
    }

    /// Like [`new`](Self::new), with somebody who is told what it does.
    #[must_use]
    pub fn watched(parts: AgentParts, watcher: Arc<dyn Watcher>) -> Self {
        let stage = Arc::new(watch::Sender::new(Stage::Working));
        let info = RwLock::new(Arc::new(parts.info.clone()));
        Self { shared: Arc::new(Shared { parts, watcher, info, refreshed: Notify::new(), stage }) }
    }

    /// What it says of itself.
    #[must_use]
    pub fn info(&self) -> Arc<AgentInfo> {
        self.shared.info()
    }

    /// Tells it of its environment as it is now. If that has changed, targets are held against it from now on and the platform
    /// learns of it at once.
    pub fn refresh(&self, environment: Environment) {
        let now = self.shared.info();
        if now.environment == environment {
            return;
        }
        let refresh_time = Time::from(self.shared.parts.clock.now()).max(now.refresh_time.plus(NOTICED));
        let changed = AgentInfo { environment, refresh_time, ..AgentInfo::clone(&now) };
        *self.shared.info.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(changed);
        self.shared.refreshed.notify_one();
    }

    /// Its address on the transport.
    #[must_use]
    pub fn queue_location(&self) -> &str {
        &self.shared.parts.info.queue_location
    }

    /// What ends it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.shared.stage))
    }

    /// Works until it is stopped. Dropping the future is like [`Stopper::cancel`].
    ///
    /// # Errors
    /// [`AgentError::Transport`] if the transport is gone; what was begun has been finished.
    pub async fn run(&self) -> Result<(), AgentError> {
        let parts = &self.shared.parts;
        if parts.policy.only_verify_keys {
            tracing::warn!(
                "access control is OFF (onlyverifypubkey): every key of the keyring may have everything run"
            );
        }
        let address = Address::Agent(parts.info.queue_location.clone());
        let subscription = tokio::select! {
            // A relay that is away can be waited for a long time.
            () = self.shared.reaches(Stage::Draining) => return Ok(()),
            subscribed = parts.transport.subscribe(&address) => subscribed.map_err(|error| self.gone(error))?,
        };
        tokio::select! {
            result = self.serve(subscription) => result,
            never = self.shared.send_heartbeats() => match never {},
        }
    }

    async fn serve(&self, mut subscription: Box<dyn Subscription>) -> Result<(), AgentError> {
        let mut commands = JoinSet::new();
        let result = self.receive(&mut *subscription, &mut commands).await;
        tokio::select! {
            () = async { while let Some(ended) = commands.join_next().await { report(ended) } } => {}
            () = self.shared.reaches(Stage::Cancelled) => {}
        }
        // Kills what is left; then the subscription may go.
        commands.shutdown().await;
        result
    }

    async fn receive(
        &self,
        subscription: &mut dyn Subscription,
        commands: &mut JoinSet<()>,
    ) -> Result<(), AgentError> {
        let parallel = self.shared.parts.options.parallel_commands.get();
        loop {
            tokio::select! {
                biased;
                () = self.shared.reaches(Stage::Draining) => return Ok(()),
                Some(ended) = commands.join_next() => report(ended),
                delivery = subscription.next(), if commands.len() < parallel => {
                    let delivery: Delivery = delivery.map_err(|error| self.gone(error))?;
                    commands.spawn(Arc::clone(&self.shared).take(delivery));
                }
            }
        }
    }

    fn gone(&self, source: TransportError) -> AgentError {
        AgentError::Transport { queue_location: self.shared.parts.info.queue_location.clone(), source }
    }
}

impl Shared {
    pub(super) fn info(&self) -> Arc<AgentInfo> {
        Arc::clone(&self.info.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns when the agent is at this stage or further.
    async fn reaches(&self, stage: Stage) {
        // It fails only without a sender, and this is one.
        self.stage.subscribe().wait_for(|now| *now >= stage).await.ok();
    }

    /// Waits before something is tried again; false if the agent is to end instead.
    pub(super) async fn pause(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.reaches(Stage::Draining) => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a command was not answered");
    }
}
