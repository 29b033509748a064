//! What every transport must do: run [`transport_contract_tests!`](crate::transport_contract_tests) on an implementation.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::transport::{Address, Delivery, Envelope, Subscription, Transport, TransportError};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::timeout};

/// Makes one test per rule of the contract. `$connect` is an async function that gives a new, empty transport as
/// `Arc<dyn Transport>`, or that in an `Option`: with `None` the test passes, and `$connect` should have said why.
///
/// The calling crate needs `tokio` with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! transport_contract_tests {
    ($connect:path) => {
        $crate::transport_contract_tests! { $connect:
            a_message_reaches_its_address_unchanged
            messages_of_one_sender_keep_their_order
            a_message_waits_for_a_receiver
            a_message_to_an_unknown_agent_is_refused
            agents_do_not_see_the_messages_of_others
            a_message_dropped_unacknowledged_comes_again_and_says_so
            an_acknowledged_message_never_comes_again
            a_dropped_subscription_returns_its_messages
            an_expired_message_is_not_delivered
            a_message_reaches_one_of_several_receivers
            an_abandoned_wait_loses_nothing
            a_burst_of_many_senders_loses_nothing
        }
    };
    ($connect:path: $($rule:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let transport = ::core::option::Option::<::std::sync::Arc<dyn $crate::transport::Transport>>::from(
                $connect().await,
            );
            let Some(transport) = transport else { return };
            $crate::testing::transport_contract::$rule(transport).await;
        }
    )+};
}

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long no message must come.
const SILENCE: Duration = Duration::from_millis(200);

fn agent(name: &str) -> Address {
    Address::Agent(format!("linux.{name}"))
}

fn text(body: &str) -> Envelope {
    Envelope { body: body.into(), expires_in: None }
}

async fn next(subscription: &mut dyn Subscription) -> Delivery {
    timeout(PATIENCE, subscription.next()).await.unwrap().unwrap()
}

async fn assert_silent(subscription: &mut dyn Subscription) {
    let delivery = timeout(SILENCE, subscription.next()).await;
    assert!(delivery.is_err(), "nothing should come, but: {delivery:?}");
}

/// Any bytes, any size, also none.
pub async fn a_message_reaches_its_address_unchanged(transport: Arc<dyn Transport>) {
    for address in [agent("one"), Address::Results, Address::Heartbeats] {
        let mut subscription = transport.subscribe(&address).await.unwrap();
        for body in [vec![], vec![0, 255, 10, 13], vec![7; 1 << 20]] {
            transport.send(&address, Envelope { body: body.clone(), expires_in: None }).await.unwrap();
            let delivery = next(&mut *subscription).await;
            assert!(delivery.body == body && !delivery.redelivered);
            delivery.acknowledge().await.unwrap();
        }
    }
}

/// Commands of one scheduler are read in the order of sending.
pub async fn messages_of_one_sender_keep_their_order(transport: Arc<dyn Transport>) {
    let mut subscription = transport.subscribe(&agent("one")).await.unwrap();
    for number in 0..50 {
        transport.send(&agent("one"), text(&number.to_string())).await.unwrap();
    }
    for number in 0..50 {
        let delivery = next(&mut *subscription).await;
        assert_eq!(delivery.body, number.to_string().into_bytes());
        delivery.acknowledge().await.unwrap();
    }
}

/// A queue that was declared keeps messages while nobody receives.
pub async fn a_message_waits_for_a_receiver(transport: Arc<dyn Transport>) {
    drop(transport.subscribe(&agent("one")).await.unwrap());
    transport.send(&agent("one"), text("wait")).await.unwrap();
    let mut subscription = transport.subscribe(&agent("one")).await.unwrap();
    assert_eq!(next(&mut *subscription).await.body, b"wait");
}

/// The sender learns at once that nobody will read it.
pub async fn a_message_to_an_unknown_agent_is_refused(transport: Arc<dyn Transport>) {
    let error = transport.send(&agent("nobody"), text("x")).await.unwrap_err();
    assert!(matches!(error, TransportError::Unroutable { address } if address == agent("nobody")));
}

/// Each agent has its own queue.
pub async fn agents_do_not_see_the_messages_of_others(transport: Arc<dyn Transport>) {
    let mut one = transport.subscribe(&agent("one")).await.unwrap();
    let mut two = transport.subscribe(&agent("two")).await.unwrap();
    transport.send(&agent("two"), text("two")).await.unwrap();
    assert_eq!(next(&mut *two).await.body, b"two");
    assert_silent(&mut *one).await;
}

