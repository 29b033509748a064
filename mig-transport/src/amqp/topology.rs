//! Exchanges and queues, declared as the original does: durable, shared, kept, without any argument.

use super::{
    AmqpError,
    names::{Route, TO_AGENTS, TO_SCHEDULERS, TO_WORKERS},
};
use lapin::{
    Channel, Connection, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use mig_core::transport::Address;

/// What schedulers declare: the exchanges, and the queues of answers and heartbeats.
pub(super) async fn declare(connection: &Connection, has_events: bool) -> Result<(), AmqpError> {
    let opening = |error: lapin::Error| AmqpError::during("opening a channel", &error);
    let channel = connection.create_channel().await.map_err(opening)?;
    let events = has_events.then_some((TO_WORKERS, ExchangeKind::Topic));
    let direct = [TO_AGENTS, TO_SCHEDULERS].map(|name| (name, ExchangeKind::Direct));
    for (exchange, kind) in direct.into_iter().chain(events) {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        channel
            .exchange_declare(exchange.into(), kind, options, FieldTable::default())
            .await
            .map_err(|error| AmqpError::during("declaring an exchange", &error))?;
    }
    for address in [Address::Results, Address::Heartbeats] {
        if let Some(route) = Route::of(&address) {
            declare_queue(&channel, &route).await?;
        }
    }
    Ok(())
}

/// Declares a queue and binds it; changes nothing if it was there.
pub(super) async fn declare_queue(channel: &Channel, route: &Route) -> Result<(), AmqpError> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel
        .queue_declare(route.key(), options, FieldTable::default())
        .await
        .map_err(|error| AmqpError::during("declaring a queue", &error))?;
    let (options, nothing) = (QueueBindOptions::default(), FieldTable::default());
    channel
        .queue_bind(route.key(), route.exchange.into(), route.key(), options, nothing)
        .await
        .map_err(|error| AmqpError::during("binding a queue", &error))
}

/// Removes a queue that nobody reads and that holds no message; false if it is in use. The refusal ends the channel, so it has one
/// of its own.
pub(super) async fn remove_unused(connection: &Connection, route: &Route) -> Result<bool, AmqpError> {
    let opening = |error: lapin::Error| AmqpError::during("opening a channel", &error);
    let channel = connection.create_channel().await.map_err(opening)?;
    let options = QueueDeleteOptions { if_unused: true, if_empty: true, nowait: false };
    match channel.queue_delete(route.key(), options).await {
        Ok(_) => {
            // What is left of it ends with the connection.
            channel.close(200, "OK".into()).await.ok();
            Ok(true)
        }
        Err(error) => match AmqpError::during("removing a queue", &error) {
            AmqpError::Different { .. } => Ok(false),
            error => Err(error),
        },
    }
}
