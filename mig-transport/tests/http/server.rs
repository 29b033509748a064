//! A gateway on a port of its own, and the agents that it knows.

use async_trait::async_trait;
use axum::Router;
use mig_core::{
    clock::{Clock, SystemClock},
    enrolment::{AgentKey, AgentPublicKey, Invitation, InvitationDigest},
    store::{Enrolment, EnrolmentStore, StoreError},
    transport::Transport,
};
use mig_transport::{
    http::{Gateway, HttpOptions, HttpRelay},
    memory::MemoryRelay,
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Agents and invitations, as long as the test runs. What a store must do beyond that is in its own contract.
#[derive(Debug, Default)]
pub(crate) struct Agents {
    keys: Mutex<HashMap<String, AgentPublicKey>>,
    invitations: Mutex<Vec<InvitationDigest>>,
}

impl Agents {
    pub(crate) fn add(&self, queue_location: &str, key: &AgentKey) {
        self.keys.lock().unwrap().insert(queue_location.to_owned(), key.public());
    }

    pub(crate) fn invite(&self) -> Invitation {
        let invitation = Invitation::generate().unwrap();
        self.invitations.lock().unwrap().push(invitation.digest());
        invitation
    }
}

#[async_trait]
impl EnrolmentStore for Agents {
    async fn add_invitation(
        &self,
        digest: &InvitationDigest,
        _: SystemTime,
        _: SystemTime,
    ) -> Result<(), StoreError> {
        self.invitations.lock().unwrap().push(*digest);
        Ok(())
    }

    async fn enrol(
        &self,
        digest: &InvitationDigest,
        queue_location: &str,
        key: &AgentPublicKey,
        _: SystemTime,
    ) -> Result<Enrolment, StoreError> {
        let mut keys = self.keys.lock().unwrap();
        let mut invitations = self.invitations.lock().unwrap();
        let Some(place) = invitations.iter().position(|known| known == digest) else {
            return Ok(Enrolment::NotInvited);
        };
        if keys.contains_key(queue_location) {
            return Ok(Enrolment::Taken);
        }
        invitations.remove(place);
        keys.insert(queue_location.to_owned(), *key);
        Ok(Enrolment::Done)
    }

    async fn enrolled_key(&self, queue_location: &str) -> Result<Option<AgentPublicKey>, StoreError> {
        Ok(self.keys.lock().unwrap().get(queue_location).copied())
    }

    async fn dismiss_agent(&self, queue_location: &str) -> Result<bool, StoreError> {
        Ok(self.keys.lock().unwrap().remove(queue_location).is_some())
    }
}

/// A server that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) relay: Arc<MemoryRelay>,
    pub(crate) agents: Arc<Agents>,
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with_clock(Arc::new(SystemClock)).await
    }

    pub(crate) async fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, Arc::default(), Arc::default(), clock)
    }

    /// Another server in the place of this one, in front of the same relay.
    pub(crate) async fn again(self) -> Self {
        let (relay, agents, address) = (Arc::clone(&self.relay), Arc::clone(&self.agents), self.address);
        drop(self);
        Self::in_place(relay, agents, address).await
    }

    /// A server at an address that is, or will be, free.
    pub(crate) async fn in_place(relay: Arc<MemoryRelay>, agents: Arc<Agents>, address: SocketAddr) -> Self {
        let listener = loop {
            match TcpListener::bind(address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        Self::on(listener, relay, agents, Arc::new(SystemClock))
    }

    fn on(
        listener: TcpListener,
        relay: Arc<MemoryRelay>,
        agents: Arc<Agents>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let gateway = Gateway::new(
            Arc::clone(&relay) as Arc<dyn Transport>,
            Arc::clone(&agents) as Arc<dyn EnrolmentStore>,
            clock,
        );
        // Below a path, as behind a server of many things.
        let app = Router::new().nest("/mig", gateway.router());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { relay, agents, address, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mig", self.address)
    }

    /// Options of an agent that is not enrolled.
    pub(crate) fn options(&self, queue_location: &str) -> HttpOptions {
        options(&self.url(), queue_location, AgentKey::generate().unwrap())
    }

    /// An agent that is enrolled.
    pub(crate) fn agent(&self, queue_location: &str) -> HttpRelay {
        let key = AgentKey::generate().unwrap();
        self.agents.add(queue_location, &key);
        HttpRelay::new(options(&self.url(), queue_location, key)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn options(url: &str, queue_location: &str, key: AgentKey) -> HttpOptions {
    let mut options = HttpOptions::new(url, queue_location, key).unwrap();
    options.first_pause = Duration::from_millis(10);
    options.longest_pause = Duration::from_millis(100);
    options
}
