//! Random histories of a platform, and what must hold at every point of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::store_contract::{VALID_SECONDS, after, answer, bring_online, lease, new_action};
use crate::{
    id::{ActionId, AgentId, CommandId},
    scheduler::flow::{ActionStatus, AnswerStatus, CommandStatus, Reception},
    store::{CommandFilter, CommandQuery, Handover, NewCommand, OwnerId, Store},
};
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

/// Something that happens to a platform. The numbers choose among what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An action is submitted, with a lease of this scheduler or without one.
    Submit(Option<u8>),
    /// A scheduler claims and launches what it can on this many agents.
    Launch(u8, u8),
    /// A scheduler claims commands and stops right behind it, as if killed.
    Claim(u8),
    /// A scheduler claims commands and hands them over.
    HandOver(u8, bool),
    /// A scheduler claims commands and can not reach their agents.
    Postpone(u8),
    /// An agent answers a command, maybe again.
    Answer(u8, u8),
    /// An investigator cancels an action.
    Cancel(u8),
    /// The expiry job runs.
    Expire,
    /// A scheduler dies.
    Die(u8),
    /// This many seconds pass.
    Wait(u8),
}

impl Event {
    /// Any three bytes are an event.
    #[must_use]
    pub const fn from_bytes([kind, first, second]: [u8; 3]) -> Self {
        match kind % 10 {
            0 => Self::Submit(if first % 2 == 0 { None } else { Some(second) }),
            1 => Self::Launch(first, second),
            2 => Self::Claim(first),
            3 => Self::HandOver(first, second % 2 == 0),
            4 => Self::Postpone(first),
            5 | 6 => Self::Answer(first, second),
            7 => Self::Cancel(first),
            8 => {
                if second % 4 == 0 {
                    Self::Expire
                } else {
                    Self::Die(first)
                }
            }
            _ => Self::Wait(first),
        }
    }
}

/// Lets the events happen to an empty store and checks after each of them that nothing was lost, doubled or undone;
/// at last that time alone ends everything.
///
/// # Panics
/// If something does not hold.
pub async fn play(store: &dyn Store, events: &[Event]) {
    let agents = bring_online(store, &["one", "two", "three"]).await;
    let mut history =
        History { store, agents, now: after(0), actions: BTreeMap::new(), commands: BTreeMap::new() };
    for event in events {
        history.happen(*event).await;
        history.check().await;
    }
    history.now = after(VALID_SECONDS + 1) + Duration::from_secs(3600);
    history.happen(Event::Expire).await;
    history.check().await;
    history.check_that_all_ended();
}

/// What we have seen of a platform.
struct History<'a> {
    store: &'a dyn Store,
    agents: Vec<AgentId>,
    now: SystemTime,
    /// Status and number of commands.
    actions: BTreeMap<u64, (ActionStatus, usize)>,
    /// Status, and number of answers that were kept.
    commands: BTreeMap<u64, (CommandStatus, usize)>,
}

