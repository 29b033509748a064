//! The way to one agent: its subscription, and what it was given.

use super::refusal::Refusal;
use crate::http::wire::MAX_HELD;
use mig_core::transport::{Address, Delivery, Subscription, Transport, TransportError};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Mutex as AsyncMutex, Notify, watch},
    time::{Instant, timeout},
};

/// How long declaring a queue may take.
const SUBSCRIBE_PATIENCE: Duration = Duration::from_secs(10);
/// After this time without a word nobody is there: an agent that is busy does not ask, and sends heartbeats every five minutes.
const LEFT_AFTER: Duration = Duration::from_secs(15 * 60);

/// A message on its way to the agent.
pub(super) struct Outgoing {
    pub(super) number: u64,
    pub(super) body: Vec<u8>,
    pub(super) redelivered: bool,
}

#[derive(Debug)]
pub(super) struct Channel {
    address: Address,
    /// The number of the latest question: an older one may wait on a connection that is dead.
    question: watch::Sender<u64>,
    subscription: AsyncMutex<Option<Box<dyn Subscription>>>,
    given: Mutex<Given>,
    /// Told when the agent holds one less.
    room: Notify,
}

#[derive(Debug)]
struct Given {
    last_heard: Instant,
    last_number: u64,
    deliveries: BTreeMap<u64, Delivery>,
}

impl Channel {
    pub(super) fn new(queue_location: &str) -> Self {
        // No number of another gateway, or of the one that ran before: an agent may still hold such a delivery.
        let start = std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_micros());
        let given = Given {
            last_heard: Instant::now(),
            last_number: u64::try_from(start).unwrap_or(0),
            deliveries: BTreeMap::new(),
        };
        Self {
            address: Address::Agent(queue_location.to_owned()),
            question: watch::Sender::new(0),
            subscription: AsyncMutex::new(None),
            given: Mutex::new(given),
            room: Notify::new(),
        }
    }

    /// Waits for a message that the agent does not hold; `None` if there is none in time. The latest question is answered, those
    /// before it are sent away.
    pub(super) async fn ask(
        &self,
        relay: &dyn Transport,
        held: &[u64],
        wait: Duration,
    ) -> Result<Option<Outgoing>, Refusal> {
        let mut questions = self.question.subscribe();
        self.question.send_modify(|number| *number += 1);
        let mine = *questions.borrow_and_update();
        self.hear();
        let answer = async {
            self.subscribe(relay).await?;
            timeout(wait, self.next(held)).await.ok().transpose()
        };
        let answer = tokio::select! {
            biased;
            _ = questions.wait_for(|number| *number != mine) => Err(Refusal::AsksElsewhere),
            answer = answer => answer,
        };
        self.hear();
        answer
    }

    /// Declares the queue, so that commands find it.
    async fn subscribe(&self, relay: &dyn Transport) -> Result<(), Refusal> {
        let mut subscription = self.subscription.lock().await;
        if subscription.is_none() {
            let subscribing = timeout(SUBSCRIBE_PATIENCE, relay.subscribe(&self.address)).await;
            *subscription = Some(subscribing.map_err(|_| Refusal::RelaySilent)??);
        }
        Ok(())
    }

    /// No message is lost when the future is dropped.
    async fn next(&self, held: &[u64]) -> Result<Outgoing, Refusal> {
        let mut subscription = self.subscription.lock().await;
        if let Some(outgoing) = self.again(held) {
            return Ok(outgoing);
        }
        while self.given().deliveries.len() >= MAX_HELD {
            self.room.notified().await;
        }
        let Some(open) = subscription.as_mut() else { return Err(TransportError::Closed.into()) };
        match open.next().await {
            Ok(delivery) => Ok(self.keep(delivery)),
            Err(error) => {
                *subscription = None;
                Err(error.into())
            }
        }
    }

    /// A message that was given and did not arrive, or was put back.
    fn again(&self, held: &[u64]) -> Option<Outgoing> {
        let given = self.given();
        let (number, delivery) = given.deliveries.iter().find(|(number, _)| !held.contains(number))?;
        Some(Outgoing { number: *number, body: delivery.body.clone(), redelivered: true })
    }

    fn keep(&self, delivery: Delivery) -> Outgoing {
        let mut given = self.given();
        given.last_number += 1;
        let number = given.last_number;
        let outgoing = Outgoing { number, body: delivery.body.clone(), redelivered: delivery.redelivered };
        given.deliveries.insert(number, delivery);
        outgoing
    }

    /// Forgets a message whose effect is durable.
    pub(super) async fn acknowledge(&self, number: u64) -> Result<(), Refusal> {
        self.hear();
        let delivery = self.given().deliveries.remove(&number).ok_or(Refusal::NoSuchDelivery)?;
        self.room.notify_one();
        Ok(delivery.acknowledge().await?)
    }

    /// The agent is there.
    pub(super) fn hear(&self) {
        self.given().last_heard = Instant::now();
    }

    /// Whether the agent has said nothing for long.
    pub(super) fn is_left(&self) -> bool {
        self.given().last_heard.elapsed() > LEFT_AFTER
    }

    fn given(&self) -> std::sync::MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
