//! What may happen on the way.

use crate::server::{Server, options};
use mig_core::{
    agent_info::AgentInfo,
    clock::Clock,
    command::Command,
    enrolment::AgentKey,
    json,
    transport::{Address, Envelope, Transport as _},
};
use mig_transport::http::HttpRelay;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn of(queue_location: &str) -> AgentInfo {
    AgentInfo { queue_location: queue_location.to_owned(), ..AgentInfo::default() }
}

fn answer_of(queue_location: &str) -> Vec<u8> {
    let command = Command { agent: of(queue_location), ..Command::default() };
    json::to_string(&command).unwrap().into_bytes()
}

fn message(body: &[u8]) -> Envelope {
    Envelope { body: body.to_vec(), expires_in: None }
}

#[tokio::test]
async fn answers_and_heartbeats_reach_the_relay() {
    let server = Server::start().await;
    let agent = server.agent("linux.one");
    let mut answers = server.relay.subscribe(&Address::Results).await.unwrap();
    let mut heartbeats = server.relay.subscribe(&Address::Heartbeats).await.unwrap();
    let answer = answer_of("linux.one");
    let heartbeat = json::to_string(&of("linux.one")).unwrap().into_bytes();
    agent.send(&Address::Results, message(&answer)).await.unwrap();
    agent.send(&Address::Heartbeats, message(&heartbeat)).await.unwrap();
    assert_eq!(answers.next().await.unwrap().body, answer);
    assert_eq!(heartbeats.next().await.unwrap().body, heartbeat);
}

#[tokio::test]
async fn a_server_that_starts_again_loses_nothing() {
    let mut server = Server::start().await;
    let agent = server.agent("linux.one");
    let mut commands = agent.subscribe(&Address::Agent("linux.one".to_owned())).await.unwrap();
    let mut answers = server.relay.subscribe(&Address::Results).await.unwrap();
    for number in 0..5_u8 {
        server.relay.send(&Address::Agent("linux.one".to_owned()), message(&[number])).await.unwrap();
        let command = timeout(PATIENCE, commands.next()).await.unwrap().unwrap();
        assert_eq!(command.body, [number]);
        server = server.again().await;
        // The acknowledgement is lost with the server that gave the command: it comes once more.
        assert!(command.acknowledge().await.is_err());
        let again = timeout(PATIENCE, commands.next()).await.unwrap().unwrap();
        assert!(again.redelivered && again.body == [number]);
        timeout(PATIENCE, agent.send(&Address::Results, message(&answer_of("linux.one"))))
            .await
            .unwrap()
            .unwrap();
        again.acknowledge().await.unwrap();
        answers.next().await.unwrap().acknowledge().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for() {
    let server = Server::start().await;
    let agent = server.agent("linux.one");
    let mut answers = server.relay.subscribe(&Address::Results).await.unwrap();
    let (relay, agents, address) = (Arc::clone(&server.relay), Arc::clone(&server.agents), server.address);
    drop(server);
    let sending =
        tokio::spawn(async move { agent.send(&Address::Results, message(&answer_of("linux.one"))).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!sending.is_finished());
    let server = Server::in_place(relay, agents, address).await;
    timeout(PATIENCE, sending).await.unwrap().unwrap().unwrap();
    timeout(PATIENCE, answers.next()).await.unwrap().unwrap();
    drop(server);
}

#[derive(Debug)]
struct Ahead(Duration);

impl Clock for Ahead {
    fn now(&self) -> SystemTime {
        SystemTime::now() + self.0
    }
}

/// Hyper writes the true time into `date`, so a server that is ahead by its own clock refuses even a corrected one.
#[tokio::test]
async fn a_proof_of_another_hour_is_refused() {
    let server = Server::with_clock(Arc::new(Ahead(Duration::from_secs(3600)))).await;
    let agent = server.agent("linux.one");
    let error = agent.send(&Address::Results, message(&answer_of("linux.one"))).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("the time of the proof"), "{source}");
}

#[tokio::test]
async fn a_clone_is_noticed_and_does_not_take_both_down() {
    let server = Server::start().await;
    let key = AgentKey::generate().unwrap();
    server.agents.add("linux.one", &key);
    let address = Address::Agent("linux.one".to_owned());
    let [one, two] =
        [key.clone(), key].map(|key| HttpRelay::new(options(&server.url(), "linux.one", key)).unwrap());
    let mut first = one.subscribe(&address).await.unwrap();
    let mut second = two.subscribe(&address).await.unwrap();
    server.relay.send(&address, message(b"question")).await.unwrap();
    let delivery = tokio::select! {
        delivery = first.next() => delivery,
        delivery = second.next() => delivery,
    };
    assert_eq!(delivery.unwrap().body, b"question");
}
