//! The relay in memory: the contract, and its bounds.

use mig_core::transport::{Address, Envelope, Transport, TransportError};
use mig_transport::memory::MemoryRelay;
use std::{num::NonZeroU32, sync::Arc, time::Duration};
use tokio::time::timeout;

async fn connect() -> Arc<dyn Transport> {
    Arc::new(MemoryRelay::default())
}

mig_core::transport_contract_tests!(connect);

fn small() -> MemoryRelay {
    MemoryRelay::with_queue_size(NonZeroU32::new(4).unwrap())
}

fn of_bytes(bytes: usize) -> Envelope {
    Envelope { body: vec![0; bytes], expires_in: None }
}

async fn is_full(relay: &MemoryRelay) -> bool {
    let sent = timeout(Duration::from_millis(50), relay.send(&Address::Results, of_bytes(1))).await;
    sent.map(Result::unwrap).is_err()
}

#[tokio::test]
async fn a_full_queue_holds_its_senders_back_until_a_message_is_acknowledged() {
    let relay = small();
    let mut answers = relay.subscribe(&Address::Results).await.unwrap();
    for _ in 0..4 {
        relay.send(&Address::Results, of_bytes(1)).await.unwrap();
    }
    assert!(is_full(&relay).await);
    let delivery = answers.next().await.unwrap();
    assert!(is_full(&relay).await, "a message in our hands still counts");
    delivery.acknowledge().await.unwrap();
    assert!(!is_full(&relay).await);
}

#[tokio::test]
async fn large_messages_take_more_room() {
    let relay = small();
    relay.send(&Address::Results, of_bytes(3 * 1024 + 1)).await.unwrap();
    assert!(is_full(&relay).await);
}

#[tokio::test]
async fn a_message_larger_than_the_queue_is_taken_when_it_is_empty() {
    let relay = small();
    relay.send(&Address::Results, of_bytes(1 << 20)).await.unwrap();
    let mut answers = relay.subscribe(&Address::Results).await.unwrap();
    assert_eq!(answers.next().await.unwrap().body.len(), 1 << 20);
}

#[tokio::test]
async fn expired_messages_make_room_without_a_receiver() {
    let relay = small();
    let short = Envelope { body: vec![0; 4096], expires_in: Some(Duration::from_millis(30)) };
    relay.send(&Address::Results, short).await.unwrap();
    timeout(Duration::from_secs(5), relay.send(&Address::Results, of_bytes(1))).await.unwrap().unwrap();
}

#[tokio::test]
async fn full_queues_do_not_hold_others_back() {
    let relay = small();
    relay.send(&Address::Results, of_bytes(4096)).await.unwrap();
    relay.send(&Address::Heartbeats, of_bytes(1)).await.unwrap();
}

#[tokio::test]
async fn closing_wakes_all_who_wait() {
    let relay = small();
    relay.send(&Address::Results, of_bytes(4096)).await.unwrap();
    let clone = relay.clone();
    let sender = tokio::spawn(async move { clone.send(&Address::Results, of_bytes(1)).await });
    let receivers: Vec<_> = [1, 2]
        .map(|_| {
            let relay = relay.clone();
            tokio::spawn(async move { relay.subscribe(&Address::Heartbeats).await?.next().await })
        })
        .into();
    tokio::time::sleep(Duration::from_millis(20)).await;
    relay.close();
    assert!(matches!(sender.await.unwrap(), Err(TransportError::Closed)));
    for receiver in receivers {
        assert!(matches!(receiver.await.unwrap(), Err(TransportError::Closed)));
    }
    assert!(matches!(relay.send(&Address::Results, of_bytes(1)).await, Err(TransportError::Closed)));
}
