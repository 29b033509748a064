//! The contract, with agents that receive over HTTP what a scheduler sends into the relay.

use crate::server::Server;
use async_trait::async_trait;
use mig_core::transport::{Address, Envelope, Subscription, Transport, TransportError};
use mig_transport::http::HttpRelay;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// Both halves as one transport.
#[derive(Debug)]
struct Both {
    server: Server,
    agents: Mutex<HashMap<String, HttpRelay>>,
}

impl Both {
    fn agent(&self, queue_location: &str) -> HttpRelay {
        let mut agents = self.agents.lock().unwrap();
        agents.entry(queue_location.to_owned()).or_insert_with(|| self.server.agent(queue_location)).clone()
    }
}

#[async_trait]
impl Transport for Both {
    async fn send(&self, to: &Address, message: Envelope) -> Result<(), TransportError> {
        self.server.relay.send(to, message).await
    }

    async fn subscribe(&self, address: &Address) -> Result<Box<dyn Subscription>, TransportError> {
        match address {
            Address::Agent(queue_location) => self.agent(queue_location).subscribe(address).await,
            _ => self.server.relay.subscribe(address).await,
        }
    }
}

async fn connect() -> Arc<dyn Transport> {
    Arc::new(Both { server: Server::start().await, agents: Mutex::default() })
}

mig_core::transport_contract_tests!(connect);
