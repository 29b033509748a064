//! Agents that prove by a key who they are.

use super::StoreError;
use crate::enrolment::{AgentPublicKey, InvitationDigest};
use async_trait::async_trait;
use std::{fmt::Debug, time::SystemTime};

/// What became of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// The key is the one of its queue location from now on, and the invitation is spent. Also if exactly this was done
    /// before: an agent that did not get the answer asks again.
    Done,
    /// The invitation is unknown, has expired, or was spent by somebody else.
    NotInvited,
    /// Another key has this queue location. The invitation is as good as before.
    Taken,
}

/// Agents that prove by a key who they are.
#[async_trait]
pub trait EnrolmentStore: Debug + Send + Sync {
    /// Keeps an invitation, good for one agent until `expires`.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn add_invitation(
        &self,
        digest: &InvitationDigest,
        expires: SystemTime,
        now: SystemTime,
    ) -> Result<(), StoreError>;

    /// Spends an invitation to give a queue location its key.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn enrol(
        &self,
        digest: &InvitationDigest,
        queue_location: &str,
        key: &AgentPublicKey,
        now: SystemTime,
    ) -> Result<Enrolment, StoreError>;

    /// The key of a queue location; `None` if nobody enrolled for it, or the agent was dismissed.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn enrolled_key(&self, queue_location: &str) -> Result<Option<AgentPublicKey>, StoreError>;

    /// Forgets the key of a queue location, at once. False if it had none.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn dismiss_agent(&self, queue_location: &str) -> Result<bool, StoreError>;
}
