//! Names and properties as the original has them, byte for byte: its programs must not notice who sent a message.

use lapin::{BasicProperties, types::ShortString};
use mig_core::transport::Address;
use std::time::{Duration, SystemTime};

/// Direct exchange of commands.
pub(super) const TO_AGENTS: &str = "toagents";
/// Direct exchange of answers and heartbeats.
pub(super) const TO_SCHEDULERS: &str = "toschedulers";
/// Topic exchange of events, of 2015.
pub(super) const TO_WORKERS: &str = "toworkers";
/// How long an event may wait for its listener.
pub(super) const EVENT_LIFE: Duration = Duration::from_secs(6000);
/// Before the queue location of an agent.
const AGENT_PREFIX: &str = "mig.agt.";
/// Longest name that AMQP can carry, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// Longest life of a message that RabbitMQ accepts; what should live longer never expires.
const MAX_EXPIRATION: Duration = Duration::from_millis(u32::MAX as u64);
const PERSISTENT: u8 = 2;

/// Exchange and queue of an address. The routing key, and the key of the binding, is the name of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) exchange: &'static str,
    pub(super) queue: String,
}

impl Route {
    /// `None` if the name is longer than AMQP allows: no such queue can exist.
    pub(super) fn of(address: &Address) -> Option<Self> {
        let (exchange, name) = match address {
            Address::Agent(location) => (TO_AGENTS, location.as_str()),
            Address::Results => (TO_SCHEDULERS, "results"),
            Address::Heartbeats => (TO_SCHEDULERS, "heartbeats"),
        };
        let queue = format!("{AGENT_PREFIX}{name}");
        (queue.len() <= MAX_NAME_BYTES).then_some(Self { exchange, queue })
    }

    /// The exchange of events, and a topic in the place of a queue.
    pub(super) fn of_event(topic: &str) -> Self {
        Self { exchange: TO_WORKERS, queue: topic.to_owned() }
    }

    pub(super) fn key(&self) -> ShortString {
        self.queue.as_str().into()
    }
}

/// Persistent text without headers and ids. The life is written in milliseconds, as decimal text.
pub(super) fn properties(expires_in: Option<Duration>, now: SystemTime) -> BasicProperties {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let properties = BasicProperties::default()
        .with_content_type("text/plain".into())
        .with_delivery_mode(PERSISTENT)
        .with_timestamp(seconds);
    match expires_in {
        Some(life) if life <= MAX_EXPIRATION => {
            properties.with_expiration(life.as_millis().max(1).to_string().into())
        }
        _ => properties,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(meta: &str, key: &str) -> String {
        let (_, after) = meta.split_once(&format!("\"{key}\": ")).unwrap();
        let value = after.split([',', '\n']).next().unwrap();
        value.trim_matches('"').to_owned()
    }

    /// Routing and properties of a recorded message of the original are those that we would give it.
    fn assert_as_recorded(meta: &str, address: &Address) {
        let route = Route::of(address).unwrap();
        assert_eq!(captured(meta, "exchange_name"), route.exchange);
        let queues = meta.matches(&format!("\"{}\"", route.queue)).count();
        assert_eq!(queues, 2, "routing key and queue");
        let life = Duration::from_millis(captured(meta, "expiration").parse().unwrap());
        let seconds: u64 = captured(meta, "timestamp").parse().unwrap();
        let ours = properties(Some(life), SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let recorded = BasicProperties::default()
            .with_timestamp(seconds)
            .with_expiration(captured(meta, "expiration").into())
            .with_delivery_mode(captured(meta, "delivery_mode").parse().unwrap())
            .with_content_type(captured(meta, "content_type").into());
        assert_eq!(ours, recorded);
    }

    #[test]
    fn a_command_is_routed_and_marked_as_the_original_did() {
        let meta = include_str!("../../tests/captures/command.meta.json");
        let (_, after) = meta.split_once("mig.agt.").unwrap();
        let location = after.split('"').next().unwrap();
        assert_as_recorded(meta, &Address::Agent(location.to_owned()));
    }

    #[test]
    fn an_answer_is_routed_and_marked_as_the_original_did() {
        assert_as_recorded(include_str!("../../tests/captures/result.meta.json"), &Address::Results);
    }

    #[test]
    fn a_name_that_amqp_can_not_carry_has_no_route() {
        assert!(Route::of(&Address::Agent("x".repeat(247))).is_some());
        assert_eq!(Route::of(&Address::Agent("x".repeat(248))), None);
    }

    #[test]
    fn a_life_longer_than_the_broker_accepts_is_no_limit() {
        let life = |time| properties(Some(time), SystemTime::UNIX_EPOCH).expiration().clone();
        assert_eq!(life(MAX_EXPIRATION).unwrap().as_str(), "4294967295");
        assert_eq!(life(MAX_EXPIRATION + Duration::from_millis(1)), None);
        assert_eq!(life(Duration::ZERO).unwrap().as_str(), "1");
    }
}
