//! From the store to the relay.

use super::Scheduler;
use crate::{
    action::Action,
    command::ModuleResult,
    id::{ActionId, CommandId},
    json,
    store::{Handover, StoreError, StoredCommand},
    time::Time,
    transport::{Address, Envelope, Transport},
};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::task::JoinSet;

/// Most commands that are claimed at once.
const CLAIM: u32 = 256;
/// Most commands that are on their way to the relay at once.
const ON_THE_WAY: usize = 32;

/// What became of some commands.
#[derive(Debug, Default)]
struct Outcome {
    taken: Vec<CommandId>,
    failed: Vec<CommandId>,
}

impl Scheduler {
    /// Hands over every command that waits, whoever made it.
    pub(super) async fn hand_over_due(&self) -> Result<(), StoreError> {
        loop {
            let commands = self.store.claim_commands(&self.lease(), self.clock.now(), CLAIM).await?;
            if commands.is_empty() {
                return Ok(());
            }
            let actions = self.actions_of(&commands).await?;
            self.record(self.send_all(commands, &actions).await).await?;
        }
    }

    /// The actions of these commands, as agents are asked.
    async fn actions_of(&self, commands: &[StoredCommand]) -> Result<BTreeMap<ActionId, Action>, StoreError> {
        let mut actions = BTreeMap::new();
        for command in commands {
            if let Entry::Vacant(place) = actions.entry(command.action) {
                let mut action = self.store.action(command.action).await?.action;
                action.investigators.clear();
                place.insert(action);
            }
        }
        Ok(actions)
    }

    /// Sends some at a time, so that one full queue does not hold up the others.
    async fn send_all(&self, commands: Vec<StoredCommand>, actions: &BTreeMap<ActionId, Action>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut on_the_way = JoinSet::new();
        for command in commands {
            if on_the_way.len() >= ON_THE_WAY {
                outcome.note(on_the_way.join_next().await);
            }
            let (id, queue) = (command.id, command.agent.queue_location.clone());
            let Some(message) = actions.get(&command.action).and_then(|action| self.message(command, action))
            else {
                outcome.failed.push(id);
                continue;
            };
            let (transport, limit) = (Arc::clone(&self.transport), self.options.hand_over_timeout);
            on_the_way.spawn(async move { (id, send(&*transport, queue, message, limit).await) });
        }
        while let Some(sent) = on_the_way.join_next().await {
            outcome.note(Some(sent));
        }
        outcome
    }

    /// The message of a command; `None`, and a report, if it can not be written.
    fn message(&self, command: StoredCommand, action: &Action) -> Option<Envelope> {
        let id = command.id;
        if self.options.logs_commands {
            let (agent, loader) = (&command.agent.name, &command.agent.loader_name);
            tracing::info!(action = %action.id, command = %id, agent, loader, name = action.name, "asks");
        }
        let expires_in = remaining(action.expire_after, self.clock.now());
        let mut document = command.into_command(action.clone());
        let operations = action.operations.as_ref().map_or(0, Vec::len);
        document.results = Some(vec![ModuleResult::default(); operations]);
        match json::to_string(&document) {
            Ok(text) => Some(Envelope { body: text.into_bytes(), expires_in: Some(expires_in) }),
            Err(error) => {
                tracing::error!(command = %id, %error, "command can not be written");
                None
            }
        }
    }

    async fn record(&self, outcome: Outcome) -> Result<(), StoreError> {
        let now = self.clock.now();
        for (commands, word) in [(&outcome.taken, "taken"), (&outcome.failed, "postponed")] {
            metrics::counter!("mig_hand_overs_total", "outcome" => word).increment(commands.len() as u64);
        }
        if !outcome.taken.is_empty() {
            let how = if self.transport.is_durable() { Handover::Durable } else { Handover::Volatile };
            self.store.hand_over(&outcome.taken, &self.owner, how, now).await?;
        }
        if !outcome.failed.is_empty() {
            let until = now + self.options.hand_over_again;
            self.store.postpone_commands(&outcome.failed, &self.owner, until).await?;
        }
        Ok(())
    }
}

impl Outcome {
    /// A task that did not come to its end (the runtime shuts down) leaves its command claimed by us: nothing is lost.
    fn note(&mut self, sent: Option<Result<(CommandId, bool), tokio::task::JoinError>>) {
        match sent {
            Some(Ok((id, true))) => self.taken.push(id),
            Some(Ok((id, false))) => self.failed.push(id),
            Some(Err(_)) | None => {}
        }
    }
}

/// True if the relay has taken the message.
async fn send(transport: &dyn Transport, queue: String, message: Envelope, limit: Duration) -> bool {
    let address = Address::Agent(queue);
    match tokio::time::timeout(limit, transport.send(&address, message)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::info!(?address, %error, "command not handed over, trying later");
            false
        }
        Err(_) => {
            tracing::warn!(?address, ?limit, "command not handed over in time, trying later");
            false
        }
    }
}

/// How long a command is still worth something; at least a second, as its agent may have a slower clock.
fn remaining(end: Time, now: SystemTime) -> Duration {
    let seconds = end.unix_seconds().saturating_sub(Time::from(now).unix_seconds());
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1))
}
