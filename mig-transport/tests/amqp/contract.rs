//! The contract of transports, on a virtual host of its own per rule.

use crate::broker;
use mig_core::transport::Transport;
use mig_transport::amqp::{AmqpRelay, Role};
use std::sync::Arc;

/// With the rights of both roles: the contract plays both.
async fn connect() -> Option<Arc<dyn Transport>> {
    let broker = broker::shared()?;
    let url = broker.url("root", &broker.virtual_host());
    let relay = AmqpRelay::connect(broker::options(&url, Role::Scheduler)).await.unwrap();
    Some(Arc::new(relay))
}

mig_core::transport_contract_tests!(connect);
