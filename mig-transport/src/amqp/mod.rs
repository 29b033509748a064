//! RabbitMQ: the original's exchanges, queues and message properties, so that its programs and ours share a broker.
//!
//! What the original loses is kept here: every message is confirmed by the broker, what has no queue is reported, and what
//! was received is acknowledged by the receiver, after its effect. A connection that ends is made again, for ever, in
//! pauses that double and are shortened by chance; queues that vanished are declared again. A sender waits meanwhile.
//!
//! Two things are not told to senders: a message whose life ended while it waited here is dropped, as the broker would; and
//! a message may come twice if the connection ended before its confirmation came.

mod consume;
mod dial;
mod error;
mod line;
mod names;
mod options;
mod publish;
mod tls;
mod topology;

pub use crate::tls::{TlsIdentity, TlsOptions};
pub use error::AmqpError;
pub use options::{AmqpOptions, Role};

use async_trait::async_trait;
use line::Line;
use mig_core::transport::{Address, Envelope, Event, Subscription, Transport, TransportError};
use names::Route;
use publish::Publisher;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A broker. Cloning is cheap, all clones are one. Its connections end with the last clone and the last subscription.
///
/// ```no_run
/// use mig_core::transport::{Address, Envelope, Transport as _};
/// use mig_transport::amqp::{AmqpOptions, AmqpRelay, Role};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = AmqpOptions::new("amqp://agent:secret@relay.example.net:5672/mig", Role::Agent)?;
/// let relay = AmqpRelay::connect(options).await?;
/// let mut commands = relay.subscribe(&Address::Agent("linux.3k2j".to_owned())).await?;
/// let command = commands.next().await?;
/// relay.send(&Address::Results, Envelope { body: command.body.clone(), expires_in: None }).await?;
/// command.acknowledge().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AmqpRelay {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Arc<AmqpOptions>,
    publisher: Publisher,
    consuming: Arc<Line>,
}

impl AmqpRelay {
    /// Connects. Later losses of the connection are repaired.
    ///
    /// # Errors
    /// Whatever is wrong with this first attempt.
    pub async fn connect(options: AmqpOptions) -> Result<Self, AmqpError> {
        let first = line::open(&options).await?;
        Ok(Self::assemble(options, Some(first)))
    }

    /// Begins to connect and returns at once, for programs that start before their broker. What is wrong is logged, and
    /// told to callers if somebody has to change something.
    #[must_use]
    pub fn start(options: AmqpOptions) -> Self {
        Self::assemble(options, None)
    }

    fn assemble(options: AmqpOptions, first: Option<line::Opened>) -> Self {
        let options = Arc::new(options);
        let publishing = Arc::new(Line::new(Arc::clone(&options), first));
        let consuming = match options.role {
            Role::Scheduler => Arc::new(Line::new(Arc::clone(&options), None)),
            Role::Agent => Arc::clone(&publishing),
        };
        let window = Arc::new(Semaphore::new(options.window.get().min(Semaphore::MAX_PERMITS)));
        let publisher = Publisher { line: publishing, options: Arc::clone(&options), window };
        Self { shared: Arc::new(Shared { options, publisher, consuming }) }
    }

    /// True if there is a connection now, for each direction.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared.publisher.line.is_up() && self.shared.consuming.is_up()
    }

    /// Says farewell to the broker and ends the relay for all its clones: whoever waits gets [`TransportError::Closed`].
    /// Unacknowledged messages return to their queues.
    pub async fn close(&self) {
        self.shared.publisher.window.close();
        self.shared.publisher.line.close().await;
        self.shared.consuming.close().await;
    }
}

#[async_trait]
impl Transport for AmqpRelay {
    async fn send(&self, to: &Address, message: Envelope) -> Result<(), TransportError> {
        self.shared.publisher.send(to, message).await
    }

    async fn subscribe(&self, address: &Address) -> Result<Box<dyn Subscription>, TransportError> {
        let unroutable = || TransportError::Unroutable { address: address.clone() };
        let route = Route::of(address).ok_or_else(unroutable)?;
        let line = Arc::clone(&self.shared.consuming);
        Ok(Box::new(consume::subscribe(line, &self.shared.options, route).await?))
    }

    async fn publish(&self, event: Event) -> Result<(), TransportError> {
        self.shared.publisher.publish(event).await
    }

    async fn remove_unused(&self, address: &Address) -> Result<bool, TransportError> {
        // A name that AMQP can not carry has no queue.
        let Some(route) = Route::of(address) else { return Ok(false) };
        let link = self.shared.publisher.line.link().await?;
        let removed = topology::remove_unused(&link.connection, &route).await;
        removed.map_err(|error| backend("removing a queue", error))
    }

    /// Queues and messages outlive the broker too.
    fn is_durable(&self) -> bool {
        true
    }
}

fn backend(operation: &'static str, error: AmqpError) -> TransportError {
    TransportError::Backend { operation, source: Box::new(error) }
}
