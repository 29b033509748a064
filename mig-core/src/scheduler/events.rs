//! What happens on the platform, told to whoever listens: the events that the workers of 2015 received.
//!
//! Nothing waits for a listener: what can not be told soon is left out, and counted.

use super::{Census, Scheduler};
use crate::transport::Event;
use std::{
    collections::{BTreeSet, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::Notify, time::timeout};

/// Most bytes that wait to be told.
const WAITING_BYTES: usize = 16 << 20;

/// An agent that was never heard of before; the body is its heartbeat.
pub(super) const AGENT_NEW: &str = "agent.new";
/// An agent that is not on the allow-list; the body is its heartbeat.
pub(super) const AGENT_REFUSED: &str = "agent.authentication.failure";
/// An answer; the body is the command with its results.
pub(super) const COMMAND_RESULTS: &str = "command.results";

/// What waits to be told; shared by the clones of a scheduler.
#[derive(Clone, Debug, Default)]
pub(super) struct Events(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    ready: Notify,
    /// Addresses that were heard of; `None` before the first count.
    known: Mutex<Option<BTreeSet<String>>>,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Event>,
    bytes: usize,
}

impl Events {
    /// True if it waits now; false if too much waits already.
    fn add(&self, event: Event) -> bool {
        let mut waiting = self.waiting();
        let has_room = waiting.bytes.saturating_add(event.body.len()) <= WAITING_BYTES;
        if has_room {
            waiting.bytes += event.body.len();
            waiting.events.push_back(event);
            self.0.ready.notify_one();
        }
        has_room
    }

    async fn next(&self) -> Event {
        loop {
            let taken = {
                let mut waiting = self.waiting();
                let event = waiting.events.pop_front();
                waiting.bytes -= event.as_ref().map_or(0, |event| event.body.len());
                event
            };
            match taken {
                Some(event) => return event,
                None => self.0.ready.notified().await,
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Option<BTreeSet<String>>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scheduler {
    /// Tells an event later, if events are told at all.
    pub(super) fn announce(&self, topic: &'static str, body: &[u8]) {
        if self.options.publishes_events && !self.events.add(Event { topic, body: body.to_vec() }) {
            count("left_out");
        }
    }

    /// Whether an address was never heard of; from now on it was.
    pub(super) fn is_new(&self, queue_location: &str) -> bool {
        let mut known = self.events.known();
        self.options.publishes_events
            && known.as_mut().is_some_and(|known| known.insert(queue_location.to_owned()))
    }

    /// Remembers who was heard of, also by other schedulers.
    pub(super) fn know(&self, census: &Census) {
        if self.options.publishes_events {
            *self.events.known() = Some(census.addresses().map(str::to_owned).collect());
        }
    }

    /// Tells what waits.
    pub(super) async fn publish_events(&self) -> Infallible {
        loop {
            let event = self.events.next().await;
            let topic = event.topic;
            match timeout(self.options.hand_over_timeout, self.transport.publish(event)).await {
                Ok(Ok(())) => count("told"),
                Ok(Err(error)) => {
                    tracing::warn!(topic, %error, "event left out");
                    count("left_out");
                }
                Err(_) => count("left_out"),
            }
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("mig_events_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bytes: usize) -> Event {
        Event { topic: AGENT_NEW, body: vec![b'x'; bytes] }
    }

    #[tokio::test]
    async fn what_waits_is_bounded_and_comes_in_order() {
        let events = Events::default();
        assert!(events.add(event(WAITING_BYTES - 1)) && events.add(event(1)));
        assert!(!events.add(event(1)));
        assert_eq!(events.next().await.body.len(), WAITING_BYTES - 1);
        assert!(events.add(event(2)));
        assert_eq!((events.next().await, events.next().await), (event(1), event(2)));
    }
}
