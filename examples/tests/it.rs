//! The examples do what they say.
#![allow(dead_code, reason = "the examples are whole programs")]

#[path = "../custom_module.rs"]
mod custom_module;
#[path = "../embed_agent.rs"]
mod embed_agent;

use custom_module::Uptime;
use mig_core::{
    agent::{Agent, AgentOptions, AgentParts, Budget, FileJournal, InProcessRunner, Owners},
    agent_info::AgentInfo,
    clock::SystemClock,
    command::Command,
    id::CommandId,
    json,
    module::Registry,
    testing::person::{Person, operation},
    transport::{Address, Envelope, Transport as _},
};
use mig_transport::memory::MemoryRelay;
use std::sync::Arc;

#[tokio::test]
async fn a_custom_module_is_run_by_the_engine() {
    let (directory, person, relay) =
        (tempfile::tempdir().unwrap(), Person::new("Ann"), MemoryRelay::default());
    let owners = Owners::open(&directory.path().join("owners")).unwrap();
    let registry = Registry::from_modules(&[&Uptime]).unwrap();
    let agent = Agent::new(AgentParts {
        info: AgentInfo { queue_location: "linux.one".into(), ..AgentInfo::default() },
        transport: Arc::new(relay.clone()),
        runner: Arc::new(InProcessRunner::new(registry, Budget::default())),
        journal: Arc::new(FileJournal::open(&directory.path().join("journal"), &owners).unwrap()),
        policy: person.policy(),
        clock: Arc::new(SystemClock),
        options: AgentOptions::default(),
    });
    let action = person.ask("up for long?", vec![operation("uptime", r#"{"longer_than_days": -1}"#)]);
    let command = Command { id: CommandId::new(1), action, ..Command::default() };
    let body = json::to_string(&command).unwrap().into_bytes();
    let mut answers = relay.subscribe(&Address::Results).await.unwrap();
    let address = Address::Agent("linux.one".into());
    drop(relay.subscribe(&address).await.unwrap());
    relay.send(&address, Envelope { body, expires_in: None }).await.unwrap();
    let delivery = tokio::select! {
        ended = agent.run() => panic!("{ended:?}"),
        delivery = answers.next() => delivery.unwrap(),
    };
    let answer: Command = json::from_slice(&delivery.body).unwrap();
    assert_eq!(answer.status, "success");
    assert!(answer.results.unwrap()[0].found_anything);
}

#[test]
fn an_embedded_agent_answers() {
    embed_agent::main().unwrap();
}
