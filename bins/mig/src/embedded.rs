//! Embedded mode: store, scheduler, relay and the agent of this machine in one process.
//!
//! Nothing is skipped: the action is signed, verified, targeted, delivered and answered as in a fleet. Several processes may
//! share one state directory. Each works on its own actions, and on those of processes that died.

use crate::{
    follow::{self, Follower},
    state::State,
};
use anyhow::{Context, Error, Result};
use mig_core::{
    action::Action,
    agent::{
        Agent, AgentError, AgentName, AgentOptions, AgentParts, ChildRunner, FileJournal, Owner, Owners,
        Policy,
    },
    agent_info::AgentInfo,
    clock::SystemClock,
    id::ActionId,
    module::Registry,
    scheduler::{Options, Scheduler, intake},
    store::{OwnerId, Store, StoredAction},
    transport::{Address, Transport},
};
use mig_transport::memory::MemoryRelay;
use std::{
    collections::BTreeMap,
    env,
    path::Path,
    pin::{Pin, pin},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{sync::oneshot, time::sleep};

/// The hidden first argument with which `mig` starts itself to run a module.
pub const WORKER_ARGUMENT: &str = "--run-module";

/// After this time of waiting for what an interrupted run left behind, the user is told.
const PATIENCE: Duration = Duration::from_millis(300);

/// A platform and its one agent.
#[derive(Debug)]
pub struct Embedded {
    store: Arc<dyn Store>,
    relay: MemoryRelay,
    scheduler: Scheduler,
    agent: Agent,
    info: AgentInfo,
    /// While it lives, others leave our actions alone.
    _owner: Owner,
}

impl Embedded {
    /// Assembles the platform over a state directory and its store, and takes over what dead processes left behind.
    ///
    /// # Errors
    /// If the state directory can not be read or written.
    pub async fn open(state: &State, store: Arc<dyn Store>, registry: &Registry) -> Result<Self> {
        let owners = Owners::open(&state.path("owners")).context("the directory of owners")?;
        let owner = owners.register().context("the directory of owners")?;
        release_the_dead(&*store, &owners).await?;
        for investigator in state.investigators()? {
            store.insert_investigator(&investigator, SystemTime::now()).await?;
        }
        let relay = MemoryRelay::default();
        let transport: Arc<dyn Transport> = Arc::new(relay.clone());
        let name = OwnerId(owner.id().to_owned());
        let clock = Arc::new(SystemClock);
        let scheduler =
            Scheduler::new(Arc::clone(&store), Arc::clone(&transport), clock, name, Options::default());
        let (agent, info) = agent(state, registry, &owners, transport)?;
        Ok(Self { store, relay, scheduler, agent, info, _owner: owner })
    }

    /// Submits a signed action and follows it to its end. `interrupt` ends when the user wants it cancelled.
    ///
    /// # Errors
    /// If the action is refused, or the platform fails.
    pub async fn ask<F: Follower<Error = Error>>(
        &self,
        action: Action,
        follower: &mut F,
        interrupt: impl AsyncFn(),
    ) -> Result<StoredAction> {
        let now = SystemTime::now();
        // The scheduler must know the agent, and the relay its queue, before the first action.
        self.store.record_heartbeats(std::slice::from_ref(&self.info), now).await?;
        drop(self.relay.subscribe(&Address::Agent(self.info.queue_location.clone())).await?);
        let submitted = intake::submit(&*self.store, action, Some(&self.scheduler.lease()), now).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let mut scheduler = pin!(self.scheduler.run(async { drop(stopped.await) }));
        let mut agent = pin!(self.agent.run());
        let mut agent_runs = true;
        let stored = {
            let mut following = pin!(self.follow(submitted.id(), follower, &interrupt));
            loop {
                tokio::select! {
                    followed = &mut following => break followed?,
                    failed = &mut scheduler => return Err(ended("the scheduler", failed.err())),
                    // It ends well only when it is cancelled; the scheduler then still has to end the action.
                    stopped = &mut agent, if agent_runs => {
                        stopped?;
                        agent_runs = false;
                    }
                }
            }
        };
        if agent_runs {
            tokio::select! {
                drained = self.drain(agent, follower, interrupt) => drained?,
                failed = &mut scheduler => return Err(ended("the scheduler", failed.err())),
            }
        }
        drop(stop);
        scheduler.await?;
        Ok(stored)
    }

    /// What dead processes left behind, and is running, is finished; the scheduler takes the answers meanwhile. An interrupt
    /// leaves it to the next run.
    async fn drain<F: Follower<Error = Error>>(
        &self,
        mut agent: Pin<&mut impl Future<Output = Result<(), AgentError>>>,
        follower: &mut F,
        interrupt: impl AsyncFn(),
    ) -> Result<()> {
        self.agent.stopper().drain();
        tokio::select! {
            drained = &mut agent => return Ok(drained?),
            () = sleep(PATIENCE) => follower.waits_for_others(),
        }
        tokio::select! {
            drained = &mut agent => return Ok(drained?),
            () = interrupt() => self.agent.stopper().cancel(),
        }
        Ok(agent.await?)
    }

    async fn follow<F: Follower<Error = Error>>(
        &self,
        id: ActionId,
        follower: &mut F,
        interrupt: &impl AsyncFn(),
    ) -> Result<StoredAction> {
        let following = follow::follow(&*self.store, id, follower);
        let cancel = async {
            self.store.cancel_action(id, SystemTime::now()).await?;
            self.agent.stopper().cancel();
            Ok(())
        };
        unless_interrupted(following, interrupt(), cancel).await
    }
}

/// What `following` comes to; an interrupt starts `cancel` meanwhile. Neither waits for the other: `following` may hold the store,
/// or be next in line for it, and would never let go if only `cancel` went on.
async fn unless_interrupted<T>(
    following: impl Future<Output = Result<T>>,
    interrupt: impl Future<Output = ()>,
    cancel: impl Future<Output = Result<()>>,
) -> Result<T> {
    let mut following = pin!(following);
    tokio::select! {
        followed = &mut following => return followed,
        () = interrupt => {}
    }
    let (followed, ()) = tokio::try_join!(following, cancel)?;
    Ok(followed)
}

async fn release_the_dead(store: &dyn Store, owners: &Owners) -> Result<()> {
    for dead in owners.dead().context("the directory of owners")? {
        store.release_leases(&OwnerId(dead.clone())).await?;
        owners.forget(&dead).context("the directory of owners")?;
    }
    Ok(())
}

fn agent(
    state: &State,
    registry: &Registry,
    owners: &Owners,
    transport: Arc<dyn Transport>,
) -> Result<(Agent, AgentInfo)> {
    let directory = state.path("agent");
    let journal = directory.join("journal");
    let info = AgentInfo::of_this_machine(&agent_name(&directory)?, registry, BTreeMap::new());
    let program = env::current_exe().context("the path of this program")?;
    let parts = AgentParts {
        info: info.clone(),
        transport,
        runner: Arc::new(ChildRunner::new(program, vec![WORKER_ARGUMENT.into()], registry.clone())),
        journal: Arc::new(FileJournal::open(&journal, owners)?),
        policy: Policy::new(state.keyring()?.0, state.acl()?),
        clock: Arc::new(SystemClock),
        options: AgentOptions::default(),
    };
    Ok((Agent::new(parts), info))
}

fn agent_name(directory: &Path) -> Result<AgentName> {
    Ok(AgentName::load_or_create(directory)?)
}

fn ended(what: &str, failure: Option<impl Into<Error>>) -> Error {
    let failure = failure.map_or_else(|| anyhow::anyhow!("it ended by itself"), Into::into);
    failure.context(format!("{what} of the embedded platform"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        sync::{Mutex, Notify},
        task::yield_now,
        time::timeout,
    };

    #[tokio::test(flavor = "current_thread")]
    async fn an_interrupt_cancels_also_while_the_answers_are_being_read() {
        let (store, cancelled) = (Mutex::new(()), Notify::new());
        let following = async {
            let reading = store.lock().await;
            // The interrupt comes here.
            yield_now().await;
            yield_now().await;
            drop(reading);
            cancelled.notified().await;
            Ok("cancelled")
        };
        let cancel = async {
            drop(store.lock().await);
            cancelled.notify_one();
            Ok(())
        };
        let ended = unless_interrupted(following, yield_now(), cancel);
        let ended = timeout(Duration::from_secs(60), ended).await.expect("they wait for each other");
        assert_eq!(ended.expect("no failure"), "cancelled");
    }
}