impl History<'_> {
    async fn happen(&mut self, event: Event) {
        match event {
            Event::Submit(owner) => self.submit(owner).await,
            Event::Launch(owner, count) => self.launch(owner, count).await,
            Event::Claim(owner) => drop(self.claim(owner).await),
            Event::HandOver(owner, durable) => self.hand_over(owner, durable).await,
            Event::Postpone(owner) => self.postpone(owner).await,
            Event::Answer(which, status) => self.answer(which, status).await,
            Event::Cancel(which) => self.cancel(which).await,
            Event::Expire => self.expire().await,
            Event::Die(owner) => self.store.release_leases(&name(owner)).await.unwrap(),
            Event::Wait(seconds) => self.now += Duration::from_secs(u64::from(seconds % 64)),
        }
    }

    async fn submit(&mut self, owner: Option<u8>) {
        let id = self.actions.len() as u64 + 1;
        let lease = owner.map(|owner| lease(&name(owner).0, self.now));
        self.store.insert_action(&new_action(id), lease.as_ref()).await.unwrap();
        self.actions.insert(id, (ActionStatus::Pending, 0));
    }

    async fn launch(&mut self, owner: u8, count: u8) {
        let lease = lease(&name(owner).0, self.now);
        for claimed in self.store.claim_actions(&lease, self.now, 2).await.unwrap() {
            let id = claimed.action.id;
            let agents = &self.agents[..usize::from(count) % (self.agents.len() + 1)];
            if agents.is_empty() {
                assert!(self.store.refuse_action(id, &lease.owner, "no targets", self.now).await.unwrap());
                continue;
            }
            let ids = (100 * id.get() + 1..).map(CommandId::new);
            let commands: Vec<_> =
                ids.zip(agents).map(|(id, agent)| NewCommand { id, agent: *agent }).collect();
            assert!(self.store.launch_action(id, &lease.owner, &commands, self.now).await.unwrap());
            self.actions.entry(id.get()).and_modify(|known| known.1 = commands.len());
            self.commands.extend(commands.iter().map(|new| (new.id.get(), (CommandStatus::Sent, 0))));
        }
    }

    async fn claim(&self, owner: u8) -> Vec<CommandId> {
        let lease = lease(&name(owner).0, self.now);
        let claimed = self.store.claim_commands(&lease, self.now, 2).await.unwrap();
        assert!(claimed.iter().all(|command| command.status == CommandStatus::Sent));
        claimed.iter().map(|command| command.id).collect()
    }

    async fn hand_over(&self, owner: u8, durable: bool) {
        let ids = self.claim(owner).await;
        let how = if durable { Handover::Durable } else { Handover::Volatile };
        self.store.hand_over(&ids, &name(owner), how, self.now).await.unwrap();
    }

    async fn postpone(&self, owner: u8) {
        let ids = self.claim(owner).await;
        let until = self.now + Duration::from_secs(5);
        self.store.postpone_commands(&ids, &name(owner), until).await.unwrap();
    }

    async fn answer(&mut self, which: u8, status: u8) {
        let Some(id) = nth(&self.commands, which) else { return };
        let statuses = [AnswerStatus::Success, AnswerStatus::Failed, AnswerStatus::Timeout];
        let status = statuses[usize::from(status) % statuses.len()];
        let reception = self.store.record_answers(&[answer(id, status, true)], self.now).await.unwrap()[0];
        if let Some((before, answers)) = self.commands.get_mut(&id) {
            assert_eq!(reception, before.reception(*answers > 0), "command {id} {before:?} {answers}");
            *answers += usize::from(reception != Reception::Repeated);
        }
    }

    async fn cancel(&self, which: u8) {
        if let Some(id) = nth(&self.actions, which) {
            assert!(self.store.cancel_action(ActionId::new(id), self.now).await.unwrap().is_final());
        }
    }

    async fn expire(&self) {
        self.store.expire_actions(self.now).await.unwrap();
        self.store.expire_commands(self.now, self.now, 1000).await.unwrap();
    }

    /// What must hold at every point.
    async fn check(&mut self) {
        for (id, known) in &mut self.actions {
            let stored = self.store.action(ActionId::new(*id)).await.unwrap();
            let counters = stored.action.counters;
            assert!(!known.0.is_final() || known.0 == stored.status, "action {id}: {known:?} {stored:?}");
            known.0 = stored.status;
            assert_eq!(usize::try_from(counters.sent), Ok(known.1), "nothing is lost: {stored:?}");
            let ends =
                [counters.success, counters.failed, counters.timeout, counters.cancelled, counters.expired];
            assert_eq!(counters.done, ends.iter().sum::<i64>());
            assert_eq!(counters.sent, counters.in_flight + counters.done);
            let is_open = matches!(stored.status, ActionStatus::Preparing | ActionStatus::InFlight);
            assert_eq!(is_open, counters.in_flight > 0, "open with open commands only: {stored:?}");
        }
        self.check_commands().await;
    }

    async fn check_commands(&mut self) {
        for id in self.actions.keys() {
            let (action, filter) = (ActionId::new(*id), CommandFilter::All);
            let query = CommandQuery { action, filter, after: None, limit: 1000 };
            for command in self.store.commands(&query).await.unwrap() {
                let (before, answers) = self.commands.get_mut(&command.id.get()).unwrap();
                assert!(!before.is_final() || *before == command.status, "{before:?} {command:?}");
                *before = command.status;
                assert!(*answers <= 1 && command.results.len() == 2 * *answers, "{answers} {command:?}");
                assert_eq!(command.status.is_final(), command.ended.is_some());
                assert_eq!(command.status.is_final(), !command.finish_time.is_zero());
            }
        }
    }

    fn check_that_all_ended(&self) {
        assert!(self.actions.values().all(|(status, _)| status.is_final()), "{:?}", self.actions);
        assert!(self.commands.values().all(|(status, _)| status.is_final()), "{:?}", self.commands);
    }
}

/// One of three schedulers.
fn name(owner: u8) -> OwnerId {
    OwnerId(format!("scheduler {}", owner % 3))
}

fn nth<V>(map: &BTreeMap<u64, V>, which: u8) -> Option<u64> {
    map.keys().nth(usize::from(which) % map.len().max(1)).copied()
}
