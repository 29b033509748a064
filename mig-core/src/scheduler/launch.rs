//! From an action to the commands of its agents.

use super::{Scheduler, SchedulerError};
use crate::{
    action::Action,
    agent_info::AgentInfo,
    id::{ActionId, AgentId, CommandId},
    store::{AgentStore, NewCommand, Store, StoreError, TargetedAgent},
    target::{StoredAgent, Target, TargetError},
    time::Time,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

/// Most actions that are claimed at once.
const CLAIM: u32 = 16;
/// Targeted agents that are read at once.
const TARGETED: u32 = 5000;
/// Agents that are looked at in one read, where the store can not evaluate targets by itself.
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
    /// The store gave up on it.
    #[error("the target takes too long: {0}")]
    TooSlow(StoreError),
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
    let mut matching = BTreeMap::new();
    each_targeted(store, &target, now, |agent| matching.extend([(agent.queue_location, agent.id)])).await?;
    if matching.is_empty() {
        let mut reachable = 0;
        each_targeted(store, &Target::all(), now, |_| reachable += 1).await?;
        return Err(LaunchError::Nobody { reachable });
    }
    Ok(matching.into_values().collect())
}

/// Tells every reachable agent that a target holds for, by id.
async fn each_targeted(
    store: &dyn Store,
    target: &Target,
    now: SystemTime,
    mut tell: impl FnMut(TargetedAgent) + Send,
) -> Result<(), LaunchError> {
    let mut last = None;
    loop {
        let page = match store.targeted_agents(target, now, last, TARGETED).await {
            Err(error @ StoreError::TargetTooSlow { .. }) => return Err(LaunchError::TooSlow(error)),
            page => page?,
        };
        let Some(end) = page.last() else { return Ok(()) };
        last = Some(end.id);
        page.into_iter().for_each(&mut tell);
    }
}

/// [`AgentStore::targeted_agents`] for stores that can not evaluate targets by themselves: looks at all reachable agents behind
/// `after` until `limit` match.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub async fn targeted_by_pages<S: AgentStore + ?Sized>(
    store: &S,
    target: &Target,
    now: SystemTime,
    after: Option<AgentId>,
    limit: u32,
) -> Result<Vec<TargetedAgent>, StoreError> {
    let earlier = Earlier::look_up(store, target).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut found, mut last) = (Vec::new(), after);
    while found.len() < limit {
        let page = store.reachable_agents(last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        let holding = page.into_iter().filter(|agent| earlier.holds(target, agent, now));
        found.extend(
            holding.map(|agent| TargetedAgent { id: agent.id, queue_location: agent.queue_location }),
        );
    }
    found.truncate(limit);
    Ok(found)
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
