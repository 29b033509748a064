//! Brokers and networks that fail while messages are under way: what was confirmed arrives, and we come back by ourselves.

use crate::{
    broker::{self, Broker, options},
    proxy::Network,
    wire::bare,
};
use lapin::options::QueueDeleteOptions;
use mig_core::transport::{Address, Envelope, Subscription, Transport as _, TransportError};
use mig_transport::amqp::{AmqpOptions, AmqpRelay, Role};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::timeout};

/// Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(120);

fn queue() -> Address {
    Address::Agent("linux.one".to_owned())
}

fn numbered(number: u32) -> Envelope {
    Envelope { body: number.to_string().into_bytes(), expires_in: None }
}

/// Sends numbers until `count`, each until it is confirmed.
fn send_all(relay: &AmqpRelay, count: u32) -> JoinHandle<()> {
    let relay = relay.clone();
    tokio::spawn(async move {
        for number in 0..count {
            while let Err(error) = relay.send(&queue(), numbered(number)).await {
                println!("{number}: {error:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    })
}

/// Receives and acknowledges until all numbers came; some may come twice.
async fn receive_all(subscription: &mut dyn Subscription, count: u32) {
    let mut seen = BTreeSet::new();
    while seen.len() < usize::try_from(count).unwrap() {
        let delivery =
            timeout(PATIENCE, subscription.next()).await.unwrap_or_else(|_| panic!("{} came", seen.len()));
        let delivery = delivery.unwrap();
        seen.insert(delivery.body.clone());
        if let Err(error) = delivery.acknowledge().await {
            println!("not acknowledged: {error:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_under_load_loses_nothing_that_it_confirmed() {
    let Some(broker) = broker::own() else { return };
    let broker = Arc::new(broker);
    let (scheduler, agent) = (broker::scheduler(&broker, "mig0").await, broker::agent(&broker, "mig0").await);
    let mut commands = agent.subscribe(&queue()).await.unwrap();
    let sending = send_all(&scheduler, 3000);
    let killer = {
        let broker = Arc::clone(&broker);
        tokio::task::spawn_blocking(move || {
            std::thread::sleep(Duration::from_millis(700));
            broker.kill();
            broker.restart();
        })
    };
    receive_all(&mut *commands, 3000).await;
    timeout(PATIENCE, sending).await.unwrap().unwrap();
    killer.await.unwrap();
}

async fn through(network: &Network, broker: &Broker, host: &str) -> (AmqpRelay, AmqpRelay) {
    let url = |user: &str| {
        let port = network.port;
        assert_ne!(port, broker.port);
        format!("amqp://{user}:secret@127.0.0.1:{port}/{host}?heartbeat=1")
    };
    let of = |user, role| -> AmqpOptions { options(&url(user), role) };
    let scheduler = AmqpRelay::connect(of("scheduler", Role::Scheduler)).await.unwrap();
    (scheduler, AmqpRelay::connect(of("agent", Role::Agent)).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_are_made_again_and_nothing_is_lost() {
    let Some(broker) = broker::shared() else { return };
    let network = Network::to(broker.port).await;
    let (scheduler, agent) = through(&network, broker, &broker.virtual_host()).await;
    let mut commands = agent.subscribe(&queue()).await.unwrap();
    let sending = send_all(&scheduler, 1000);
    let cutting = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            network.cut();
        }
    };
    tokio::join!(cutting, receive_all(&mut *commands, 1000));
    timeout(PATIENCE, sending).await.unwrap().unwrap();
}

/// Nothing tells of a stalled network but the silence of the broker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_connection_is_noticed_and_left() {
    let Some(broker) = broker::shared() else { return };
    let network = Network::to(broker.port).await;
    let (scheduler, agent) = through(&network, broker, &broker.virtual_host()).await;
    let mut commands = agent.subscribe(&queue()).await.unwrap();
    network.stall();
    let sending = send_all(&scheduler, 10);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!sending.is_finished());
    network.go_on();
    receive_all(&mut *commands, 10).await;
    timeout(PATIENCE, sending).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_deleted_behind_our_back_are_declared_again() {
    let Some(broker) = broker::shared() else { return };
    let host = broker.virtual_host();
    let (scheduler, agent) = (broker::scheduler(broker, &host).await, broker::agent(broker, &host).await);
    let mut commands = agent.subscribe(&queue()).await.unwrap();
    let mut answers = scheduler.subscribe(&Address::Results).await.unwrap();
    let (_connection, other) = bare(&broker.url("root", &host)).await;
    for name in ["mig.agt.linux.one", "mig.agt.results"] {
        other.queue_delete(name.into(), QueueDeleteOptions::default()).await.unwrap();
    }
    for (relay, address, subscription) in
        [(&scheduler, queue(), &mut commands), (&agent, Address::Results, &mut answers)]
    {
        let sending = async {
            while let Err(error) = relay.send(&address, numbered(1)).await {
                assert!(matches!(error, TransportError::Unroutable { .. }), "{error:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, sending).await.unwrap();
        timeout(PATIENCE, subscription.next()).await.unwrap().unwrap().acknowledge().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_deleted_behind_our_back_are_declared_again_by_a_scheduler() {
    let Some(broker) = broker::shared() else { return };
    let host = broker.virtual_host();
    let scheduler = broker::scheduler(broker, &host).await;
    let (_connection, other) = bare(&broker.url("root", &host)).await;
    other.exchange_delete("toagents".into(), lapin::options::ExchangeDeleteOptions::default()).await.unwrap();
    let error = scheduler.send(&queue(), numbered(1)).await.unwrap_err();
    assert!(matches!(error, TransportError::Unroutable { .. }), "{error:?}");
    let mut commands = broker::agent(broker, &host).await.subscribe(&queue()).await.unwrap();
    scheduler.send(&queue(), numbered(2)).await.unwrap();
    assert_eq!(commands.next().await.unwrap().body, b"2");
}

/// Many at once, half of them without a queue: each sender learns about its own message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unroutable_messages_are_told_to_their_own_senders() {
    let Some(broker) = broker::shared() else { return };
    let host = broker.virtual_host();
    let (scheduler, agent) = (broker::scheduler(broker, &host).await, broker::agent(broker, &host).await);
    drop(agent.subscribe(&queue()).await.unwrap());
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..400_u32 {
        let relay = scheduler.clone();
        let (address, reachable) = match number % 2 {
            0 => (queue(), true),
            _ => (Address::Agent(format!("linux.gone{number}")), false),
        };
        senders.spawn(async move { (reachable, relay.send(&address, numbered(number)).await) });
    }
    for (reachable, sent) in senders.join_all().await {
        match sent {
            Ok(()) => assert!(reachable),
            Err(TransportError::Unroutable { .. }) => assert!(!reachable),
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// The broker's memory alarm: senders wait, receivers go on, and what waits is bounded by the window.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_broker_holds_senders_back_and_still_hears_acknowledgements() {
    let Some(broker) = broker::own() else { return };
    let (scheduler, agent) = (broker::scheduler(&broker, "mig0").await, broker::agent(&broker, "mig0").await);
    let mut answers = scheduler.subscribe(&Address::Results).await.unwrap();
    drop(agent.subscribe(&queue()).await.unwrap());
    agent.send(&Address::Results, numbered(1)).await.unwrap();
    broker.control(&["set_vm_memory_high_watermark", "0.000001"]);
    let sending = send_all(&scheduler, 200);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!sending.is_finished());
    timeout(PATIENCE, answers.next()).await.unwrap().unwrap().acknowledge().await.unwrap();
    assert!(!sending.is_finished());
    broker.control(&["set_vm_memory_high_watermark", "0.4"]);
    timeout(PATIENCE, sending).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_wakes_all_who_wait() {
    let Some(broker) = broker::shared() else { return };
    let scheduler = broker::scheduler(broker, &broker.virtual_host()).await;
    let mut answers = scheduler.subscribe(&Address::Results).await.unwrap();
    let waiting = tokio::spawn(async move { answers.next().await.map(|_| ()) });
    scheduler.close().await;
    assert!(matches!(timeout(PATIENCE, waiting).await.unwrap().unwrap(), Err(TransportError::Closed)));
    let error = scheduler.send(&Address::Results, numbered(1)).await.unwrap_err();
    assert!(matches!(error, TransportError::Closed), "{error:?}");
}
