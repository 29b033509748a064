//! Agents in the store: one row per process, and per change of its environment.

use super::StoreError;
use crate::{
    agent_info::AgentInfo,
    id::{ActionId, AgentId},
};
use async_trait::async_trait;
use std::{collections::BTreeSet, fmt::Debug, time::SystemTime};

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
}
