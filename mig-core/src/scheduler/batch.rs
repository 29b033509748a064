//! Messages in batches: one transaction serves all that wait already, and nobody waits for a batch to fill.

use crate::transport::{Delivery, Subscription, TransportError};

/// Most messages of a batch.
const MAX_MESSAGES: usize = 256;
/// A batch takes no further message above this size, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// Waits for a message and takes what is there with it.
pub(super) async fn gather(subscription: &mut dyn Subscription) -> Result<Vec<Delivery>, TransportError> {
    let first = subscription.next().await?;
    let mut bytes = first.body.len();
    let mut batch = vec![first];
    while batch.len() < MAX_MESSAGES && bytes < MAX_BYTES {
        let Some(next) = next_now(subscription).await else { break };
        bytes += next.body.len();
        batch.push(next);
    }
    Ok(batch)
}

/// A message that is there already. A failure shows again when we wait for the next batch.
async fn next_now(subscription: &mut dyn Subscription) -> Option<Delivery> {
    tokio::select! {
        biased;
        next = subscription.next() => next.ok(),
        () = std::future::ready(()) => None,
    }
}

/// Tells the relay that the effects of a batch are durable. What it does not hear comes again and changes nothing.
pub(super) async fn acknowledge(batch: Vec<Delivery>) {
    for delivery in batch {
        if let Err(error) = delivery.acknowledge().await {
            tracing::warn!(%error, "message was not acknowledged and will come again");
        }
    }
}
