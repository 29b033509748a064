//! Receiving: one task per subscription declares its queue, consumes, and begins anew whenever that ends.

use super::{
    AmqpError, AmqpOptions, backend,
    line::{Line, Link},
    names::Route,
    topology,
};
use crate::backoff::Backoff;
use async_trait::async_trait;
use futures_core::Stream as _;
use lapin::{
    Acker, Channel, Consumer,
    message::Delivery as Message,
    options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions},
    types::FieldTable,
};
use mig_core::transport::{Delivery, Receipt, Subscription, TransportError};
use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

/// Begins to receive. Returns when the broker has agreed once, or when somebody has to change something first.
pub(super) async fn subscribe(
    line: Arc<Line>,
    options: &AmqpOptions,
    route: Route,
) -> Result<AmqpSubscription, TransportError> {
    // Messages come at once, so that their life is counted here; the broker sends no more than the prefetch.
    let (messages, received) = mpsc::channel(options.prefetch.get().into());
    let (started, start) = oneshot::channel();
    let receiver = Receiver {
        line,
        route,
        prefetch: options.prefetch.get(),
        backoff: Backoff::new(options.first_pause, options.longest_pause),
        messages,
        started: Some(started),
    };
    tokio::spawn(receiver.run());
    start.await.map_err(|_| TransportError::Closed)??;
    Ok(AmqpSubscription { received })
}

#[derive(Debug)]
pub(super) struct AmqpSubscription {
    received: mpsc::Receiver<Arrived>,
}

/// A message, and when it came.
#[derive(Debug)]
struct Arrived {
    message: Message,
    at: Instant,
}

impl Arrived {
    /// True if its whole life passed in our hands: the broker no longer looks after it.
    fn has_expired(&self) -> bool {
        let life = self.message.properties.expiration().as_ref();
        let milliseconds = life.and_then(|text| text.as_str().parse().ok());
        milliseconds.is_some_and(|life| self.at.elapsed() >= Duration::from_millis(life))
    }
}

#[async_trait]
impl Subscription for AmqpSubscription {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        loop {
            let arrived = self.received.recv().await.ok_or(TransportError::Closed)?;
            let (expired, Message { acker, data, redelivered, .. }) =
                (arrived.has_expired(), arrived.message);
            if expired {
                tokio::spawn(forget(acker));
            } else if acker.usable() {
                let receipt = AmqpReceipt { acker: Some(acker), runtime: Handle::current() };
                return Ok(Delivery::new(data, redelivered, Box::new(receipt)));
            }
            // Else it is of a connection that has ended, and comes again.
        }
    }
}

/// Lets a message go that has expired.
async fn forget(acker: Acker) {
    if let Err(error) = acker.reject(BasicRejectOptions { requeue: false }).await {
        tracing::debug!(%error, "expired message not rejected, it comes again");
    }
}

struct Receiver {
    line: Arc<Line>,
    route: Route,
    prefetch: u16,
    backoff: Backoff,
    messages: mpsc::Sender<Arrived>,
    started: Option<oneshot::Sender<Result<(), TransportError>>>,
}

impl Receiver {
    async fn run(mut self) {
        let messages = self.messages.clone();
        tokio::select! {
            () = messages.closed() => {}
            () = self.receive() => {}
        }
    }

    /// Returns when the transport is closed, or if it could not begin at all.
    async fn receive(&mut self) {
        loop {
            let began = Instant::now();
            let Err(error) = self.receive_once().await else { return };
            if self.line.is_closed() {
                return;
            }
            if is_final(&error)
                && let Some(started) = self.started.take()
            {
                // Without a listener nobody waits for the subscription any more.
                started.send(Err(error)).ok();
                return;
            }
            let reason =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            tracing::warn!(queue = self.route.queue, reason, "not receiving, beginning anew");
            self.backoff.succeeded(began.elapsed());
            tokio::time::sleep(self.backoff.pause()).await;
        }
    }

    /// Receives over one connection, as long as it goes. `Ok` if nobody listens any more.
    async fn receive_once(&mut self) -> Result<(), TransportError> {
        let link = self.line.link().await?;
        let begun = self.consume(&link).await;
        let (channel, mut consumer) = begun.map_err(|error| backend("receiving", error))?;
        if let Some(started) = self.started.take() {
            // Nobody waits any more: the channel of messages is closed too.
            started.send(Ok(())).ok();
        }
        loop {
            let next = std::future::poll_fn(|context| Pin::new(&mut consumer).poll_next(context));
            let message = tokio::select! {
                message = next => message,
                () = self.line.lost(&link) => None,
            };
            match message {
                Some(Ok(message)) => {
                    let arrived = Arrived { message, at: Instant::now() };
                    if self.messages.send(arrived).await.is_err() {
                        return Ok(());
                    }
                }
                Some(Err(error)) => return Err(backend("receiving", AmqpError::during("receiving", &error))),
                None => {
                    drop(channel);
                    let reason = "connection lost, or queue deleted".to_owned();
                    return Err(backend("receiving", AmqpError::Lost { operation: "receiving", reason }));
                }
            }
        }
    }

    async fn consume(&self, link: &Link) -> Result<(Channel, Consumer), AmqpError> {
        let failed = |operation| move |error: lapin::Error| AmqpError::during(operation, &error);
        let channel = link.connection.create_channel().await.map_err(failed("opening a channel"))?;
        let options = BasicQosOptions { global: false };
        channel.basic_qos(self.prefetch, options).await.map_err(failed("limiting messages in hand"))?;
        topology::declare_queue(&channel, &self.route).await?;
        let options = BasicConsumeOptions::default();
        let tag = "".into();
        let consumer = channel.basic_consume(self.route.key(), tag, options, FieldTable::default());
        Ok((channel.clone(), consumer.await.map_err(failed("consuming a queue"))?))
    }
}

/// True if only an operator can help; a caller is told at once.
fn is_final(error: &TransportError) -> bool {
    match error {
        TransportError::Backend { source, .. } => {
            source.downcast_ref::<AmqpError>().is_some_and(AmqpError::needs_an_operator)
        }
        _ => true,
    }
}

/// Dropped before it is acknowledged, it returns the message.
#[derive(Debug)]
struct AmqpReceipt {
    acker: Option<Acker>,
    runtime: Handle,
}

#[async_trait]
impl Receipt for AmqpReceipt {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), TransportError> {
        let Some(acker) = self.acker.take() else { return Ok(()) };
        match acker.ack(BasicAckOptions::default()).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let reason = "the connection that brought the message has ended".to_owned();
                Err(backend("acknowledging", AmqpError::Lost { operation: "acknowledging", reason }))
            }
            Err(error) => Err(backend("acknowledging", AmqpError::during("acknowledging", &error))),
        }
    }
}

impl Drop for AmqpReceipt {
    fn drop(&mut self) {
        let Some(acker) = self.acker.take().filter(Acker::usable) else { return };
        self.runtime.spawn(async move {
            let options = BasicNackOptions { requeue: true, multiple: false };
            if let Err(error) = acker.nack(options).await {
                tracing::debug!(%error, "message not returned, the end of its connection does it");
            }
        });
    }
}
