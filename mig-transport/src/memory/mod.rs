//! The relay inside one process: bounded queues in memory.
//!
//! Each queue holds a number of bytes; whoever sends more waits until messages were acknowledged or expired. Messages that
//! were delivered but not acknowledged stay counted: a slow receiver slows its senders, and memory is bounded.

mod queue;

use async_trait::async_trait;
use mig_core::transport::{Address, Delivery, Envelope, Receipt, Subscription, Transport, TransportError};
use queue::{Message, Queue};
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

/// A relay that lives as long as its last clone. Cloning is cheap, all clones are one relay.
///
/// The queues of answers and heartbeats are there from the start; the queue of an agent is declared by its first subscriber.
///
/// ```
/// use mig_core::transport::{Address, Envelope, Transport as _};
/// use mig_transport::memory::MemoryRelay;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mig_core::transport::TransportError> {
/// let relay = MemoryRelay::default();
/// let mut answers = relay.subscribe(&Address::Results).await?;
/// relay.send(&Address::Results, Envelope { body: b"{}".to_vec(), expires_in: None }).await?;
/// let delivery = answers.next().await?;
/// assert_eq!(delivery.body, b"{}");
/// delivery.acknowledge().await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryRelay {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    kibibytes: NonZeroU32,
    queues: Mutex<Queues>,
}

#[derive(Debug)]
struct Queues {
    by_address: HashMap<Address, Arc<Queue>>,
    closed: bool,
}

/// What one queue holds unless said otherwise: 64 MiB.
const DEFAULT_KIBIBYTES: NonZeroU32 = NonZeroU32::MIN.saturating_add((64 << 10) - 1);

impl Default for MemoryRelay {
    fn default() -> Self {
        Self::with_queue_size(DEFAULT_KIBIBYTES)
    }
}

impl MemoryRelay {
    /// A relay whose queues hold `kibibytes` each. Every message takes at least one; one that is larger than the queue
    /// is taken when the queue is empty.
    #[must_use]
    pub fn with_queue_size(kibibytes: NonZeroU32) -> Self {
        let always = [Address::Results, Address::Heartbeats];
        let by_address = always.map(|address| (address, Arc::new(Queue::new(kibibytes)))).into();
        Self {
            shared: Arc::new(Shared { kibibytes, queues: Mutex::new(Queues { by_address, closed: false }) }),
        }
    }

    /// Ends the relay for all its clones: waiting senders and receivers get [`TransportError::Closed`], messages are lost.
    pub fn close(&self) {
        let mut queues = self.shared.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.closed = true;
        queues.by_address.drain().for_each(|(_, queue)| queue.close());
    }

    fn queue(&self, address: &Address, declare: bool) -> Result<Arc<Queue>, TransportError> {
        let mut queues = self.shared.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.closed {
            return Err(TransportError::Closed);
        }
        if let Some(queue) = queues.by_address.get(address) {
            return Ok(Arc::clone(queue));
        }
        if !declare {
            return Err(TransportError::Unroutable { address: address.clone() });
        }
        let queue = Arc::new(Queue::new(self.shared.kibibytes));
        queues.by_address.insert(address.clone(), Arc::clone(&queue));
        Ok(queue)
    }
}

#[async_trait]
impl Transport for MemoryRelay {
    async fn send(&self, to: &Address, message: Envelope) -> Result<(), TransportError> {
        self.queue(to, false)?.push(message).await
    }

    async fn subscribe(&self, address: &Address) -> Result<Box<dyn Subscription>, TransportError> {
        Ok(Box::new(MemorySubscription { queue: self.queue(address, true)? }))
    }
}

#[derive(Debug)]
struct MemorySubscription {
    queue: Arc<Queue>,
}

#[async_trait]
impl Subscription for MemorySubscription {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        let message = self.queue.pop().await?;
        let (body, redelivered) = (message.body.clone(), message.redelivered);
        let receipt = MemoryReceipt { queue: Arc::clone(&self.queue), message: Some(message) };
        Ok(Delivery::new(body, redelivered, Box::new(receipt)))
    }
}

/// Holds the message until it is acknowledged; dropped before, it puts the message back.
#[derive(Debug)]
struct MemoryReceipt {
    queue: Arc<Queue>,
    message: Option<Message>,
}

#[async_trait]
impl Receipt for MemoryReceipt {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), TransportError> {
        self.message = None;
        Ok(())
    }
}

impl Drop for MemoryReceipt {
    fn drop(&mut self) {
        if let Some(message) = self.message.take() {
            self.queue.put_back(message);
        }
    }
}
