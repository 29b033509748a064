//! What carries messages between scheduler and agents (the original says relay).
//!
//! A transport delivers bodies **at least once**; it never parses them. The engines parse, under limits.

use async_trait::async_trait;
use std::{fmt::Debug, time::Duration};

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// The queue of one agent, by its queue location (`<os>.<agent id>`).
    Agent(String),
    /// Answers of agents, read by schedulers. Each message reaches one of them.
    Results,
    /// Heartbeats of agents, read by schedulers. Each message reaches one of them.
    Heartbeats,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// JSON of a command or an agent.
    pub body: Vec<u8>,
    /// How long the relay may keep the message; `None` is for ever.
    pub expires_in: Option<Duration>,
}

/// Something that happened on the platform, for programs that listen. It may be lost, and it may come twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is: `agent.new`, `agent.authentication.failure` or `command.results`.
    pub topic: &'static str,
    /// The message that it is about, as it came from the agent.
    pub body: Vec<u8>,
}

/// A way to carry messages. Cheap to share; all methods may be called at once.
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// Hands a message over. Returns when the relay has taken responsibility for it (a broker confirmed it);
    /// waits while the relay is full.
    ///
    /// # Errors
    /// [`TransportError::Unroutable`] if nobody declared the queue, [`TransportError::Closed`] or
    /// [`TransportError::Backend`] if the relay is gone.
    async fn send(&self, to: &Address, message: Envelope) -> Result<(), TransportError>;

    /// Declares the queue of an address if it is new, and begins to receive from it.
    ///
    /// # Errors
    /// [`TransportError::Closed`] or [`TransportError::Backend`] if the relay is gone.
    async fn subscribe(&self, address: &Address) -> Result<Box<dyn Subscription>, TransportError>;

    /// Tells an event to whoever listens; content if nobody does, or if this relay has no events.
    ///
    /// # Errors
    /// [`TransportError::Closed`] or [`TransportError::Backend`] if the relay is gone.
    async fn publish(&self, event: Event) -> Result<(), TransportError> {
        drop(event);
        Ok(())
    }

    /// Forgets the queue of an address if nobody receives from it and no message waits there. True if it is forgotten; false if it
    /// is in use, or if this relay keeps none that it should forget.
    ///
    /// # Errors
    /// [`TransportError::Closed`] or [`TransportError::Backend`] if the relay is gone.
    async fn remove_unused(&self, address: &Address) -> Result<bool, TransportError> {
        let _ = address;
        Ok(false)
    }

    /// True if messages it has taken outlive this process. If not (the careful default), a scheduler that follows a dead one
    /// sends its unanswered commands again.
    fn is_durable(&self) -> bool {
        false
    }
}

/// Messages of one address. Messages not acknowledged when it is dropped are delivered again.
#[async_trait]
pub trait Subscription: Debug + Send {
    /// Waits for the next message. No message is lost when the future is dropped.
    ///
    /// # Errors
    /// [`TransportError::Closed`] if no further message can come.
    async fn next(&mut self) -> Result<Delivery, TransportError>;
}

/// A message in our hands. Dropped without [`acknowledge`](Delivery::acknowledge), it is delivered again.
#[derive(Debug)]
pub struct Delivery {
    /// The bytes, not yet parsed.
    pub body: Vec<u8>,
    /// True if it was delivered before.
    pub redelivered: bool,
    receipt: Box<dyn Receipt>,
}

impl Delivery {
    /// A delivery whose fate is told to `receipt`.
    #[must_use]
    pub fn new(body: Vec<u8>, redelivered: bool, receipt: Box<dyn Receipt>) -> Self {
        Self { body, redelivered, receipt }
    }

    /// Tells the relay that the effect of the message is durable and it may forget it.
    ///
    /// # Errors
    /// [`TransportError::Closed`] or [`TransportError::Backend`]: the message will come again.
    pub async fn acknowledge(self) -> Result<(), TransportError> {
        self.receipt.acknowledge().await
    }
}

/// A relay's handle on one delivered message. Dropping it without [`acknowledge`](Receipt::acknowledge) returns the message.
#[async_trait]
pub trait Receipt: Debug + Send {
    /// See [`Delivery::acknowledge`].
    async fn acknowledge(self: Box<Self>) -> Result<(), TransportError>;
}

/// Why a message could not be carried.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Nobody declared the queue.
    #[error("no queue for {address:?}")]
    Unroutable {
        /// Where the message was to go.
        address: Address,
    },
    /// The relay was closed.
    #[error("the relay is closed")]
    Closed,
    /// Anything else the relay reports.
    #[error("{operation} failed on the relay")]
    Backend {
        /// What was tried.
        operation: &'static str,
        /// What the driver says.
        #[source]
        source: crate::BoxError,
    },
}
