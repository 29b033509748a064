//! Commands and answers in the store.

use super::{Lease, OwnerId, StoreError};
use crate::{
    action::{Action, ActionCounters},
    agent_info::AgentInfo,
    command::{Command, ModuleResult},
    id::{ActionId, AgentId, CommandId},
    scheduler::flow::{AnswerStatus, CommandStatus, Reception},
    time::Time,
};
use async_trait::async_trait;
use std::{fmt::Debug, time::SystemTime};

/// A command on its way into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewCommand {
    /// Its id, not zero.
    pub id: CommandId,
    /// Who is asked.
    pub agent: AgentId,
}

/// A command as the store knows it, without its action.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCommand {
    /// Names the command.
    pub id: CommandId,
    /// What is asked.
    pub action: ActionId,
    /// Who is asked.
    pub agent: AgentInfo,
    /// Where it stands.
    pub status: CommandStatus,
    /// `results[i]` answers operation `i`; empty without an answer.
    pub results: Vec<ModuleResult>,
    /// When it was made.
    pub start_time: Time,
    /// When it ended; zero before.
    pub finish_time: Time,
    /// What the agent reported after the command had expired or was cancelled.
    pub late: Option<AnswerStatus>,
    /// Its place in [`CommandStore::ended_commands`]; `None` before its end.
    pub ended: Option<EndMark>,
}

impl StoredCommand {
    /// The document, with the action that was asked.
    #[must_use]
    pub fn into_command(self, action: Action) -> Command {
        Command {
            id: self.id,
            action,
            agent: self.agent,
            status: self.status.as_str().to_owned(),
            results: Some(self.results),
            start_time: self.start_time,
            finish_time: self.finish_time,
        }
    }
}

/// The place of an ended command in the order of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndMark {
    /// Grows with every transaction that ends commands.
    pub stamp: u64,
    /// Orders the commands of one transaction.
    pub id: CommandId,
}

/// What was sent, as far as an answer must match it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCommand {
    /// Names the command.
    pub id: CommandId,
    /// What was asked.
    pub action: ActionId,
    /// The address of who was asked.
    pub queue_location: String,
    /// How many operations, and so results.
    pub operations: usize,
}

/// An answer that matches what was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Which command it answers.
    pub command: CommandId,
    /// What the agent reports.
    pub status: AnswerStatus,
    /// One result per operation.
    pub results: Vec<ModuleResult>,
}

/// How far a command came on its way to its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// A relay has it that forgets it when its owner dies: then it is handed over again.
    Volatile,
    /// A relay has it that keeps messages by itself.
    Durable,
}

/// Which commands of an action are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommandFilter {
    /// All.
    #[default]
    All,
    /// Those that succeeded and found something.
    Found,
    /// Those that succeeded and found nothing.
    NotFound,
    /// Those in one state.
    Status(CommandStatus),
}

/// One page of the commands of an action, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct CommandQuery {
    /// Whose commands.
    pub action: ActionId,
    /// Which of them.
    pub filter: CommandFilter,
    /// The last command of the page before.
    pub after: Option<CommandId>,
    /// Most commands on the page.
    pub limit: u32,
}

/// Commands and answers in the store.
#[async_trait]
pub trait CommandStore: Debug + Send + Sync {
    /// One command.
    ///
    /// # Errors
    /// [`StoreError::CommandNotFound`].
    async fn command(&self, id: CommandId) -> Result<StoredCommand, StoreError>;

    /// One page of commands; empty behind the last one.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn commands(&self, query: &CommandQuery) -> Result<Vec<StoredCommand>, StoreError>;

    /// Up to `limit` commands of an action that ended after `after`, in the order of their ends: who follows an action sees
    /// each of its commands once.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn ended_commands(
        &self,
        action: ActionId,
        after: Option<EndMark>,
        limit: u32,
    ) -> Result<Vec<StoredCommand>, StoreError>;

    /// How the commands of an action stand. `sent` is their number and always `in_flight + done`.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn counters(&self, action: ActionId) -> Result<ActionCounters, StoreError>;

    /// Takes up to `limit` commands that no relay has: those this owner has not handed over yet, and those of dead owners
    /// that no durable relay holds. Two living owners never hold the same command.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn claim_commands(
        &self,
        lease: &Lease,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<StoredCommand>, StoreError>;

    /// Records that a relay has these commands. Commands that ended, or belong to another owner by now, stay as they are.
    /// An action with no command left to hand over becomes *in flight*.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn hand_over(
        &self,
        commands: &[CommandId],
        owner: &OwnerId,
        how: Handover,
        now: SystemTime,
    ) -> Result<(), StoreError>;

    /// Leaves commands that could not be handed over to whoever claims first after `until`.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn postpone_commands(
        &self,
        commands: &[CommandId],
        owner: &OwnerId,
        until: SystemTime,
    ) -> Result<(), StoreError>;

    /// What was sent under these ids; unknown ids are left out.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn sent_commands(&self, ids: &[CommandId]) -> Result<Vec<SentCommand>, StoreError>;

    /// Records answers as [`CommandStatus::reception`] says, and completes actions whose last command ended.
    ///
    /// # Errors
    /// [`StoreError::CommandNotFound`] if one of the commands does not exist: then none is recorded.
    async fn record_answers(&self, answers: &[Answer], now: SystemTime)
    -> Result<Vec<Reception>, StoreError>;

    /// Lets up to `limit` commands expire that have no answer and whose action was valid until before `deadline`, and
    /// completes actions whose last command ended. Agents play no part in it. Returns how many expired.
    ///
    /// # Errors
    /// [`StoreError`] if the backend fails.
    async fn expire_commands(
        &self,
        deadline: SystemTime,
        now: SystemTime,
        limit: u32,
    ) -> Result<u64, StoreError>;
}
