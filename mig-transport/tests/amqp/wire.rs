//! What goes over the wire, seen by a client that is not ours: the bare driver, in the place of the original's programs.

use crate::broker;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{
        BasicGetOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
    },
    types::FieldTable,
};
use mig_core::transport::{Address, Envelope, Event, Transport as _};
use mig_transport::amqp::{AmqpRelay, Role};
use std::time::{Duration, SystemTime};

const COMMAND: &[u8] = include_bytes!("../captures/command.json");
const ANSWER: &[u8] = include_bytes!("../captures/result.json");
const LOCATION: &str = "linux.1a60l9arzrxd01664t8td6da26efkkdapk1nceq30f7ytdvewv1khobetqmjcs511oph0xcf9acj1rl0fl8tcttej1xtxwga3i1ghk";

pub(crate) async fn bare(url: &str) -> (Connection, Channel) {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

fn recorded(life: &str, seconds: u64) -> BasicProperties {
    BasicProperties::default()
        .with_content_type("text/plain".into())
        .with_delivery_mode(2)
        .with_timestamp(seconds)
        .with_expiration(life.into())
}

fn assert_as_recorded(properties: &BasicProperties, life: &str) {
    let seconds = properties.timestamp().unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(seconds) < 300);
    assert_eq!(*properties, recorded(life, seconds));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_those_of_the_original_in_both_directions() {
    let Some(broker) = broker::shared() else { return };
    let host = broker.virtual_host();
    let (scheduler, agent) = (broker::scheduler(broker, &host).await, broker::agent(broker, &host).await);
    let queue = Address::Agent(LOCATION.to_owned());
    let (_connection, other) = bare(&broker.url("root", &host)).await;

    // Ours, read by another.
    drop(agent.subscribe(&queue).await.unwrap());
    let life = Some(Duration::from_secs(80));
    scheduler.send(&queue, Envelope { body: COMMAND.to_vec(), expires_in: life }).await.unwrap();
    let name = format!("mig.agt.{LOCATION}");
    let command = get(&other, &name).await;
    assert_as_recorded(&command.properties, "80000");
    assert_eq!((command.exchange.as_str(), command.routing_key.as_str()), ("toagents", name.as_str()));
    assert!(command.data == COMMAND);
    let life = Some(Duration::from_secs(100));
    agent.send(&Address::Results, Envelope { body: ANSWER.to_vec(), expires_in: life }).await.unwrap();
    let answer = get(&other, "mig.agt.results").await;
    assert_as_recorded(&answer.properties, "100000");
    assert_eq!((answer.exchange.as_str(), answer.routing_key.as_str()), ("toschedulers", "mig.agt.results"));
    assert!(answer.data == ANSWER);

    // Another's, read by us.
    let mut commands = agent.subscribe(&queue).await.unwrap();
    let mut answers = scheduler.subscribe(&Address::Results).await.unwrap();
    publish(&other, "toagents", &name, COMMAND).await;
    publish(&other, "toschedulers", "mig.agt.results", ANSWER).await;
    assert!(commands.next().await.unwrap().body == COMMAND);
    assert!(answers.next().await.unwrap().body == ANSWER);
}

async fn get(channel: &Channel, queue: &str) -> lapin::message::BasicGetMessage {
    let options = BasicGetOptions { no_ack: true };
    for _ in 0..100 {
        if let Some(message) = channel.basic_get(queue.into(), options).await.unwrap() {
            return message;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing in {queue}");
}

async fn publish(channel: &Channel, exchange: &str, key: &str, body: &[u8]) {
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let properties = recorded("80000", 1_795_486_042);
    let sent = channel.basic_publish(exchange.into(), key.into(), options, body, properties).await;
    sent.unwrap().await.unwrap();
}

/// A broker refuses to declare again what exists with other properties or arguments.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_and_queues_are_declared_as_the_original_declares_them() {
    let Some(broker) = broker::shared() else { return };
    let host = broker.virtual_host();
    let (scheduler, agent) = (broker::scheduler(broker, &host).await, broker::agent(broker, &host).await);
    drop(agent.subscribe(&Address::Agent("linux.one".to_owned())).await.unwrap());
    let (_connection, other) = bare(&broker.url("root", &host)).await;
    for exchange in ["toagents", "toschedulers"] {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let kind = lapin::ExchangeKind::Direct;
        other.exchange_declare(exchange.into(), kind, options, FieldTable::default()).await.unwrap();
    }
    for queue in ["mig.agt.results", "mig.agt.heartbeats", "mig.agt.linux.one"] {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        other.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    }
    scheduler.close().await;
}

/// Ours begins where the original's scheduler was, and the other way round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_original_declared_is_used_as_it_is() {
    let Some(broker) = broker::shared() else { return };
    let host = broker.virtual_host();
    let (_connection, other) = bare(&broker.url("root", &host)).await;
    for exchange in ["toagents", "toschedulers"] {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let kind = lapin::ExchangeKind::Direct;
        other.exchange_declare(exchange.into(), kind, options, FieldTable::default()).await.unwrap();
    }
    let (name, options) =
        ("mig.agt.linux.old", QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() });
    other.queue_declare(name.into(), options, FieldTable::default()).await.unwrap();
    let options = QueueBindOptions::default();
    other
        .queue_bind(name.into(), "toagents".into(), name.into(), options, FieldTable::default())
        .await
        .unwrap();
    let scheduler = broker::scheduler(broker, &host).await;
    let message = Envelope { body: COMMAND.to_vec(), expires_in: None };
    scheduler.send(&Address::Agent("linux.old".to_owned()), message).await.unwrap();
    assert!(get(&other, name).await.data == COMMAND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_those_of_2015_and_reach_whoever_listens() {
    let Some(broker) = broker::shared() else { return };
    let host = broker.virtual_host();
    let mut options = broker::options(&broker.url("scheduler", &host), Role::Scheduler);
    options.has_events = true;
    let relay = AmqpRelay::connect(options).await.unwrap();
    let event = |body: &[u8]| Event { topic: "agent.new", body: body.to_vec() };
    relay.publish(event(b"nobody listens yet")).await.unwrap();
    let (_connection, worker) = bare(&broker.url("root", &host)).await;
    let (queue, nothing) = ("migevent.worker.agent_intel", FieldTable::default);
    worker.queue_declare(queue.into(), QueueDeclareOptions::default(), nothing()).await.unwrap();
    let bind = worker.queue_bind(
        queue.into(),
        "toworkers".into(),
        "agent.*".into(),
        QueueBindOptions::default(),
        nothing(),
    );
    bind.await.unwrap();
    relay.publish(event(b"{}")).await.unwrap();
    let message = get(&worker, queue).await;
    assert_as_recorded(&message.properties, "6000000");
    assert_eq!((message.exchange.as_str(), message.routing_key.as_str()), ("toworkers", "agent.new"));
    assert!(message.data == b"{}");
}
