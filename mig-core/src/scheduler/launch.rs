//! From an action to the commands of its agents.

use super::{Scheduler, SchedulerError};
use crate::{
    action::Action,
    agent_info::AgentInfo,
    id::{ActionId, AgentId, CommandId},
    store::{AgentStore, NewCommand, Store, StoreError},
    target::{StoredAgent, Target, TargetError},
    time::Time,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

/// Most actions that are claimed at once.
const CLAIM: u32 = 16;
/// Agents that are looked at in one read.
const PAGE: u32 = 1000;

/// Why an action has no targets.
#[derive(Debug, thiserror::Error)]
enum LaunchError {
    /// Its target is outside the language.
    #[error("the target can not be read: {0}")]
    Target(TargetError),
    /// Its target holds for nobody.
    #[error("no agent matches the target: {reachable} reachable agents were looked at")]
    Nobody { reachable: usize },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Scheduler {
    /// Launches every action that waits.
    pub(super) async fn launch_due(&self) -> Result<(), SchedulerError> {
        loop {
            let claimed = self.store.claim_actions(&self.lease(), self.clock.now(), CLAIM).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            for stored in claimed {
                self.launch(&stored.action).await?;
            }
        }
    }

    async fn launch(&self, action: &Action) -> Result<(), SchedulerError> {
        let now = self.clock.now();
        match targets(&*self.store, &action.target, now).await {
            Ok(agents) => {
                let commands = agents.into_iter().map(new_command).collect::<Result<Vec<_>, _>>()?;
                let is_ours = self.store.launch_action(action.id, &self.owner, &commands, now).await?;
                tracing::info!(action = %action.id, commands = commands.len(), is_ours, "action launched");
            }
            Err(LaunchError::Store(error)) => return Err(error.into()),
            Err(refusal) => {
                let reason = refusal.to_string();
                let is_ours = self.store.refuse_action(action.id, &self.owner, &reason, now).await?;
                tracing::warn!(action = %action.id, reason, is_ours, "action is invalid");
            }
        }
        Ok(())
    }
}

fn new_command(agent: AgentId) -> Result<NewCommand, SchedulerError> {
    Ok(NewCommand { id: CommandId::unique()?, agent })
}

/// The reachable agents that a target holds for; at least one. Each address is asked once: a new process of an agent may
/// appear between two pages, behind the old one.
async fn targets(store: &dyn Store, target: &str, now: SystemTime) -> Result<Vec<AgentId>, LaunchError> {
    let target = Target::parse(target).map_err(LaunchError::Target)?;
    let earlier = Earlier::look_up(store, &target).await?;
    let (mut matching, mut reachable, mut last) = (BTreeMap::new(), 0, None);
    loop {
        let page = store.reachable_agents(last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        reachable += page.len();
        let holding = page.into_iter().filter(|agent| earlier.holds(&target, agent, now));
        matching.extend(holding.map(|agent| (agent.queue_location, agent.id)));
    }
    if matching.is_empty() {
        return Err(LaunchError::Nobody { reachable });
    }
    Ok(matching.into_values().collect())
}

/// Who found something in the earlier actions that a target names, by address: the process that was asked may have gone.
pub(crate) struct Earlier(BTreeMap<(ActionId, bool), BTreeSet<String>>);

impl Earlier {
    pub(crate) async fn look_up<S>(store: &S, target: &Target) -> Result<Self, StoreError>
    where
        S: AgentStore + ?Sized,
    {
        let mut answers = BTreeMap::new();
        for (action, found) in target.earlier_answers() {
            answers.insert((action, found), store.agents_that_found(action, found).await?);
        }
        Ok(Self(answers))
    }

    pub(crate) fn holds(&self, target: &Target, agent: &AgentInfo, now: SystemTime) -> bool {
        let found_in = |action: ActionId, found: bool| {
            self.0.get(&(action, found)).is_some_and(|agents| agents.contains(&agent.queue_location))
        };
        target.evaluate(&StoredAgent::new(agent, &found_in), Time::from(now)).is_true()
    }
}
