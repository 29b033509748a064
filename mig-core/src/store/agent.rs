//! Agents in the store: one row per process, and per change of its environment.

use super::StoreError;
use crate::{
    agent_info::AgentInfo,
    id::{ActionId, AgentId},
    target::Target,
};
use async_trait::async_trait;
use std::{collections::BTreeSet, fmt::Debug, time::SystemTime};

/// Whom a target names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetedAgent {
    /// The process.
    pub id: AgentId,
    /// Its address on the relay.
    pub queue_location: String,
}

/// Agents in the store.
#[async_trait]
pub trait AgentStore: Debug + Send + Sync {
    /// Records heartbeats that came at `now`: the process (queue location and process id) becomes *online*. A process that
    /// is new, or was *offline*, or says that its environment changed, gets a new row; the old row goes *offline*.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn record_heartbeats(&self, agents: &[AgentInfo], now: SystemTime) -> Result<(), StoreError>;

    /// Up to `limit` agents with ids above `after`, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn agents(&self, after: Option<AgentId>, limit: u32) -> Result<Vec<AgentInfo>, StoreError>;

    /// Like [`agents`](AgentStore::agents), but only those that can be asked: *online* or *idle*, and of each queue location
    /// only the row with the latest heartbeat.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn reachable_agents(
        &self,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<AgentInfo>, StoreError>;

    /// Up to `limit` of the [`reachable_agents`](AgentStore::reachable_agents) with ids above `after`, by id, that a target
    /// holds for at `now`. Fewer than `limit` are the last ones.
    ///
    /// # Errors
    /// [`StoreError::TargetTooSlow`] if the backend gave up on the target; [`StoreError`] if it fails.
    async fn targeted_agents(
        &self,
        target: &Target,
        now: SystemTime,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<TargetedAgent>, StoreError>;

    /// Queue locations of agents of which an operation of this action found something (or, with false, did not).
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn agents_that_found(&self, action: ActionId, found: bool) -> Result<BTreeSet<String>, StoreError>;

    /// *Online* agents without a heartbeat since `idle_before` become *idle*, *idle* ones without since `offline_before`
    /// *offline*.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn age_agents(&self, idle_before: SystemTime, offline_before: SystemTime)
    -> Result<(), StoreError>;

    /// Deletes up to `limit` agents that are *offline* or *destroyed*, had their last heartbeat before `before`, and have no
    /// command in the store. Returns how many; fewer than `limit` were the last ones.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn forget_agents(&self, before: SystemTime, limit: u32) -> Result<u64, StoreError>;
}
