//! What an agent tells of itself, and of its work.

use super::support::{Machine, PATIENCE, look};
use mig_core::{
    agent::{Agent, Refusal, Watcher},
    agent_info::{AgentInfo, Environment},
    command::Command,
    json,
    scheduler::flow::AnswerStatus,
    time::Time,
    transport::{Address, Subscription, Transport as _},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::timeout;

#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }
}

impl Watcher for Notes {
    fn received(&self) {
        self.add("received");
    }

    fn judged(&self, command: &Command, refusal: Option<&Refusal>) {
        self.add(format!("{} {}", command.id, if refusal.is_some() { "refused" } else { "accepted" }));
    }

    fn answers(&self, command: &Command, status: AnswerStatus) {
        self.add(format!("{} {}", command.id, status.command_status().as_str()));
    }

    fn ended(&self) {
        self.add("ended");
    }

    fn heartbeat(&self, _: Time) {}
}

async fn heartbeat(heartbeats: &mut dyn Subscription) -> AgentInfo {
    let delivery = timeout(PATIENCE, heartbeats.next()).await.unwrap().unwrap();
    let info = json::from_slice(&delivery.body).unwrap();
    delivery.acknowledge().await.unwrap();
    info
}

#[tokio::test]
async fn a_watcher_is_told_of_every_step() {
    let mut machine = Machine::new().await;
    let notes = Arc::new(Notes::default());
    let agent = Agent::watched(machine.parts(), Arc::clone(&notes) as _);
    let stopper = agent.stopper();
    let task = tokio::spawn(async move { agent.run().await });
    machine.question(1, &machine.ask("a", look())).await;
    let mut changed = machine.ask("b", look());
    changed.name.push('!');
    machine.question(2, &changed).await;
    stopper.drain();
    timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
    let notes = notes.0.lock().unwrap().clone();
    let expected =
        ["received", "1 accepted", "1 success", "ended", "received", "2 refused", "2 failed", "ended"];
    assert_eq!(notes, expected);
}

#[tokio::test]
async fn a_changed_environment_is_told_at_once_and_is_what_targets_are_held_against() {
    let machine = Machine::new().await;
    let mut heartbeats = machine.relay.subscribe(&Address::Heartbeats).await.unwrap();
    let mut parts = machine.parts();
    parts.options.heartbeat_period = Duration::from_secs(3600);
    let agent = Arc::new(Agent::new(parts));
    let (stopper, running) = (agent.stopper(), Arc::clone(&agent));
    let task = tokio::spawn(async move { running.run().await });
    let before = heartbeat(&mut *heartbeats).await;
    agent.refresh(before.environment.clone());
    let public_ip = "203.0.113.7".to_owned();
    agent.refresh(Environment { public_ip, ..before.environment });
    let after = heartbeat(&mut *heartbeats).await;
    assert_eq!(after.environment.public_ip, "203.0.113.7");
    assert_eq!(agent.info().environment, after.environment);
    // A platform takes an environment for another one when it is newer by more than 15 seconds.
    assert!(after.refresh_time.since(before.refresh_time) > Duration::from_secs(15));
    stopper.drain();
    timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
}
