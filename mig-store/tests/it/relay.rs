//! A relay and agents for tests of the scheduler: they do what they are told, also what real ones never should.

use async_trait::async_trait;
use mig_core::{
    agent_info::AgentInfo,
    command::{Command, ModuleResult},
    json,
    transport::{Address, Delivery, Envelope, Receipt, Subscription, Transport, TransportError},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::{sync::Notify, task::JoinHandle};

/// The address of an agent whose queue is full for ever.
pub(crate) const STUCK: &str = "linux.stuck";

/// An in-process relay. Clones are the same relay.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestRelay {
    state: Arc<State>,
    pub(crate) is_durable: bool,
}

#[derive(Debug, Default)]
struct State {
    queues: Mutex<HashMap<Address, VecDeque<Vec<u8>>>>,
    news: Notify,
}

impl State {
    fn queues(&self) -> MutexGuard<'_, HashMap<Address, VecDeque<Vec<u8>>>> {
        self.queues.lock().unwrap()
    }
}

#[async_trait]
impl Transport for TestRelay {
    async fn send(&self, to: &Address, message: Envelope) -> Result<(), TransportError> {
        if *to == Address::Agent(STUCK.to_owned()) {
            return std::future::pending().await;
        }
        let mut queues = self.state.queues();
        let queue = queues.get_mut(to).ok_or_else(|| TransportError::Unroutable { address: to.clone() })?;
        queue.push_back(message.body);
        self.state.news.notify_waiters();
        Ok(())
    }

    async fn subscribe(&self, address: &Address) -> Result<Box<dyn Subscription>, TransportError> {
        self.state.queues().entry(address.clone()).or_default();
        Ok(Box::new(TestSubscription { state: Arc::clone(&self.state), address: address.clone() }))
    }

    fn is_durable(&self) -> bool {
        self.is_durable
    }
}

#[derive(Debug)]
struct TestSubscription {
    state: Arc<State>,
    address: Address,
}

#[async_trait]
impl Subscription for TestSubscription {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        loop {
            let news = self.state.news.notified();
            let next = self.state.queues().get_mut(&self.address).and_then(VecDeque::pop_front);
            if let Some(body) = next {
                let copy = Some(body.clone());
                let receipt =
                    TestReceipt { state: Arc::clone(&self.state), address: self.address.clone(), copy };
                return Ok(Delivery::new(body, false, Box::new(receipt)));
            }
            news.await;
        }
    }
}

/// Puts the message back if it is dropped without acknowledgement.
#[derive(Debug)]
struct TestReceipt {
    state: Arc<State>,
    address: Address,
    copy: Option<Vec<u8>>,
}

#[async_trait]
impl Receipt for TestReceipt {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), TransportError> {
        self.copy = None;
        Ok(())
    }
}

impl Drop for TestReceipt {
    fn drop(&mut self) {
        if let Some(body) = self.copy.take() {
            self.state.queues().entry(self.address.clone()).or_default().push_front(body);
            self.state.news.notify_waiters();
        }
    }
}

/// What an agent sends back for a command.
pub(crate) type Behaviour = fn(Command) -> Vec<Command>;

/// The right answer: one result per operation.
pub(crate) fn answer(mut command: Command) -> Command {
    let operations = command.action.operations.as_ref().map_or(0, Vec::len);
    let result = ModuleResult { found_anything: true, success: true, ..ModuleResult::default() };
    command.results = Some(vec![result; operations]);
    command.status = "success".to_owned();
    command
}

/// An agent that behaves.
pub(crate) fn honest(command: Command) -> Vec<Command> {
    vec![answer(command)]
}

/// Starts an agent process: its queue exists and its heartbeat is with the relay when this returns.
pub(crate) async fn start_agent(relay: &TestRelay, info: &AgentInfo, behaviour: Behaviour) -> JoinHandle<()> {
    let relay = relay.clone();
    let queue = Address::Agent(info.queue_location.clone());
    let mut commands = relay.subscribe(&queue).await.unwrap();
    relay.subscribe(&Address::Heartbeats).await.unwrap();
    post(&relay, &Address::Heartbeats, json::to_string(info).unwrap()).await;
    tokio::spawn(async move {
        while let Ok(delivery) = commands.next().await {
            let command = json::from_slice(&delivery.body).unwrap();
            for answer in behaviour(command) {
                post(&relay, &Address::Results, json::to_string(&answer).unwrap()).await;
            }
            delivery.acknowledge().await.unwrap();
        }
    })
}

/// Sends a text.
pub(crate) async fn post(relay: &TestRelay, to: &Address, text: String) {
    relay.send(to, Envelope { body: text.into_bytes(), expires_in: None }).await.unwrap();
}
