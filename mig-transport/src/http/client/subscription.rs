//! Commands: a task asks for one when it is wanted, and asks again when one was put back.

use super::{backend, line::Line};
use crate::{
    backoff::Backoff,
    http::{
        error::HttpError,
        wire::{DELIVERY, REDELIVERED, write_held},
    },
};
use async_trait::async_trait;
use mig_core::transport::{Delivery, Receipt, Subscription, TransportError};
use reqwest::Response;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};

/// Declares the queue, and begins to ask.
pub(super) async fn subscribe(line: Arc<Line>) -> Result<HttpSubscription, TransportError> {
    let holding = Arc::new(Holding::default());
    let first = ask(&line, &holding, Duration::ZERO).await.map_err(|error| backend("subscribing", error))?;
    // A message that nobody waits for is better left where it can expire.
    let (sender, deliveries) = mpsc::channel(1);
    let backoff = Backoff::new(line.options.first_pause, line.options.longest_pause);
    let wanted = Arc::new(Notify::new());
    let asking = Asking { line, holding, sender, wanted: Arc::clone(&wanted), backoff };
    let asking = tokio::spawn(asking.go_on(first));
    Ok(HttpSubscription { deliveries, wanted, asking })
}

#[derive(Debug)]
pub(super) struct HttpSubscription {
    deliveries: mpsc::Receiver<Delivery>,
    wanted: Arc<Notify>,
    asking: JoinHandle<()>,
}

#[async_trait]
impl Subscription for HttpSubscription {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        self.wanted.notify_one();
        self.deliveries.recv().await.ok_or(TransportError::Closed)
    }
}

impl Drop for HttpSubscription {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

/// The numbers of the deliveries that are in our hands. What is not among them, the server gives again.
#[derive(Debug, Default)]
struct Holding {
    numbers: Mutex<BTreeSet<u64>>,
    put_back: Notify,
}

impl Holding {
    fn numbers(&self) -> std::sync::MutexGuard<'_, BTreeSet<u64>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(&self) -> String {
        write_held(self.numbers().iter().copied())
    }
}

struct Asking {
    line: Arc<Line>,
    holding: Arc<Holding>,
    sender: mpsc::Sender<Delivery>,
    wanted: Arc<Notify>,
    backoff: Backoff,
}

impl Asking {
    /// Until the receiver is gone.
    async fn go_on(mut self, first: Option<Delivery>) {
        let mut found = first;
        loop {
            if let Some(delivery) = found
                && self.sender.send(delivery).await.is_err()
            {
                return;
            }
            self.wanted.notified().await;
            found = Some(self.find().await);
        }
    }

    /// The next command, however long that takes.
    async fn find(&mut self) -> Delivery {
        loop {
            let began = Instant::now();
            let answer = tokio::select! {
                answer = ask(&self.line, &self.holding, self.line.options.wait) => answer,
                // The server does not know yet that it may give a message again.
                () = self.holding.put_back.notified() => continue,
            };
            match answer {
                Ok(found) => {
                    self.backoff.succeeded(self.line.options.longest_pause);
                    if let Some(delivery) = found {
                        return delivery;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, after = ?began.elapsed(), "no commands can be received; trying again");
                    tokio::time::sleep(self.backoff.pause()).await;
                }
            }
        }
    }
}

async fn ask(
    line: &Arc<Line>,
    holding: &Arc<Holding>,
    wait: Duration,
) -> Result<Option<Delivery>, HttpError> {
    let answer = line.next_command(&holding.list(), wait).await?;
    let Some(number) = number(&answer) else { return Ok(None) };
    let redelivered = answer.headers().contains_key(REDELIVERED);
    let body = line.body(answer).await?;
    holding.numbers().insert(number);
    let receipt =
        HttpReceipt { number, line: Arc::clone(line), holding: Arc::clone(holding), is_settled: false };
    Ok(Some(Delivery::new(body, redelivered, Box::new(receipt))))
}

fn number(answer: &Response) -> Option<u64> {
    answer.headers().get(DELIVERY)?.to_str().ok()?.parse().ok()
}

#[derive(Debug)]
struct HttpReceipt {
    number: u64,
    line: Arc<Line>,
    holding: Arc<Holding>,
    is_settled: bool,
}

#[async_trait]
impl Receipt for HttpReceipt {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), TransportError> {
        let options = &self.line.options;
        let mut backoff = Backoff::new(options.first_pause, options.longest_pause);
        loop {
            match self.line.acknowledge(self.number).await {
                Ok(()) => break,
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
                // The server has given it back; it comes again under another number.
                Err(error) => return Err(backend("acknowledging a command", error)),
            }
        }
        self.is_settled = true;
        Ok(())
    }
}

impl Drop for HttpReceipt {
    fn drop(&mut self) {
        self.holding.numbers().remove(&self.number);
        if !self.is_settled {
            self.holding.put_back.notify_one();
        }
    }
}
