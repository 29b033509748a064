//! What a platform remembers. The store is also the only queue of a platform: schedulers claim work in it with leases.
//!
//! The traits say what must hold; `testing::store_contract` checks it on any implementation.
//! Every method is atomic: it happens as a whole or not at all, also when its future is dropped or the process is killed.

mod access;
mod action;
mod agent;
mod command;
mod enrolment;
mod error;
mod investigator;
mod lease;
mod search;

use async_trait::async_trait;

pub use self::{
    access::{AccessStore, Account, ApiKeyHash, KeyHolder, NewAccount},
    action::{ActionStore, Insertion, NewAction, StoredAction},
    agent::{AgentStore, TargetedAgent},
    command::{
        Answer, CommandFilter, CommandQuery, CommandStore, EndMark, Handover, NewCommand, SentCommand,
        StoredCommand,
    },
    enrolment::{Enrolment, EnrolmentStore},
    error::StoreError,
    investigator::{ActiveKey, InvestigatorStatus, InvestigatorStore, NewInvestigator},
    lease::{Lease, OwnerId},
    search::{SearchKey, SearchPage, SearchStore, TargetPreview},
};

/// Everything a platform remembers, in one place.
#[async_trait]
pub trait Store:
    ActionStore + CommandStore + AgentStore + InvestigatorStore + AccessStore + SearchStore + EnrolmentStore
{
    /// Makes an owner count as alive until the end of the lease, and keeps what it has claimed.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn renew_lease(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Declares an owner dead: what it has claimed and not finished can be claimed by others at once.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn release_leases(&self, owner: &OwnerId) -> Result<(), StoreError>;

    /// A number that grows with every change; the ticket for [`changed`](Store::changed).
    fn revision(&self) -> u64;

    /// Waits until something changed after `seen`, in this process (at once) or in another one (soon), and returns the new
    /// revision. It may wake up without a visible change.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn changed(&self, seen: u64) -> Result<u64, StoreError>;
}
