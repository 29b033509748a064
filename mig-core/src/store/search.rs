//! Searches: what people look for, page by page.

use super::{AgentStore, StoreError, StoredAction, StoredCommand};
use crate::{
    agent_info::AgentInfo,
    api::Search,
    id::{ActionId, AgentId},
    investigator::Investigator,
    scheduler::Earlier,
    statistics::AgentsStatistics,
    target::Target,
    time::Time,
};
use async_trait::async_trait;
use std::time::SystemTime;

/// Agents that are looked at in one read where the store can not evaluate targets by itself.
const PAGE: u32 = 1000;

/// The place of a row in the order of its search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchKey {
    /// Of an action the begin of its window, of a command its start, of an agent its heartbeat; of an investigator nothing.
    pub time: Time,
    /// Its id.
    pub id: u64,
}

/// Where a page begins, and how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchPage {
    /// The last row of the page before. It costs the same however far it is.
    pub after: Option<SearchKey>,
    /// Rows that are left out behind `after`. Each costs time.
    pub offset: u32,
    /// Most rows.
    pub limit: u32,
}

/// Whom a target would ask now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetPreview {
    /// How many agents.
    pub count: u64,
    /// The first of them, by id.
    pub agents: Vec<AgentInfo>,
}

/// Searches. Of [`Search`], its limit, offset and target do not count here: pages and targets are parameters of their own.
///
/// A filter restricts rows by what belongs to them: an agent that was never asked has no action, and is not found by one. Windows
/// include their ends. Patterns are those of `ILIKE` with `\` as escape; letter case is that of A to Z.
#[async_trait]
pub trait SearchStore: AgentStore {
    /// Actions whose window lies between `after` and `before`, latest begin first.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn find_actions(&self, search: &Search, page: &SearchPage)
    -> Result<Vec<StoredAction>, StoreError>;

    /// Commands, latest start first. `found` finds those that succeeded only.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn find_commands(
        &self,
        search: &Search,
        page: &SearchPage,
    ) -> Result<Vec<StoredCommand>, StoreError>;

    /// Agents, latest heartbeat first.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn find_agents(&self, search: &Search, page: &SearchPage) -> Result<Vec<AgentInfo>, StoreError>;

    /// Investigators, by id. The window is that of their last change.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn find_investigators(
        &self,
        search: &Search,
        page: &SearchPage,
    ) -> Result<Vec<Investigator>, StoreError>;

    /// These actions, in any order; unknown ids are left out.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn actions_by_id(&self, ids: &[ActionId]) -> Result<Vec<StoredAction>, StoreError>;

    /// The agent with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn agent(&self, id: AgentId) -> Result<Option<AgentInfo>, StoreError> {
        let before = id.get().checked_sub(1).map(AgentId::new);
        let found = self.agents(before, 1).await?.pop();
        Ok(found.filter(|agent| agent.id == id))
    }

    /// Up to `limit` agents that a target holds for at `now`, in whatever state, with ids above `after`, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn agents_of_target(
        &self,
        target: &Target,
        now: SystemTime,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<AgentInfo>, StoreError> {
        let earlier = Earlier::look_up(self, target).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut found, mut last) = (Vec::new(), after);
        while found.len() < limit {
            let page = self.agents(last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last = Some(end.id);
            found.extend(page.into_iter().filter(|agent| earlier.holds(target, agent, now)));
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Whom a target would ask at `now`: how many agents that can be reached, and the `first` ones.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn preview_target(
        &self,
        target: &Target,
        now: SystemTime,
        first: u32,
    ) -> Result<TargetPreview, StoreError> {
        let earlier = Earlier::look_up(self, target).await?;
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let (mut preview, mut last) = (TargetPreview::default(), None);
        loop {
            let page = self.reachable_agents(last, PAGE).await?;
            let Some(end) = page.last() else { return Ok(preview) };
            last = Some(end.id);
            for agent in page.into_iter().filter(|agent| earlier.holds(target, agent, now)) {
                preview.count += 1;
                if preview.agents.len() < first {
                    preview.agents.push(agent);
                }
            }
        }
    }

    /// How many agents there are, in which state.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn agents_statistics(&self, now: SystemTime) -> Result<AgentsStatistics, StoreError>;
}
