//! The server's half: carries messages between agents that ask over HTTP and another transport.

mod channel;
mod claims;
mod doorkeeper;
mod refusal;
mod routes;

use channel::Channel;
use doorkeeper::Doorkeeper;
use mig_core::{clock::Clock, store::EnrolmentStore, transport::Transport};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::Semaphore;

/// How often it is looked whether agents are gone.
const SWEEP: Duration = Duration::from_secs(30);
/// Bodies that may be in memory at once, in KiB; further ones wait.
const BODIES_KIBIBYTES: usize = 512 << 10;

/// Stands between agents and a transport, and lets in agents only that a store knows.
///
/// What an agent was given and has not acknowledged returns to the transport when nothing was heard of the agent for 15 minutes;
/// the agent itself, should it have started again, gets it at once. Of several servers behind one address, an agent should be
/// led to the same one. It belongs into a server that limits how long a connection may take to say what it wants, and how many
/// there are.
#[derive(Clone, Debug)]
pub struct Gateway {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    relay: Arc<dyn Transport>,
    agents: Arc<dyn EnrolmentStore>,
    clock: Arc<dyn Clock>,
    doorkeeper: Doorkeeper,
    channels: Mutex<HashMap<String, Arc<Channel>>>,
    bodies: Semaphore,
}

impl Gateway {
    /// A gateway to `relay` for the agents that `agents` knows.
    #[must_use]
    pub fn new(relay: Arc<dyn Transport>, agents: Arc<dyn EnrolmentStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                relay,
                agents,
                clock,
                doorkeeper: Doorkeeper::default(),
                channels: Mutex::default(),
                bodies: Semaphore::new(BODIES_KIBIBYTES),
            }),
        }
    }

    /// The routes, to be merged into those of a server, or nested below the path of its URL.
    ///
    /// # Panics
    /// Outside of a tokio runtime: it also begins to look after agents that are gone.
    pub fn router(&self) -> axum::Router {
        tokio::spawn(look_after(Arc::downgrade(&self.shared)));
        routes::router(Arc::clone(&self.shared))
    }
}

impl Shared {
    fn channel(&self, queue_location: &str) -> Arc<Channel> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Channel::new(queue_location));
        Arc::clone(channels.entry(queue_location.to_owned()).or_insert_with(new))
    }

    /// An agent that holds commands is there, also if it does not ask for more.
    fn hear(&self, queue_location: &str) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(queue_location) {
            channel.hear();
        }
    }

    /// Gives back what agents hold that are gone.
    fn sweep(&self) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|_, channel| Arc::strong_count(channel) > 1 || !channel.is_left());
    }
}

/// Ends with the gateway.
async fn look_after(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(shared) = shared.upgrade() else { return };
        shared.sweep();
        shared.doorkeeper.forget(shared.clock.now());
    }
}