/// At least once: what was not finished is done again.
pub async fn a_message_dropped_unacknowledged_comes_again_and_says_so(transport: Arc<dyn Transport>) {
    let mut subscription = transport.subscribe(&agent("one")).await.unwrap();
    transport.send(&agent("one"), text("again")).await.unwrap();
    let first = next(&mut *subscription).await;
    assert!(!first.redelivered);
    drop(first);
    let second = next(&mut *subscription).await;
    assert!(second.redelivered && second.body == b"again");
    second.acknowledge().await.unwrap();
    assert_silent(&mut *subscription).await;
}

/// Also not for another receiver.
pub async fn an_acknowledged_message_never_comes_again(transport: Arc<dyn Transport>) {
    let mut subscription = transport.subscribe(&agent("one")).await.unwrap();
    transport.send(&agent("one"), text("once")).await.unwrap();
    next(&mut *subscription).await.acknowledge().await.unwrap();
    drop(subscription);
    assert_silent(&mut *transport.subscribe(&agent("one")).await.unwrap()).await;
}

/// A receiver that dies leaves its work to the next.
pub async fn a_dropped_subscription_returns_its_messages(transport: Arc<dyn Transport>) {
    let mut first = transport.subscribe(&agent("one")).await.unwrap();
    transport.send(&agent("one"), text("left")).await.unwrap();
    let delivery = next(&mut *first).await;
    drop(delivery);
    drop(first);
    let mut second = transport.subscribe(&agent("one")).await.unwrap();
    assert_eq!(next(&mut *second).await.body, b"left");
}

/// A message whose time is over is worth nothing.
pub async fn an_expired_message_is_not_delivered(transport: Arc<dyn Transport>) {
    let mut subscription = transport.subscribe(&agent("one")).await.unwrap();
    let short = Envelope { body: b"short".into(), expires_in: Some(Duration::from_millis(20)) };
    transport.send(&agent("one"), short).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    transport.send(&agent("one"), text("long")).await.unwrap();
    assert_eq!(next(&mut *subscription).await.body, b"long");
}

/// Several schedulers share the work.
pub async fn a_message_reaches_one_of_several_receivers(transport: Arc<dyn Transport>) {
    let mut one = transport.subscribe(&Address::Results).await.unwrap();
    let mut two = transport.subscribe(&Address::Results).await.unwrap();
    let mut seen = BTreeSet::new();
    for number in 0..20_u8 {
        transport.send(&Address::Results, Envelope { body: vec![number], expires_in: None }).await.unwrap();
    }
    while seen.len() < 20 {
        let delivery = tokio::select! {
            delivery = next(&mut *one) => delivery,
            delivery = next(&mut *two) => delivery,
        };
        assert!(seen.insert(delivery.body.clone()), "{:?} came twice", delivery.body);
        delivery.acknowledge().await.unwrap();
    }
    assert_silent(&mut *one).await;
    assert_silent(&mut *two).await;
}

/// Engines wait for several things at once and drop the losers.
pub async fn an_abandoned_wait_loses_nothing(transport: Arc<dyn Transport>) {
    let mut subscription = transport.subscribe(&agent("one")).await.unwrap();
    let sender = Arc::clone(&transport);
    let sending = tokio::spawn(async move {
        for number in 0..100_u8 {
            sender.send(&agent("one"), Envelope { body: vec![number], expires_in: None }).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut seen = BTreeSet::new();
    while seen.len() < 100 {
        if let Ok(delivery) = timeout(Duration::from_micros(50), subscription.next()).await {
            let delivery = delivery.unwrap();
            seen.insert(delivery.body.clone());
            delivery.acknowledge().await.unwrap();
        }
    }
    sending.await.unwrap();
}

/// The original lost 63 of 100 commands in a burst.
pub async fn a_burst_of_many_senders_loses_nothing(transport: Arc<dyn Transport>) {
    let mut subscription = transport.subscribe(&agent("one")).await.unwrap();
    let mut senders = JoinSet::new();
    for number in 0..100_u8 {
        let transport = Arc::clone(&transport);
        senders.spawn(async move {
            let message = Envelope { body: vec![number], expires_in: Some(PATIENCE) };
            transport.send(&agent("one"), message).await.unwrap();
        });
    }
    let mut seen = BTreeSet::new();
    while seen.len() < 100 {
        let delivery = next(&mut *subscription).await;
        assert!(seen.insert(delivery.body.clone()));
        delivery.acknowledge().await.unwrap();
    }
    senders.join_all().await;
}
