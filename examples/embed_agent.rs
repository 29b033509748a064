//! An agent inside your program: it verifies, runs, remembers and answers as `mig-agent` does.
//!
//! ```sh
//! cargo run -p mig-examples --example embed_agent
//! ```
//!
//! The relay in memory stands for whatever carries messages between you and your agents.

use mig_core::{
    acl::Acl,
    action::{Action, Operation},
    agent::{
        Agent, AgentName, AgentOptions, AgentParts, Budget, FileJournal, InProcessRunner, Owners, Policy,
    },
    agent_info::AgentInfo,
    clock::SystemClock,
    command::Command,
    id::CommandId,
    json,
    module::Registry,
    sign::{KeyAlgorithm, Keyring, SecretKey, Signer},
    time::Time,
    transport::{Address, Envelope, Transport as _},
};
use mig_transport::memory::MemoryRelay;
use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Failure> {
    let state = std::env::temp_dir().join("mig-embed-agent");
    let investigator = SecretKey::generate("Ann <ann@example.net>", KeyAlgorithm::Ed25519, None)?;
    let relay = MemoryRelay::default();
    let agent = agent(&state, &relay, &investigator)?;
    let stopper = agent.stopper();
    let conversation = async {
        let answer = ask(&relay, agent.queue_location(), &question(&investigator)?).await;
        stopper.drain();
        answer
    };
    let (ended, answer) = tokio::join!(agent.run(), conversation);
    ended?;
    let answer = answer?;
    Ok(writeln!(io::stdout(), "{}: {}", answer.status, json::to_string_pretty(&answer.results)?)?)
}

/// An agent that lets one investigator run the modules of this program.
fn agent(state: &Path, relay: &MemoryRelay, investigator: &SecretKey) -> Result<Agent, Failure> {
    let registry = Registry::from_modules(mig_modules::BUILTIN)?;
    let mut keyring = Keyring::default();
    let fingerprint = keyring.add(&investigator.public_armored()?)?;
    let owners = Owners::open(&state.join("owners"))?;
    let name = AgentName::load_or_create(state)?;
    Ok(Agent::new(AgentParts {
        info: AgentInfo::of_this_machine(&name, &registry, BTreeMap::new()),
        transport: Arc::new(relay.clone()),
        runner: Arc::new(InProcessRunner::new(registry, Budget::default())),
        journal: Arc::new(FileJournal::open(&state.join("journal"), &owners)?),
        policy: Policy::new(keyring, Acl::allowing(&[("Ann", &fingerprint)])),
        clock: Arc::new(SystemClock),
        options: AgentOptions::default(),
    }))
}

fn question(investigator: &SecretKey) -> Result<Action, Failure> {
    let parameters = json::from_str(r#"{"searches": {"s1": {"paths": ["/etc"], "names": ["^hostname$"]}}}"#)?;
    let start = Time::now().whole_seconds();
    let mut action = Action {
        name: format!("who am i? (question {})", CommandId::unique()?),
        target: "mode = 'daemon'".to_owned(),
        valid_from: start,
        expire_after: start.plus(Duration::from_secs(60)),
        operations: Some(vec![Operation { module: "file".to_owned(), parameters, ..Operation::default() }]),
        syntax_version: 2,
        ..Action::default()
    };
    action.signatures = Some(vec![investigator.sign(action.signing_string()?.as_bytes())?]);
    Ok(action)
}

/// What a scheduler does, in short.
async fn ask(relay: &MemoryRelay, queue_location: &str, action: &Action) -> Result<Command, Failure> {
    let command = Command { id: CommandId::unique()?, action: action.clone(), ..Command::default() };
    let body = json::to_string(&command)?.into_bytes();
    let mut answers = relay.subscribe(&Address::Results).await?;
    let address = Address::Agent(queue_location.to_owned());
    // Declares the queue, should the agent not have begun.
    drop(relay.subscribe(&address).await?);
    relay.send(&address, Envelope { body, expires_in: None }).await?;
    let delivery = answers.next().await?;
    let answer = json::from_slice(&delivery.body)?;
    delivery.acknowledge().await?;
    Ok(answer)
}
