//! Sending: every message is confirmed by the broker, or told to be unroutable, or sent again.
//!
//! A channel carries one unconfirmed message at a time. The driver gives a returned message to whichever confirmation comes
//! next on its channel: with several under way, an unroutable one would pass for delivered.

use super::{
    AmqpError, AmqpOptions, Role, backend,
    line::{Line, Link},
    names::{EVENT_LIFE, Route, properties},
    topology,
};
use lapin::{
    Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use mig_core::transport::{Address, Envelope, Event, TransportError};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Channels in confirm mode that nobody uses now.
#[derive(Debug, Default)]
pub(super) struct Channels(Mutex<Vec<Channel>>);

impl Channels {
    fn take(&self) -> Option<Channel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, channel: Channel) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
    }
}

/// A message, and where it goes.
#[derive(Debug)]
struct Message {
    route: Route,
    envelope: Envelope,
    /// Whether a queue for it has to be there.
    mandatory: bool,
    began: Instant,
}

/// How a message that was handed over fared.
#[derive(Debug)]
enum Fate {
    Confirmed,
    Unroutable,
    NotStored,
    Failed(AmqpError),
}

/// Waiting that does not shorten the life of a message: what is sent at once has exactly the life it was given.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Pause before a message is sent again on a connection that lives.
const AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) line: Arc<Line>,
    pub(super) options: Arc<AmqpOptions>,
    /// Room for messages that wait for their confirmation.
    pub(super) window: Arc<Semaphore>,
}

impl Publisher {
    /// Returns when the broker has confirmed. Connections that end meanwhile delay the message only.
    pub(super) async fn send(&self, to: &Address, envelope: Envelope) -> Result<(), TransportError> {
        let unroutable = || TransportError::Unroutable { address: to.clone() };
        let route = Route::of(to).ok_or_else(unroutable)?;
        let message = Message { route, envelope, mandatory: true, began: Instant::now() };
        if self.carry(message).await? { Ok(()) } else { Err(unroutable()) }
    }

    /// Like [`send`](Self::send), for whoever listens.
    pub(super) async fn publish(&self, event: Event) -> Result<(), TransportError> {
        let envelope = Envelope { body: event.body, expires_in: Some(EVENT_LIFE) };
        let route = Route::of_event(event.topic);
        // Nobody has to listen: it is never unroutable.
        self.carry(Message { route, envelope, mandatory: false, began: Instant::now() }).await.map(drop)
    }

    /// False if there is no queue for it.
    async fn carry(&self, message: Message) -> Result<bool, TransportError> {
        let message = Arc::new(message);
        let mut declared = false;
        loop {
            let room = Arc::clone(&self.window).acquire_owned().await.map_err(|_| TransportError::Closed)?;
            let link = self.line.link().await?;
            if message.life_left() == Some(Duration::ZERO) {
                return Ok(true);
            }
            match attempt(&link, &message, room).await {
                Fate::Confirmed => return Ok(true),
                Fate::Unroutable => return Ok(false),
                Fate::NotStored => {
                    let queue = message.route.queue.clone();
                    return Err(backend("sending", AmqpError::NotStored { queue }));
                }
                Fate::Failed(AmqpError::Lost { operation, reason }) => {
                    tracing::debug!(operation, reason, queue = message.route.queue, "sending again");
                    tokio::time::sleep(AGAIN).await;
                }
                Fate::Failed(AmqpError::Missing { .. })
                    if self.options.role == Role::Scheduler && !declared =>
                {
                    declared = true;
                    let declaring = topology::declare(&link.connection, self.options.has_events);
                    declaring.await.map_err(|error| backend("sending", error))?;
                }
                Fate::Failed(error) => return Err(backend("sending", error)),
            }
        }
    }
}

impl Message {
    /// `None` without a limit.
    fn life_left(&self) -> Option<Duration> {
        let waited = self.began.elapsed();
        let life = self.envelope.expires_in?;
        Some(if waited < AT_ONCE { life } else { life.saturating_sub(waited) })
    }
}

/// Runs to its end also when the caller is gone: a channel with an open confirmation must not carry another message.
async fn attempt(link: &Arc<Link>, message: &Arc<Message>, room: OwnedSemaphorePermit) -> Fate {
    let (link, message) = (Arc::clone(link), Arc::clone(message));
    let sent = tokio::spawn(async move {
        let _room = room;
        deliver(&link, &message).await.unwrap_or_else(Fate::Failed)
    });
    let ended = |error: tokio::task::JoinError| {
        Fate::Failed(AmqpError::Lost { operation: "sending", reason: error.to_string() })
    };
    sent.await.unwrap_or_else(ended)
}

async fn deliver(link: &Link, message: &Message) -> Result<Fate, AmqpError> {
    let channel = match link.channels.take() {
        Some(channel) => channel,
        None => open(link).await.map_err(|error| AmqpError::during("opening a channel", &error))?,
    };
    let confirmation =
        publish(&channel, message).await.map_err(|error| AmqpError::during("sending", &error))?;
    link.channels.put_back(channel);
    Ok(match confirmation {
        Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Fate::Unroutable,
        Confirmation::Ack(None) => Fate::Confirmed,
        Confirmation::Nack(None) | Confirmation::NotRequested => Fate::NotStored,
    })
}

async fn open(link: &Link) -> lapin::Result<Channel> {
    let channel = link.connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

async fn publish(channel: &Channel, message: &Message) -> lapin::Result<Confirmation> {
    let Message { route, envelope, mandatory, .. } = message;
    let options = BasicPublishOptions { mandatory: *mandatory, immediate: false };
    let properties = properties(message.life_left(), SystemTime::now());
    let exchange = route.exchange.into();
    channel.basic_publish(exchange, route.key(), options, &envelope.body, properties).await?.await
}
