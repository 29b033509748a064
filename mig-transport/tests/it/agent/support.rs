//! One machine with an agent, and the platform's end of the relay.

use mig_core::{
    action::{Action, Operation},
    agent::{
        Agent, AgentError, AgentOptions, AgentParts, Budget, FileJournal, InProcessRunner, Journal, Owners,
        Stopper,
    },
    agent_info::AgentInfo,
    clock::{Clock, SystemClock},
    command::{Command, ModuleResult},
    id::{ActionId, CommandId},
    json,
    module::Registry,
    testing::{
        obedient::{Changer, Obedient},
        person::{Person, operation},
    },
    transport::{Address, Envelope, Subscription, Transport as _},
};
use mig_transport::memory::MemoryRelay;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::timeout};

/// Far longer than anything takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const QUEUE: &str = "linux.one";

pub(super) struct Machine {
    pub(super) relay: MemoryRelay,
    pub(super) person: Person,
    pub(super) directory: tempfile::TempDir,
    answers: Box<dyn Subscription>,
}

/// An agent at work.
pub(super) struct Running {
    pub(super) stopper: Stopper,
    pub(super) task: JoinHandle<Result<(), AgentError>>,
}

impl Running {
    pub(super) async fn drain(self) {
        self.stopper.drain();
        self.ended().await;
    }

    pub(super) async fn cancel(self) {
        self.stopper.cancel();
        self.ended().await;
    }

    async fn ended(self) {
        timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }
}

impl Machine {
    pub(super) async fn new() -> Self {
        let relay = MemoryRelay::default();
        drop(relay.subscribe(&Address::Agent(QUEUE.to_owned())).await.unwrap());
        Self {
            answers: relay.subscribe(&Address::Results).await.unwrap(),
            relay,
            person: Person::new("Ann"),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn journal(&self) -> Arc<dyn Journal> {
        let owners = Owners::open(&self.path("owners")).unwrap();
        Arc::new(FileJournal::open(&self.path("journal"), &owners).unwrap())
    }

    pub(super) fn parts(&self) -> AgentParts {
        let registry = Registry::from_modules(&[&Obedient, &Changer]).unwrap();
        AgentParts {
            info: AgentInfo { name: "one".into(), queue_location: QUEUE.into(), ..AgentInfo::default() },
            transport: Arc::new(self.relay.clone()),
            runner: Arc::new(InProcessRunner::new(registry, Budget::default())),
            journal: self.journal(),
            policy: self.person.policy(),
            clock: Arc::new(SystemClock) as Arc<dyn Clock>,
            options: AgentOptions { retry_pause: Duration::from_millis(10), ..AgentOptions::default() },
        }
    }

    pub(super) fn start(&self) -> Running {
        self.start_with(|_| {})
    }

    pub(super) fn start_with(&self, change: impl FnOnce(&mut AgentParts)) -> Running {
        let mut parts = self.parts();
        change(&mut parts);
        let agent = Agent::new(parts);
        Running { stopper: agent.stopper(), task: tokio::spawn(async move { agent.run().await }) }
    }

    /// A signed action for this machine; `name` makes it unique.
    pub(super) fn ask(&self, name: &str, operations: Vec<Operation>) -> Action {
        self.person.ask(name, operations)
    }

    pub(super) async fn send(&self, id: u64, action: &Action) {
        let mut action = action.clone();
        action.id = ActionId::new(id + 1000);
        let results = vec![ModuleResult::default(); action.operations.as_ref().map_or(0, Vec::len)];
        let command = Command {
            id: CommandId::new(id),
            action,
            status: "sent".into(),
            results: Some(results),
            ..Command::default()
        };
        self.send_text(json::to_string(&command).unwrap().into_bytes()).await;
    }

    pub(super) async fn send_text(&self, body: Vec<u8>) {
        let message = Envelope { body, expires_in: None };
        self.relay.send(&Address::Agent(QUEUE.into()), message).await.unwrap();
    }

    pub(super) async fn answer(&mut self) -> Command {
        let delivery = timeout(PATIENCE, self.answers.next()).await.unwrap().unwrap();
        let command = json::from_slice(&delivery.body).unwrap();
        delivery.acknowledge().await.unwrap();
        command
    }

    /// Sends one question and waits for its answer.
    pub(super) async fn question(&mut self, id: u64, action: &Action) -> Command {
        self.send(id, action).await;
        let answer = self.answer().await;
        assert_eq!(answer.id, CommandId::new(id));
        answer
    }

    pub(super) async fn assert_no_answer(&mut self) {
        let answer = timeout(Duration::from_millis(200), self.answers.next()).await;
        assert!(answer.is_err(), "{answer:?}");
    }

    /// How often a module that appends to `runs` ran.
    pub(super) fn runs(&self, name: &str) -> usize {
        let text = mig_core::limits::read_file(&self.path(name), 1 << 20).unwrap_or_default();
        text.split(|byte| *byte == b'\n').count() - 1
    }

    /// A call of a module that appends a line to a file, and does more.
    pub(super) fn appending(&self, module: &str, name: &str, more: &str) -> Operation {
        operation(module, &format!(r#"{{"append_to": "{}"{more}}}"#, self.path(name).display()))
    }
}

pub(super) fn errors(command: &Command) -> Vec<String> {
    command.results.iter().flatten().flat_map(|result| result.errors.clone().unwrap_or_default()).collect()
}

pub(super) fn look() -> Vec<Operation> {
    vec![operation("obedient", r#"{"found_bytes": 1}"#)]
}
