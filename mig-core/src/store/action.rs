//! Actions in the store.

use super::{Lease, NewCommand, OwnerId, StoreError};
use crate::{
    action::Action,
    id::{ActionId, InvestigatorId},
    scheduler::flow::ActionStatus,
};
use async_trait::async_trait;
use std::{fmt::Debug, time::SystemTime};

/// A verified action on its way into the store.
#[derive(Clone, Debug)]
pub struct NewAction {
    /// The action; its id is not zero.
    pub action: Action,
    /// SHA-256 of its signed bytes.
    pub digest: [u8; 32],
    /// Who made each of its signatures, in their order.
    pub signers: Vec<InvestigatorId>,
}

/// What became of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// It is in the store now.
    New(ActionId),
    /// An action with the same signed bytes was there before: nothing was written.
    Known(ActionId),
}

impl Insertion {
    /// The id of the action in the store.
    #[must_use]
    pub const fn id(self) -> ActionId {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }
}

/// An action as the store knows it: with status, times, counters and signers.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAction {
    /// The document.
    pub action: Action,
    /// Where it stands; the document holds the same as a word.
    pub status: ActionStatus,
    /// Why it could not be launched; empty otherwise.
    pub reason: String,
}

/// Actions in the store.
#[async_trait]
pub trait ActionStore: Debug + Send + Sync {
    /// Keeps an action as *pending*, unless its signed bytes are known. With a lease, it belongs to that owner from the
    /// beginning: others leave it alone while the owner lives.
    ///
    /// # Errors
    /// [`StoreError::ActionIdTaken`] if another action has its id.
    async fn insert_action(&self, new: &NewAction, lease: Option<&Lease>) -> Result<Insertion, StoreError>;

    /// One action.
    ///
    /// # Errors
    /// [`StoreError::ActionNotFound`].
    async fn action(&self, id: ActionId) -> Result<StoredAction, StoreError>;

    /// Up to `limit` actions, latest insertion first, beginning behind `before`.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn actions(&self, before: Option<ActionId>, limit: u32) -> Result<Vec<StoredAction>, StoreError>;

    /// Takes up to `limit` actions that are *pending* in their validity window, or *scheduled* by a dead owner or by this
    /// one, and makes them *scheduled*. Two living owners never hold the same action.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn claim_actions(
        &self,
        lease: &Lease,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<StoredAction>, StoreError>;

    /// Stores the commands of a *scheduled* action, which becomes *preparing*; the commands belong to the same owner.
    /// False, and nothing is written, if the action is not scheduled by this owner any more.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn launch_action(
        &self,
        id: ActionId,
        owner: &OwnerId,
        commands: &[NewCommand],
        now: SystemTime,
    ) -> Result<bool, StoreError>;

    /// Makes a *scheduled* action *invalid*, for a reason that people read.
    /// False, and nothing is written, if the action is not scheduled by this owner any more.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn refuse_action(
        &self,
        id: ActionId,
        owner: &OwnerId,
        reason: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError>;

    /// Cancels an action that has not ended, and its commands without answer. Returns where it stands now, which is not
    /// *cancelled* if it had ended before.
    ///
    /// # Errors
    /// [`StoreError::ActionNotFound`].
    async fn cancel_action(&self, id: ActionId, now: SystemTime) -> Result<ActionStatus, StoreError>;

    /// Lets actions expire whose window closed before they were launched. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn expire_actions(&self, now: SystemTime) -> Result<u64, StoreError>;

    /// Deletes up to `limit` actions and commands, with results and signatures, of actions that ended before `before` and were
    /// valid until before it. Of an action its commands go first, so that it shows fewer of them until it goes itself. Returns
    /// how many were deleted; fewer than `limit` were the last ones.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn forget_actions(&self, before: SystemTime, limit: u32) -> Result<u64, StoreError>;
}
